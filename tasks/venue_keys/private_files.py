"""Files that only their owner may read, replaced whole or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import KeyRefused


def read_private(file: Path) -> bytes | None:
    """The content of ``file``; None when there is none.

    Raises KeyRefused when others may read it: then it is no secret any more.
    """
    try:
        with file.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            if mode & 0o077:
                raise KeyRefused(
                    f"{file}: expected mode 0600, others may read it (mode {mode:04o}): "
                    f"run chmod 600 {file}, and replace its keys if others have read it"
                )
            return stream.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyRefused(f"{file}: cannot be read: {error.strerror}") from None


def replace_private(file: Path, content: bytes) -> None:
    """Make ``file`` hold ``content``, 0600. After a crash it holds the old content or the new one.

    The caller is the only writer (:func:`only_writer`).
    """
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    _sync_folder(file.parent)


def append_private(file: Path, line: str) -> None:
    """Add one line to ``file``, 0600."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def private_folder(folder: Path) -> Path:
    """``folder``, made if need be together with what is missing above it, each 0700."""
    if not folder.parent.exists():
        private_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    return folder


def _sync_folder(folder: Path) -> None:
    """Put the folder's entries on the disk, so that a rename outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def only_writer(lock_file: Path) -> Iterator[None]:
    """Hold the lock; the system gives it back however the process ends.

    Raises KeyRefused when another process holds it.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KeyRefused(
                f"{lock_file}: another command is changing the keys: try again when it is done"
            ) from None
        yield
    finally:
        os.close(descriptor)
