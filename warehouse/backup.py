"""Back the journal and the books up while the desk writes both.

The journal only grows, so its bytes up to a complete record stay as they are: they are read and
verified without a lock. The books are copied first, in a session of their own, so that the
journal of a backup never ends before its books do.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from warehouse.backup_archive import BOOKS, JOURNAL, SUFFIX, ArchiveWriter, Manifest, unpack
from warehouse.errors import BackupFailed, BooksError
from warehouse.lease import last_epoch
from warehouse.reader import read
from warehouse.record_line import Position, Record
from warehouse.segment import segment_file, sync_folder
from warehouse.warehouse import Warehouse

LEAVES_FREE: Final = 200_000_000
"""Bytes. A backup that filled the disk would keep the desk from writing its journal."""
_PREFIX: Final = "kimp"
_STAMP: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """One that was made and read back."""

    file: Path
    manifest: Manifest
    size: int
    """Bytes of the archive."""
    books_missing: str | None
    """Why the books are not in it; None: they are. A restore makes them anew then."""


def make_backup(books: Warehouse, folder: Path, *, mode: str, made_at: datetime) -> Backup:
    """Write an archive of the journal and its ``books`` into ``folder``, and read it back.

    Args:
        mode: ``paper`` or ``live``; a restore into the other kind of desk is refused.
        made_at: aware UTC; it becomes part of the archive's name.

    Raises:
        JournalCorrupt: the journal is damaged; a backup of it would be one of the damage.
        BackupFailed: it could not be written, or was not what it should be when it was read.
    """
    if next(read(books.journal_dir), None) is None:
        raise BackupFailed(f"There is nothing to back up: {books.journal_dir} has no record yet.")
    with disk_trouble_told(f"The backup could not be written to {folder}"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as scratch:
            copied, why_not = _copy_books(books, Path(scratch))
            # Only now, since the books that were copied may have booked a record of a moment ago.
            last = _last_record(books.journal_dir)
            sources = [*_segments(books.journal_dir, last.position), *copied]
            _demand_room(folder, sum(size for _, _, size in sources))
            partial = Path(scratch) / "partial"
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stream:
                writer = ArchiveWriter(stream)
                for name, source, size in sources:
                    writer.add(name, source, size, made_at)
                epoch = max(last.epoch, last_epoch(books.journal_dir))
                written = writer.finish(mode, made_at, last.seq, epoch)
                stream.flush()
                os.fsync(stream.fileno())
            if unpack(partial) != written:
                raise BackupFailed(f"The backup in {folder} reads differently than it was written.")
            file = folder / archive_name(written)
            partial.replace(file)
            sync_folder(folder)
    return Backup(file, written, file.stat().st_size, why_not)


def copy_backup(archive: Path, folder: Path) -> Path:
    """A second copy, in a folder that somebody else keeps: it must be there already, since a mount
    that is away would otherwise be taken for a folder of this disk. Read back before it counts.

    Raises BackupFailed.
    """
    if not folder.is_dir():
        raise BackupFailed(
            f"The backup was not copied: {folder} is not there; mount it, or correct "
            "KIMP_BACKUP_COPY_DIR."
        )
    with disk_trouble_told(f"The backup could not be copied to {folder}"):
        target, partial = folder / archive.name, folder / f".{archive.name}.partial"
        try:
            shutil.copyfile(archive, partial)
            partial.chmod(0o600)
            unpack(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return target


def archive_name(manifest: Manifest) -> str:
    """``kimp-live-20261121T184500Z-000000123.tar.gz``: rises with time within a mode."""
    return f"{_PREFIX}-{manifest.mode}-{manifest.made_at:{_STAMP}}-{manifest.seq:09}{SUFFIX}"


def _last_record(journal_dir: Path) -> Record:
    """Of all that is complete by now, every record verified on the way. Raises JournalCorrupt."""
    [last] = deque(read(journal_dir), maxlen=1)
    return last


def _segments(journal_dir: Path, end: Position) -> Iterator[tuple[str, Path, int]]:
    """Name in the archive, file, and how many of its bytes, up to ``end``."""
    for number in range(1, end.segment + 1):
        file = segment_file(journal_dir, number)
        size = end.offset if number == end.segment else file.stat().st_size
        yield f"{JOURNAL}/{file.name}", file, size


def _copy_books(books: Warehouse, scratch: Path) -> tuple[list[tuple[str, Path, int]], str | None]:
    """The books' files, copied, or why they could not be: they can be made again, so a backup
    without them is still one."""
    try:
        files = books.copy_to(scratch / BOOKS)
    except BooksError as error:
        return [], str(error)
    return [(file.name, file, file.stat().st_size) for file in files], None


def _demand_room(folder: Path, size: int) -> None:
    """``size`` is what is packed, more than what will be written."""
    free = shutil.disk_usage(folder).free
    if free < size + LEAVES_FREE:
        raise BackupFailed(
            f"There is no room for a backup: {folder} has {free / 1e6:,.0f} MB free, journal and "
            f"books have {size / 1e6:,.0f} MB and {LEAVES_FREE / 1e6:,.0f} MB must stay free."
        )


@contextmanager
def disk_trouble_told(what: str) -> Iterator[None]:
    """An OSError becomes BackupFailed: ``what`` happened, why, and what to do."""
    try:
        yield
    except OSError as error:
        remedy = " Make room there." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise BackupFailed(f"{what}: {error.strerror}.{remedy}") from error
