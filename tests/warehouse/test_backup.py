"""Backups of journal and books: whole, consistent while the desk writes, never half believed."""

from __future__ import annotations

import gzip
import io
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.books import contents
from tests.warehouse.examples import START, premium
from tests.warehouse.whole_journal import everything
from tests.warehouse.writing import write_all
from warehouse import Journal, JournalCorrupt, Warehouse, backup, read
from warehouse.backup import Backup, copy_backup, make_backup
from warehouse.backup_archive import BOOKS, MANIFEST, unpack
from warehouse.errors import BackupDamaged, BackupFailed
from warehouse.segment import segment_file

MADE_AT = START + timedelta(days=1)


def home_with(folder: Path, pairs: int = 2) -> Warehouse:
    """A journal with a record of each type, all of it booked."""
    write_all(folder / "journal", everything(pairs))
    books = Warehouse(folder / "warehouse.duckdb", folder / "journal")
    books.ingest()
    return books


def back_up(books: Warehouse, folder: Path, made_at: datetime = MADE_AT) -> Backup:
    return make_backup(books, folder, mode="paper", made_at=made_at)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write_all(folder / "journal", [premium()] * 3)
    return back_up(Warehouse(folder / "warehouse.duckdb", folder / "journal"), folder / "b").file


@contextmanager
def writing_on(folder: Path, segment_bytes: int) -> Iterator[Callable[[int], None]]:
    """A desk that writes a thousand records a second; gives a way to wait for one of them."""
    journal = Journal.open(folder, lambda: datetime.now(UTC), segment_bytes=segment_bytes)
    done = threading.Event()

    def write() -> None:
        while not done.wait(0.001):
            journal.write(*premium())

    def reach(seq: int) -> None:
        begun = time.monotonic()
        while journal.position.seq < seq:
            assert time.monotonic() - begun < 20
            time.sleep(0.005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield reach
    finally:
        done.set()
        writer.join()
        journal.close()


def packed(folder: Path, members: dict[str, bytes]) -> Path:
    """An archive with just these members, as somebody else might make one."""
    file = folder / "strange.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return file


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {item.name: tar.extractfile(item).read() for item in tar}  # type: ignore[union-attr]


def test_a_backup_holds_every_record_and_the_books(tmp_path: Path) -> None:
    books = home_with(tmp_path)

    made = back_up(books, tmp_path / "backups")

    assert made.file.name == f"kimp-paper-20260305T010000Z-{made.manifest.seq:09}.tar.gz"
    assert made.books_missing is None
    assert made.size == made.file.stat().st_size
    assert made.file.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "backups").iterdir()] == [made.file.name]
    assert unpack(made.file, tmp_path / "out") == made.manifest
    assert list(read(tmp_path / "out" / "journal")) == list(read(tmp_path / "journal"))
    assert contents(tmp_path / "out" / BOOKS) == contents(tmp_path / "warehouse.duckdb")


def test_a_backup_that_is_taken_while_the_desk_writes_ends_with_a_whole_record(
    tmp_path: Path,
) -> None:
    """Segments of 20 kB change many times meanwhile."""
    books = Warehouse(tmp_path / "warehouse.duckdb", tmp_path / "journal")
    made: list[Backup] = []
    with writing_on(tmp_path / "journal", segment_bytes=20_000) as reach:
        for place in range(3):
            reach(made[-1].manifest.seq + 50 if made else 50)
            books.ingest()
            made.append(back_up(books, tmp_path / "b", MADE_AT + timedelta(seconds=place)))
        reach(made[-1].manifest.seq + 1)

    whole = list(read(tmp_path / "journal"))
    assert [item.manifest.seq for item in made] == sorted({item.manifest.seq for item in made})
    assert whole[-1].position.segment > 3
    for place, item in enumerate(made):
        folder = tmp_path / f"out{place}"
        unpack(item.file, folder)
        assert list(read(folder / "journal")) == whole[: item.manifest.seq]
        # The books of a backup are never ahead of its journal: they can be brought up to date.
        restored = Warehouse(folder / BOOKS, folder / "journal")
        restored.ingest()
        [(booked,)] = restored.sql("SELECT seq FROM journal_position").rows
        assert booked == item.manifest.seq


def test_a_half_written_last_line_is_left_out(tmp_path: Path) -> None:
    write_all(tmp_path / "journal", [premium()] * 3)
    whole = segment_file(tmp_path / "journal", 1)
    with whole.open("ab") as stream:
        stream.write(b'{"seq":5,"time":')

    made = back_up(Warehouse(tmp_path / "w", tmp_path / "journal"), tmp_path / "b")

    unpack(made.file, tmp_path / "out")
    assert made.manifest.seq == 4
    assert whole.read_bytes().startswith((tmp_path / "out/journal" / whole.name).read_bytes())


def test_books_that_cannot_be_read_are_left_out_and_named(tmp_path: Path) -> None:
    write_all(tmp_path / "journal", [premium()])
    books = Warehouse(tmp_path / "w", tmp_path / "journal")
    books.file.write_bytes(b"no database" * 1000)

    made = back_up(books, tmp_path / "b")

    assert BOOKS not in made.manifest.files
    assert made.books_missing is not None
    assert "cannot be opened" in made.books_missing


