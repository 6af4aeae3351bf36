"""Everything that can go wrong with the journal and the books, by what the desk does about it.

::

    WarehouseError
    ├── JournalError
    │   ├── JournalLocked       another process writes this journal: do not start
    │   ├── LeaseLost           we are the zombie: send nothing more, end
    │   ├── JournalUnwritable   the record was not kept: the action it permits must not happen
    │   │   └── JournalFull     … because the disk is: entries stop until there is room
    │   └── JournalCorrupt      what was written cannot be trusted: stop, a person looks
    ├── BackupError
    │   ├── BackupFailed        nothing was kept of it: the desk trades on, a person looks
    │   ├── BackupDamaged       the archive is not what was written: take another one
    │   └── RestoreRefused      not here, not now: nothing was changed
    └── BooksError
        ├── WarehouseBusy       another process holds the books: try again later
        ├── BooksOutOfStep      books and journal do not belong together: rebuild or update
        ├── BadRecord           a journal record breaks the contract: ingest stops before it
        └── QueryFailed         a query of the operator's is wrong

The books are a projection of the journal. Whatever happens to them costs a
rebuild and no truth, so no BooksError ever stops the executor.
"""

from __future__ import annotations

from pathlib import Path


class WarehouseError(Exception):
    """Base of all. ``str()`` is one clear sentence."""


class JournalError(WarehouseError):
    """Base of what concerns the truth. The desk trades only while there is none of it."""


class JournalLocked(JournalError):
    """The journal has a living writer. The desk does not start a second one."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        holder = "another process" if pid is None else f"process {pid}"
        super().__init__(
            f"The journal in {folder} is being written by {holder}; stop it before starting "
            "another desk on the same folder."
        )
        self.pid = pid
        """Who holds it, as its lease file says; None when that cannot be read."""


class LeaseLost(JournalError):
    """Another writer has taken the journal over. The desk sends nothing more and ends."""


class JournalUnwritable(JournalError):
    """The operating system did not take the record. What the record was to permit is not done;
    the journal itself stays valid."""


class JournalFull(JournalUnwritable):
    """No room on the disk, in the quota or under the file size limit. The desk takes no entries;
    the next write may succeed once there is room."""


class JournalCorrupt(JournalError):
    """A record other than the last one is damaged or missing. The desk stops; a person decides."""

    def __init__(self, file: Path, offset: int, problem: str) -> None:
        super().__init__(
            f"The journal is damaged: {file} at byte {offset}: {problem}. Keep a copy of the "
            "folder, then take out what does not belong there or bring the file back from a "
            "backup: numbers and checksums tell whether it is whole again."
        )
        self.file = file
        self.offset = offset
        self.problem = problem


class BackupError(WarehouseError):
    """Base of what concerns backups. None of it touches a desk that is at work."""


class BackupFailed(BackupError):
    """There is no new backup. The desk trades on; a person makes room or brings the folder back."""


class BackupDamaged(BackupError):
    """An archive is cut off, changed or no backup at all. It is not used; another one is taken."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"The backup {file} is damaged and was not used: {problem}.")
        self.file = file
        self.problem = problem


class RestoreRefused(BackupError):
    """The archive may be fine, but it must not be put here or now. Nothing was changed."""


class BooksError(WarehouseError):
    """Base of what concerns the projection. The desk goes on trading; the books are late."""


class WarehouseBusy(BooksError):
    """Another process held the books for longer than we wait. The desk tries again next time."""


class BooksOutOfStep(BooksError):
    """The books were made from another journal or by another version. A rebuild or an update
    puts it right."""


class BadRecord(BooksError):
    """A record lacks a field or holds a value that its column cannot hold exactly. The books stop
    before it; no value is ever rounded to make it fit."""


class QueryFailed(BooksError):
    """The database refused a query. Shown to whoever asked."""
