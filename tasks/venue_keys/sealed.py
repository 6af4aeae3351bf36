"""The form of an encrypted key file.

A JSON object: ``format`` 1, ``salt`` (base64; null when a stored master key closes it), ``token``
(a Fernet token) and ``sha256`` over both, so that a torn or altered file is told from a wrong
passphrase.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from tasks.errors import KeyRefused

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Sealed:
    salt: bytes | None
    """None: closed with the stored master key."""
    token: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        salt = None if self.salt is None else base64.b64encode(self.salt).decode()
        return json.dumps(
            {
                "format": FORMAT,
                "salt": salt,
                "token": self.token.decode("ascii"),
                "sha256": _digest(salt, self.token.decode("ascii")),
            },
            indent=1,
        ).encode()


def parse_sealed(file: Path, content: bytes) -> Sealed:
    """Raises KeyRefused when ``content`` is not what was written."""
    try:
        envelope = json.loads(content)
        salt, token = envelope["salt"], envelope["token"]
        is_whole = envelope["format"] == FORMAT and envelope["sha256"] == _digest(salt, token)
        raw_salt = None if salt is None else base64.b64decode(salt, validate=True)
        sealed = Sealed(raw_salt, token.encode("ascii"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        is_whole = False
    if not is_whole:
        raise KeyRefused(
            f"{file}: torn or altered, it is not what the desk wrote; nothing was changed: copy "
            f"the newest good file from {file.parent / 'backups'} over it"
        )
    return sealed


def _digest(salt: str | None, token: str) -> str:
    return hashlib.sha256(f"{FORMAT}\n{salt or ''}\n{token}".encode()).hexdigest()
