"""What opens the key file: a master key in a file beside it, or a passphrase.

A stored master key protects copies of the key file (backups, archives) and not a machine that was
broken into; a passphrase in ``KIMP_KEYS_PASSPHRASE`` protects the disk as well.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import SecretStr

from tasks.errors import KeyRefused
from tasks.venue_keys.private_files import read_private, replace_private

SALT_BYTES = 16
MIN_PASSPHRASE = 12
_COST = {"n": 2**15, "r": 8, "p": 1}
"""scrypt: 32 MiB and about a tenth of a second for each guess."""


def passphrase_key(passphrase: SecretStr, salt: bytes) -> Fernet:
    """The key that ``passphrase`` gives with ``salt``."""
    derived = Scrypt(salt=salt, length=32, **_COST).derive(passphrase.get_secret_value().encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def fresh_salt() -> bytes:
    return os.urandom(SALT_BYTES)


def checked_passphrase(passphrase: SecretStr) -> SecretStr:
    """Raises KeyRefused for one that is guessed too soon."""
    if len(passphrase.get_secret_value()) < MIN_PASSPHRASE:
        raise KeyRefused(f"passphrase: expected at least {MIN_PASSPHRASE} characters, got fewer")
    return passphrase


class StoredMaster:
    """``master.key``: Fernet keys, one a line, the current one first. There is more than one only
    while a change of the master key is under way."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def keys(self) -> Sequence[Fernet]:
        """Raises KeyRefused when there is none, others may read it, or it is malformed."""
        return [Fernet(line) for line in self._lines()]

    def current_or_new(self) -> Fernet:
        """The current key, made if there is none."""
        if not self.file.exists():
            replace_private(self.file, Fernet.generate_key() + b"\n")
        return self.keys()[0]

    def begin_change(self) -> Fernet:
        """Put a new key before those that are there, which still open what they closed."""
        fresh = Fernet.generate_key()
        former = self._lines() if self.file.exists() else []
        replace_private(self.file, b"\n".join([fresh, *former]) + b"\n")
        return Fernet(fresh)

    def end_change(self) -> None:
        """Forget all keys but the current one."""
        replace_private(self.file, self._lines()[0] + b"\n")

    def _lines(self) -> list[bytes]:
        content = read_private(self.file)
        if content is None:
            raise KeyRefused(f"{self.file}: expected the master key of the key file, there is none")
        lines = content.split()
        try:
            for line in lines:
                Fernet(line)
        except ValueError:
            lines = []
        if not lines:
            raise KeyRefused(f"{self.file}: expected Fernet keys, one a line, got something else")
        return lines
