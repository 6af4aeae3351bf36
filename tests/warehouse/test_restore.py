"""A backup in place of a journal: whole or not at all, with epochs that only rise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.warehouse.books import contents
from tests.warehouse.examples import premium
from tests.warehouse.test_backup import MADE_AT, back_up, home_with
from tests.warehouse.writing import ManualClock, write_all
from warehouse import Journal, JournalCorrupt, Warehouse, read
from warehouse.errors import BackupDamaged, BackupError, RestoreRefused
from warehouse.lease import last_epoch
from warehouse.records import RecordType
from warehouse.restore import Restored, restore_backup
from warehouse.segment import segment_file

LATER = ManualClock(MADE_AT + timedelta(days=1))


@dataclass(frozen=True)
class Desk:
    """One with a record of each type, and its backup. Not to be written to."""

    home: Path
    archive: Path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    archive = back_up(home_with(folder / "home"), folder / "b").file
    return Desk(folder / "home", archive)


def put_back(archive: Path, home: Path, mode: str = "paper") -> Restored:
    return restore_backup(
        archive,
        books_of(home),
        mode=mode,
        reason="the disk broke",
        clock_now=LATER.now,
    )


def books_of(home: Path) -> Warehouse:
    return Warehouse(home / "warehouse.duckdb", home / "journal")


def state_of(home: Path) -> dict[str, bytes]:
    """Every file of a home that means something."""
    return {
        str(file.relative_to(home)): file.read_bytes()
        for file in sorted(home.rglob("*"))
        if file.is_file() and file.suffix in (".jsonl", ".duckdb", ".wal")
    }


def test_a_desk_on_a_new_machine_has_every_record_and_is_stopped(
    desk: Desk, tmp_path: Path
) -> None:
    restored = put_back(desk.archive, tmp_path / "new")

    before = list(read(desk.home / "journal"))
    after = list(read(tmp_path / "new" / "journal"))
    assert after[: len(before)] == before
    lease, stop = after[len(before) :]
    assert (lease.type, stop.type) == (RecordType.LEASE_TAKEN, RecordType.SWITCH)
    assert stop.body == {
        "switch": "kill",
        "reason": "restored from the backup of 2026-03-05 01:00 UTC (the disk broke)",
        "liquidate": False,
        "is_restored": True,
    }
    assert stop.epoch == restored.epoch > before[-1].epoch
    assert restored.kept_in is None
    assert restored.ingested.records == 2
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == [
        "journal",
        "warehouse.duckdb",
        "warehouse.duckdb.lock",
    ]


def test_the_books_that_come_back_are_those_that_a_rebuild_would_give(
    desk: Desk, tmp_path: Path
) -> None:
    put_back(desk.archive, tmp_path)
    books_of(tmp_path).rollup()
    came_back = contents(tmp_path / "warehouse.duckdb")

    books_of(tmp_path).rebuild()

    rebuilt = contents(tmp_path / "warehouse.duckdb")
    when = {"pnl_daily", "journal_position"}  # hold the time at which they were made
    assert {k: v for k, v in came_back.items() if k not in when} == {
        k: v for k, v in rebuilt.items() if k not in when
    }


def test_books_that_were_not_in_it_are_made_anew(desk: Desk, tmp_path: Path) -> None:
    shutil.copytree(desk.home, tmp_path / "old")
    books = books_of(tmp_path / "old")
    whole = contents(books.file)["pairs"]
    books.file.write_bytes(b"no database" * 1000)
    archive = back_up(books, tmp_path / "b").file

    put_back(archive, tmp_path / "new")

    assert contents(tmp_path / "new" / "warehouse.duckdb")["pairs"] == whole != []


def test_what_was_there_is_kept_and_epochs_rise(desk: Desk, tmp_path: Path) -> None:
    shutil.copytree(desk.home, tmp_path, dirs_exist_ok=True)
    books, archive = books_of(tmp_path), desk.archive
    for _ in range(7):
        write_all(tmp_path / "journal", [premium()], LATER)
    books.ingest()
    replaced = state_of(tmp_path)
    epoch = last_epoch(tmp_path / "journal")

    restored = put_back(archive, tmp_path)

    assert restored.kept_in is not None
    assert restored.epoch == epoch + 1 == last_epoch(tmp_path / "journal")
    assert state_of(restored.kept_in) == replaced
    journal = Journal.open(tmp_path / "journal", LATER.now)
    assert journal.epoch == restored.epoch + 1
    journal.close()


def test_an_epoch_that_only_the_replaced_journal_knows_counts_too(
    desk: Desk, tmp_path: Path
) -> None:
    shutil.copytree(desk.home, tmp_path, dirs_exist_ok=True)
    archive = Path(shutil.copy(desk.archive, tmp_path / "archive"))
    for _ in range(3):
        write_all(tmp_path / "journal", [premium()], LATER)
    (tmp_path / "journal" / "lease").unlink()

    restored = put_back(archive, tmp_path)

    assert restored.epoch == 5


def test_a_damaged_journal_can_be_replaced(desk: Desk, tmp_path: Path) -> None:
    shutil.copytree(desk.home, tmp_path, dirs_exist_ok=True)
    archive = Path(shutil.copy(desk.archive, tmp_path / "archive"))
    file = segment_file(tmp_path / "journal", 1)
    damaged = file.read_bytes().replace(b"premium", b"preMium", 1)
    file.write_bytes(damaged)

    restored = put_back(archive, tmp_path)

    assert restored.kept_in is not None
    assert (restored.kept_in / "journal" / file.name).read_bytes() == damaged
    assert len(list(read(tmp_path / "journal"))) == restored.manifest.seq + 2


def test_a_running_desk_is_not_replaced(desk: Desk, tmp_path: Path) -> None:
    shutil.copytree(desk.home, tmp_path, dirs_exist_ok=True)
    archive = Path(shutil.copy(desk.archive, tmp_path / "archive"))
    journal = Journal.open(tmp_path / "journal", LATER.now)
    before = state_of(tmp_path)
    try:
        with pytest.raises(RestoreRefused, match="is at work on"):
            put_back(archive, tmp_path)

        assert state_of(tmp_path) == before
        journal.write(*premium())
    finally:
        journal.close()


def test_a_backup_of_the_other_mode_is_refused(desk: Desk, tmp_path: Path) -> None:
    shutil.copytree(desk.home, tmp_path, dirs_exist_ok=True)
    archive = Path(shutil.copy(desk.archive, tmp_path / "archive"))
    before = state_of(tmp_path)

    with pytest.raises(RestoreRefused, match="backup of a paper desk, and this one is live"):
        put_back(archive, tmp_path, mode="live")

    assert state_of(tmp_path) == before


def test_a_damaged_archive_leaves_everything_as_it_was(desk: Desk, tmp_path: Path) -> None:
    shutil.copytree(desk.home, tmp_path, dirs_exist_ok=True)
    archive = Path(shutil.copy(desk.archive, tmp_path / "archive"))
    whole, before = archive.read_bytes(), state_of(tmp_path)

    for length in range(0, len(whole), len(whole) // 20):
        archive.write_bytes(whole[:length])
        with pytest.raises(BackupDamaged):
            put_back(archive, tmp_path)

    assert state_of(tmp_path) == before
    assert not list(tmp_path.glob(".restore-*"))
    assert not list(tmp_path.glob("before-restore-*"))


class Died(BaseException):
    """The process is gone."""


def dying(after: int, replace: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
    """``Path.replace`` of a process that dies when it has moved ``after`` files."""
    left = [after]

    def move(source: Path, target: Path) -> Path:
        if left[0] == 0:
            raise Died
        left[0] -= 1
        return replace(source, target)

    return move


def small_segments(folder: Path, records: int) -> None:
    """A journal of several segments."""
    journal = Journal.open(folder, ManualClock().now, segment_bytes=1_000)
    for _ in range(records):
        journal.write(*premium())
    journal.close()


def test_a_restore_that_dies_anywhere_leaves_a_journal_that_no_desk_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the whole old one, or the whole new one; and a second restore puts it right."""
    small_segments(tmp_path / "there" / "journal", 7)
    small_segments(tmp_path / "here" / "journal", 9)
    archive = back_up(books_of(tmp_path / "there"), tmp_path / "b").file
    old, new = (list(read(tmp_path / name / "journal")) for name in ("here", "there"))
    opened = []
    for moved in range(len({*(record.position.segment for record in (*old, *new))}) * 2 + 2):
        home = tmp_path / str(moved)
        shutil.copytree(tmp_path / "here", home)
        with monkeypatch.context() as patched, suppress(Died):
            patched.setattr(Path, "replace", dying(moved, Path.replace))
            put_back(archive, home)
        try:
            Journal.open(home / "journal", LATER.now).close()
        except JournalCorrupt:
            opened.append("none")
        else:
            found = list(read(home / "journal"))
            opened.append("old" if found[: len(old)] == old else "new")
            assert opened[-1] == "old" or found[: len(new)] == new

    assert set(opened[1:-2]) == {"none"}
    assert (opened[0], opened[-1]) == ("old", "new")
    LATER.move(seconds=1)
    put_back(archive, tmp_path / "3")
    assert list(read(tmp_path / "3" / "journal"))[: len(new)] == new


def test_every_refusal_is_an_error_of_backups() -> None:
    assert issubclass(RestoreRefused, BackupError)
    assert issubclass(BackupDamaged, BackupError)
