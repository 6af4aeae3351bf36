"""The signers' keys on disk: ``<keys>/signers/<key_id>.key`` and ``.pub``.

A ``.key`` file is 64 hexadecimal digits and readable by its owner alone (0600, in a 0700
folder); a ``.pub`` file is the compressed public key, 66 digits. Who has a ``.pub`` file here is
trusted, so a researcher's key is trusted by placing only that file.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import coincurve

from tasks.errors import KeyRefused
from tasks.signing import PrivateKey
from tasks.venue_keys.private_files import private_folder

log = logging.getLogger(__name__)

KEY_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


class KeyStore:
    """Makes and reads signing keys below ``keys_dir``. Holds no private key in memory."""

    def __init__(self, keys_dir: Path) -> None:
        self._folder = keys_dir / "signers"
        self._trusted: tuple[tuple[object, ...], Mapping[str, bytes]] | None = None

    def __repr__(self) -> str:
        return "KeyStore()"

    def generate(self, key_id: str) -> bytes:
        """Make a key pair, store it and return the public key (33 bytes).

        Raises:
            KeyRefused: the name is no key id, or has a key already.
        """
        private_file, public_file = self._file(key_id, "key"), self._file(key_id, "pub")
        for file in (private_file, public_file):
            if file.exists():
                raise KeyRefused(f'key_id: expected a new name, "{key_id}" has a key already')
        private_folder(self._folder)
        key = PrivateKey(key_id, coincurve.PrivateKey().secret)
        _write_new(private_file, key.secret.hex(), 0o600)
        _write_new(public_file, key.public_key.hex(), 0o644)
        return key.public_key

    def private_key(self, key_id: str) -> PrivateKey:
        """The stored private key of ``key_id``.

        Raises:
            KeyRefused: there is none, others can read it, or it is malformed.
        """
        file = self._file(key_id, "key")
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & 0o077:
                raise KeyRefused(
                    f"{file}: expected mode 0600, others may read the private key (mode {mode:04o})"
                )
            secret = bytes.fromhex(file.read_text("ascii"))
            if len(secret) != 32:
                raise ValueError("not 32 bytes")
            coincurve.PrivateKey(secret)  # refuses zero and what is not below the group order
        except FileNotFoundError:
            raise KeyRefused(f'key_id: expected a stored key, "{key_id}" has no file') from None
        except ValueError:
            raise KeyRefused(f"{file}: expected 64 hexadecimal digits of a private key") from None
        return PrivateKey(key_id, secret)

    def trusted(self) -> Mapping[str, bytes]:
        """Every trusted public key (33 bytes) by key id.

        The folder is looked at on each call and read again when a file in it changed, so a key
        is trusted or not from the next signal on. A malformed file trusts nobody: it is left out
        and named in the log.
        """
        files = sorted(self._folder.glob("*.pub"))
        seen = tuple(_stamp(file) for file in files)
        if self._trusted is None or self._trusted[0] != seen:
            keys = {file.stem: _public_key(file) for file in files}
            known = {key_id: key for key_id, key in keys.items() if key is not None}
            self._trusted = seen, MappingProxyType(known)
        return self._trusted[1]

    def _file(self, key_id: str, kind: str) -> Path:
        if not KEY_ID.fullmatch(key_id):
            raise KeyRefused(
                "key_id: expected 1 to 64 letters, digits, dots, dashes or underscores, "
                f"got {key_id[:64]!r}"
            )
        return self._folder / f"{key_id}.{kind}"


def _stamp(file: Path) -> tuple[str, int, int, int]:
    """Differs when the file was replaced or written."""
    try:
        status = file.stat()
    except FileNotFoundError:  # taken away since the folder was listed
        return file.name, 0, 0, 0
    return file.name, status.st_ino, status.st_mtime_ns, status.st_size


def _public_key(file: Path) -> bytes | None:
    try:
        key = coincurve.PublicKey(bytes.fromhex(file.read_text("ascii")))
    except (OSError, ValueError):
        log.warning("%s: expected 66 hexadecimal digits of a public key; trusts nobody", file)
        return None
    return key.format(compressed=True)


def _write_new(file: Path, text: str, mode: int) -> None:
    """Create ``file`` with ``mode`` from its first moment; never overwrite."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text + "\n")
