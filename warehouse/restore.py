"""Put a backup in place of a journal and its books.

The restored desk begins **stopped** (a ``switch`` record like that of an emergency stop): venues
have gone on since the backup, so a person lets it trade again once both agree.

What is replaced is kept in a folder beside it. Segments are taken away from the first on and put
in from the last on, under a lease that is already higher than 1: a restore that dies anywhere in
between leaves a journal that no desk opens, and is done again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from warehouse.backup import disk_trouble_told
from warehouse.backup_archive import BOOKS, JOURNAL, Manifest, unpack
from warehouse.block_records import SwitchRecord
from warehouse.errors import (
    BackupDamaged,
    BooksError,
    JournalCorrupt,
    JournalLocked,
    RestoreRefused,
)
from warehouse.ingest import Ingested
from warehouse.journal import Journal
from warehouse.lease import Lease, last_epoch
from warehouse.reader import read
from warehouse.records import RecordType
from warehouse.segment import segment_file, segment_numbers, sync_folder
from warehouse.warehouse import Warehouse

FIRST_EPOCH: Final = 2
"""Of a restored journal at least: one without records under a lease of epoch 1 would count as a
new one, and a desk would begin it anew."""


@dataclass(frozen=True, slots=True)
class Restored:
    manifest: Manifest
    epoch: int
    """Higher than any that the backup or the replaced journal had seen."""
    kept_in: Path | None
    """Where what was replaced lies; None: there was nothing."""
    ingested: Ingested
    """Records that the books had not yet booked when they were backed up."""

    def sentences(self) -> list[str]:
        """What was done and what is left to do, for people."""
        told = [
            f"restored {self.manifest.seq} journal records as of "
            f"{self.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC; the journal goes on with epoch "
            f"{self.epoch}"
        ]
        if self.kept_in is not None:
            told.append(f"what was there before is kept in {self.kept_in}")
        told.append(
            "the desk is stopped: start it, let reconcile/live show what the venues have done "
            "since, then `kimp resume --reason …`"
        )
        return told


def restore_backup(
    archive: Path,
    books: Warehouse,
    *,
    mode: str,
    reason: str,
    clock_now: Callable[[], datetime],
) -> Restored:
    """Replace the journal of ``books`` and the books by what ``archive`` holds.

    Args:
        mode: of this desk; an archive of the other mode is refused.
        reason: why; it stands in the journal as the reason of the stop.

    Raises:
        RestoreRefused: an executor is at work here, or the archive is of the other mode.
        BackupDamaged: nothing of the archive was used.
        BackupFailed: the disk does not take it; what was there is still there, or in ``kept_in``.
    """
    journal_dir = books.journal_dir
    with disk_trouble_told(f"The backup could not be restored to {journal_dir.parent}"):
        journal_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            _nobody_writes(journal_dir),
            tempfile.TemporaryDirectory(prefix=".restore-", dir=journal_dir.parent) as scratch,
        ):
            staged = Path(scratch)
            manifest = unpack(archive, staged)
            if manifest.mode != mode:
                raise RestoreRefused(
                    f"{archive} is a backup of a {manifest.mode} desk, and this one is {mode}: "
                    "the two are never mixed."
                )
            _verify(archive, staged / JOURNAL, manifest)
            epoch = _go_on_stopped(staged / JOURNAL, journal_dir, manifest, reason, clock_now)
            kept_in = _replace(books, staged, clock_now())
    try:
        ingested = books.ingest()
    except BooksError:
        ingested = books.rebuild()
    return Restored(manifest, epoch, kept_in, ingested)


@contextmanager
def _nobody_writes(journal_dir: Path) -> Iterator[None]:
    try:
        lock_fd = Lease.lock(journal_dir)
    except JournalLocked as error:
        raise RestoreRefused(
            f"An executor (process {error.pid}) is at work on {journal_dir}: stop it first."
        ) from error
    try:
        yield
    finally:
        os.close(lock_fd)


def _verify(archive: Path, staged: Path, manifest: Manifest) -> None:
    """Every record of the archive's journal, and that they are all there."""
    seq = 0
    try:
        for record in read(staged):
            seq = record.seq
    except JournalCorrupt as error:
        raise BackupDamaged(
            archive, f"{error.file.name} at byte {error.offset}: {error.problem}"
        ) from error
    if seq != manifest.seq:
        raise BackupDamaged(archive, f"it ends with record {seq}, not {manifest.seq}")


def _go_on_stopped(
    staged: Path,
    journal_dir: Path,
    manifest: Manifest,
    reason: str,
    clock_now: Callable[[], datetime],
) -> int:
    """Continue the archive's journal, while nobody can see it, by an epoch of its own in which the
    desk is stopped. Returns that epoch."""
    highest = max(last_epoch(journal_dir), _last_readable_epoch(journal_dir), manifest.epoch)
    (staged / "lease").write_bytes(orjson.dumps({"epoch": max(highest, FIRST_EPOCH - 1)}))
    journal = Journal.open(staged, clock_now)
    try:
        why = f"restored from the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC ({reason})"
        stopped = SwitchRecord(switch="kill", reason=why, liquidate=False, is_restored=True)
        journal.write(RecordType.SWITCH, stopped)
        return journal.epoch
    finally:
        journal.close()


def _last_readable_epoch(journal_dir: Path) -> int:
    """0: none. The journal that is replaced may be damaged: what can be read of it counts, in
    case its lease file is gone."""
    epoch = 0
    try:
        for record in read(journal_dir):
            epoch = record.epoch
    except JournalCorrupt:
        pass  # it is replaced for that reason
    return epoch


def _replace(books: Warehouse, staged: Path, now: datetime) -> Path | None:
    """Raises OSError."""
    journal_dir = books.journal_dir
    lease = journal_dir / "lease"
    # Overwritten in place, so that a writer which is alive in spite of the lock finds out.
    shutil.copyfile(staged / JOURNAL / "lease", lease)
    lease.chmod(0o600)
    old = sorted(journal_dir.glob("journal-*.jsonl"))
    kept_in = journal_dir.parent / f"before-restore-{now:%Y%m%dT%H%M%S%fZ}"
    (kept_in / JOURNAL).mkdir(mode=0o700, parents=True)
    for file in old:
        file.replace(kept_in / JOURNAL / file.name)
    staged_books = staged / BOOKS
    books.replace_by(staged_books if staged_books.exists() else None, kept_in)
    for number in reversed(segment_numbers(staged / JOURNAL)):
        place = segment_file(journal_dir, number)
        segment_file(staged / JOURNAL, number).replace(place)
    sync_folder(journal_dir)
    if not old and not any(kept_in.glob("warehouse*")):
        shutil.rmtree(kept_in)
        return None
    return kept_in
