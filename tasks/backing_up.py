"""One backup as the settings want it: made, copied to another machine, old ones deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tasks.settings import Mode, Settings
from warehouse import Warehouse
from warehouse.backup import Backup, copy_backup, disk_trouble_told, make_backup
from warehouse.backup_retention import delete_surplus
from warehouse.errors import BackupFailed


@dataclass(frozen=True, slots=True)
class BackedUp:
    backup: Backup
    copy: Path | None
    """On the other machine; None: no such place is set, or ``copy_failed``."""
    copy_failed: str | None
    deleted: int
    """Older backups, in both places."""

    def sentences(self) -> list[str]:
        """What was done, for people; the first one says what is in the archive."""
        backup = self.backup
        told = [
            f"{backup.manifest.seq} journal records, {backup.size / 1e6:,.1f} MB, read back",
        ]
        if backup.books_missing is not None:
            told.append(f"without the books, which a restore makes anew: {backup.books_missing}")
        if self.copy is not None:
            told.append(f"copied to {self.copy}")
        if self.copy_failed is not None:
            told.append(self.copy_failed)
        if self.deleted:
            told.append(f"older backups deleted: {self.deleted}")
        return told


def back_up(settings: Settings, mode: Mode, now: datetime) -> BackedUp:
    """Blocks for as long as it takes. What is old is deleted only after a new one is there.

    Args:
        mode: of the books in KIMP_HOME.
        now: aware UTC.

    Raises:
        BackupFailed: there is no new backup.
        JournalCorrupt: the journal is damaged.
    """
    books = Warehouse(settings.warehouse_file, settings.journal_dir)
    backup = make_backup(books, settings.backups_dir.absolute(), mode=mode, made_at=now)
    places, copy, copy_failed = [backup.file.parent], None, None
    if settings.backup_copy_dir is not None:
        try:
            copy = copy_backup(backup.file, settings.backup_copy_dir.absolute())
            places.append(copy.parent)
        except BackupFailed as error:
            copy_failed = str(error)
    deleted = 0
    for folder in places:
        with disk_trouble_told(f"Old backups in {folder} could not be deleted"):
            deleted += len(delete_surplus(folder, now, settings.backup_keep_days))
    return BackedUp(backup, copy, copy_failed, deleted)