def test_a_damaged_journal_is_not_backed_up(tmp_path: Path) -> None:
    write_all(tmp_path / "journal", [premium()] * 3)
    books = Warehouse(tmp_path / "w", tmp_path / "journal")
    file = segment_file(tmp_path / "journal", 1)
    file.write_bytes(file.read_bytes().replace(b'"epoch":1', b'"epoch":7', 1))

    with pytest.raises(JournalCorrupt):
        back_up(books, tmp_path / "b")


def test_an_empty_journal_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="nothing to back up"):
        back_up(Warehouse(tmp_path / "w", tmp_path / "journal"), tmp_path / "b")


def test_a_backup_never_fills_the_disk_of_the_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path / "journal", [premium()])
    books = Warehouse(tmp_path / "w", tmp_path / "journal")
    monkeypatch.setattr(backup, "LEAVES_FREE", 1 << 60)

    with pytest.raises(BackupFailed, match="There is no room for a backup"):
        back_up(books, tmp_path / "b")

    assert list((tmp_path / "b").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    write_all(tmp_path / "journal", [premium()])
    books = Warehouse(tmp_path / "w", tmp_path / "journal")
    (tmp_path / "file").touch()

    with pytest.raises(BackupFailed, match=r"could not be written to .*file"):
        back_up(books, tmp_path / "file" / "b")


def test_a_copy_on_another_machine_is_the_same_and_needs_its_folder_to_be_there(
    archive: Path, tmp_path: Path
) -> None:
    with pytest.raises(BackupFailed, match="is not there; mount it"):
        copy_backup(archive, tmp_path / "away")
    (tmp_path / "away").mkdir()

    copied = copy_backup(archive, tmp_path / "away")

    assert copied.read_bytes() == archive.read_bytes()
    assert list((tmp_path / "away").iterdir()) == [copied]


@settings(max_examples=60)
@given(st.data())
def test_an_archive_with_one_changed_byte_is_never_believed(
    archive: Path, data: st.DataObject
) -> None:
    whole = archive.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
    damaged = archive.with_name("changed.tar.gz")
    damaged.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])

    if 4 <= place < 10:  # gzip's own time and system bytes, which mean nothing
        assert unpack(damaged) == unpack(archive)
    else:
        with pytest.raises(BackupDamaged, match="was not used"):
            unpack(damaged)


@settings(max_examples=40)
@given(st.data())
def test_an_archive_that_was_cut_off_is_never_believed(archive: Path, data: st.DataObject) -> None:
    whole = archive.read_bytes()
    length = data.draw(st.integers(0, len(whole) - 1))
    cut = archive.with_name("cut.tar.gz")
    cut.write_bytes(whole[:length])

    with pytest.raises(BackupDamaged):
        unpack(cut)


@pytest.mark.parametrize("name", ["../journal-000001.jsonl", "/etc/passwd", "keys/master.key"])
def test_a_file_that_no_backup_holds_is_refused_and_not_unpacked(
    name: str, archive: Path, tmp_path: Path
) -> None:
    strange = packed(tmp_path, {**members(archive), name: b"?"})
    before = packed(tmp_path / "..", {name: b"?", **members(archive)})

    for file in (strange, before):
        with pytest.raises(BackupDamaged, match="does not belong in it"):
            unpack(file, tmp_path / "out" / "deep")

    before.unlink()
    assert not list(tmp_path.rglob("passwd"))
    assert not (tmp_path / "out" / "journal-000001.jsonl").exists()


def test_a_link_is_refused(archive: Path, tmp_path: Path) -> None:
    file = tmp_path / "link.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        header = tarfile.TarInfo("warehouse.duckdb")
        header.type, header.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(header)

    with pytest.raises(BackupDamaged, match="does not belong in it"):
        unpack(file, tmp_path / "out")


def test_a_manifest_must_name_what_is_there(archive: Path, tmp_path: Path) -> None:
    without = {name: text for name, text in members(archive).items() if name != BOOKS}
    nonsense = {**members(archive), MANIFEST: b'{"mode": "paper"}'}

    with pytest.raises(BackupDamaged, match="not those that its manifest names"):
        unpack(packed(tmp_path, without))
    with pytest.raises(BackupDamaged, match="made_at in its manifest"):
        unpack(packed(tmp_path, nonsense))
    with pytest.raises(BackupDamaged, match="before its manifest"):
        unpack(packed(tmp_path, {}))


@pytest.mark.parametrize(
    "content",
    # Without a time in its header, or two workers would collect tests of two names.
    [b"", b"not gzip", gzip.compress(b"not tar" * 500, mtime=0)],
    ids=["empty", "not gzip", "no tar in it"],
)
def test_a_file_that_is_no_backup_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    file.write_bytes(content)

    with pytest.raises(BackupDamaged):
        unpack(file)


def test_the_time_of_a_backup_is_told_in_utc(archive: Path) -> None:
    assert unpack(archive).made_at == MADE_AT.astimezone(UTC)
