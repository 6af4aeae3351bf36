"""The writer: tears, damage, leases, segments."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.warehouse.examples import premium
from tests.warehouse.processes import start
from tests.warehouse.whole_journal import everything
from tests.warehouse.writing import ManualClock, write_all
from warehouse import (
    GroupSync,
    Journal,
    JournalCorrupt,
    JournalLocked,
    JournalUnwritable,
    LeaseLost,
    RecordType,
    read,
)
from warehouse.segment import segment_file


def open_journal(folder: Path, segment_bytes: int = 1 << 20) -> Journal:
    return Journal.open(folder, ManualClock().now, segment_bytes=segment_bytes)


def test_what_was_written_is_read_in_order_with_its_epoch(tmp_path: Path) -> None:
    entries = everything(2)

    write_all(tmp_path, entries)
    write_all(tmp_path, entries)

    records = list(read(tmp_path))
    assert [record.seq for record in records] == list(range(1, 2 * len(entries) + 3))
    own = [record for record in records if record.type != RecordType.LEASE_TAKEN]
    assert [(record.type, record.body) for record in own] == entries * 2
    assert [record.epoch for record in own] == [1] * len(entries) + [2] * len(entries)
    lease = records[0]
    assert (lease.type, lease.body["pid"]) == (RecordType.LEASE_TAKEN, os.getpid())


def test_a_tail_torn_at_any_byte_is_cut_and_reported(tmp_path: Path) -> None:
    write_all(tmp_path, [premium(), premium()])
    file = segment_file(tmp_path, 1)
    whole = file.read_bytes()
    last = whole[:-1].rindex(b"\n") + 1

    for cut in range(last + 1, len(whole)):
        file.write_bytes(whole[:cut])
        journal = open_journal(tmp_path)
        journal.close()

        assert journal.torn_tail is not None
        assert (journal.torn_tail.offset, journal.torn_tail.size) == (last, cut - last)
        assert [record.seq for record in read(tmp_path)] == [1, 2, 3]
        assert file.read_bytes().startswith(whole[:last])


@pytest.mark.parametrize("garbage", [b"\0" * 4096, b"garbage\n", b'{"seq":4,"crc":1}\n'])
def test_garbage_after_the_last_record_is_a_torn_tail(tmp_path: Path, garbage: bytes) -> None:
    write_all(tmp_path, [premium()])
    file = segment_file(tmp_path, 1)
    file.write_bytes(file.read_bytes() + garbage)

    journal = open_journal(tmp_path)
    journal.write(*premium())
    journal.close()

    assert journal.torn_tail is not None
    assert journal.torn_tail.size == len(garbage)
    assert [record.seq for record in read(tmp_path)] == [1, 2, 3, 4]


def test_an_untorn_journal_reports_no_tail(tmp_path: Path) -> None:
    write_all(tmp_path, [premium()])

    journal = open_journal(tmp_path)
    journal.close()

    assert journal.torn_tail is None


def test_damage_before_the_last_record_stops_with_file_and_byte(tmp_path: Path) -> None:
    write_all(tmp_path, [premium(), premium(), premium()])
    file = segment_file(tmp_path, 1)
    content = bytearray(file.read_bytes())
    second = content.index(b"\n") + 1
    content[second + 30] ^= 1
    file.write_bytes(content)

    with pytest.raises(JournalCorrupt) as opening:
        open_journal(tmp_path)
    with pytest.raises(JournalCorrupt) as reading:
        list(read(tmp_path))

    for raised in (opening.value, reading.value):
        assert (raised.file, raised.offset) == (file, second)
        assert str(file) in str(raised)
        assert "Keep a copy" in str(raised)
    assert file.read_bytes() == bytes(content)


def test_a_record_taken_out_of_the_middle_is_noticed(tmp_path: Path) -> None:
    write_all(tmp_path, [premium(), premium()])
    file = segment_file(tmp_path, 1)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[2])

    with pytest.raises(JournalCorrupt, match="record 3"):
        list(read(tmp_path))
    with pytest.raises(JournalCorrupt, match="record 3"):
        open_journal(tmp_path)


def test_a_segment_that_is_missing_or_ends_torn_before_the_last_is_damage(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=600)
    for _ in range(9):
        journal.write(*premium())
    journal.close()
    first, second = segment_file(tmp_path, 1), segment_file(tmp_path, 2)
    assert segment_file(tmp_path, 3).exists()

    kept = first.read_bytes()
    first.write_bytes(kept[:-5])
    with pytest.raises(JournalCorrupt, match="incomplete"):
        list(read(tmp_path))

    first.write_bytes(kept)
    second.unlink()
    with pytest.raises(JournalCorrupt, match="missing"):
        list(read(tmp_path))
    with pytest.raises(JournalCorrupt, match="missing"):
        open_journal(tmp_path)


def test_segments_follow_each_other_and_survive_a_crash_right_after_the_change(
    tmp_path: Path,
) -> None:
    journal = open_journal(tmp_path, segment_bytes=600)
    for _ in range(9):
        journal.write(*premium())
    last, end = journal.position.seq, journal.position.segment
    journal.close()
    segment_file(tmp_path, end + 1).touch()

    again = open_journal(tmp_path)
    again.close()

    assert again.epoch == 2
    assert again.position.segment == end + 1
    assert [record.seq for record in read(tmp_path)] == list(range(1, last + 2))


def test_reading_goes_on_after_a_position_across_segments(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=600)
    seen: list[int] = []
    place = None
    for _ in range(12):
        journal.write(*premium())
        for record in read(tmp_path, place):
            seen.append(record.seq)
            place = record.position
    journal.close()

    assert seen == list(range(1, 14))
    assert place == journal.position


def test_a_reader_stops_before_a_line_that_is_half_written(tmp_path: Path) -> None:
    write_all(tmp_path, [premium(), premium()])
    file = segment_file(tmp_path, 1)
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])

    before = list(read(tmp_path))
    file.write_bytes(whole)
    after = list(read(tmp_path, before[-1].position))

    assert [record.seq for record in before] == [1, 2]
    assert [record.seq for record in after] == [3]


def test_an_absent_journal_reads_as_empty(tmp_path: Path) -> None:
    assert list(read(tmp_path / "none")) == []


def test_a_second_writer_is_refused_with_the_holders_process(tmp_path: Path) -> None:
    writer = start("tests.warehouse.writer", tmp_path, 0)
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(JournalLocked, match=f"process {writer.pid};") as refused:
            open_journal(tmp_path)
    finally:
        writer.kill()
        writer.communicate()

    assert refused.value.pid == writer.pid
    journal = open_journal(tmp_path)
    journal.close()
    assert journal.epoch == 2


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_journal_that_lost_all_its_records_is_not_begun_anew(
    tmp_path: Path, is_deleted: bool
) -> None:
    for _ in range(2):
        write_all(tmp_path, [premium()])
    segment = segment_file(tmp_path, 1)
    segment.unlink() if is_deleted else os.truncate(segment, 0)

    with pytest.raises(JournalCorrupt, match="the lease names epoch 2"):
        Journal.open(tmp_path, ManualClock().now)
    (tmp_path / "lease").unlink()
    journal = Journal.open(tmp_path, ManualClock().now)
    journal.close()

    assert journal.epoch == 1


def test_a_desk_that_died_before_its_first_record_starts_again(tmp_path: Path) -> None:
    write_all(tmp_path, [premium()])
    os.truncate(segment_file(tmp_path, 1), 0)

    journal = Journal.open(tmp_path, ManualClock().now)
    journal.close()

    assert journal.epoch == 2


def test_a_writer_whose_lease_was_taken_over_cannot_write(tmp_path: Path) -> None:
    zombie = open_journal(tmp_path)
    (tmp_path / "lock").unlink()
    heir = open_journal(tmp_path)

    with pytest.raises(LeaseLost, match="'epoch': 2"):
        zombie.write(*premium())
    heir.write(*premium())
    zombie.close()
    heir.close()

    assert [(record.seq, record.epoch) for record in read(tmp_path)] == [(1, 1), (2, 2), (3, 2)]


def test_a_writer_notices_an_heir_even_when_lock_and_lease_files_are_gone(tmp_path: Path) -> None:
    zombie = open_journal(tmp_path)
    (tmp_path / "lock").unlink()
    (tmp_path / "lease").unlink()
    heir = open_journal(tmp_path)

    with pytest.raises(LeaseLost):
        zombie.write(*premium())
    zombie.close()
    heir.close()

    assert heir.epoch == 2
    assert len(list(read(tmp_path))) == 2


async def test_a_journal_folder_deleted_under_the_writer_is_noticed_by_the_sync(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "journal"
    journal = open_journal(folder)
    folder.rename(tmp_path / "elsewhere")

    with pytest.raises(LeaseLost, match="is gone"):
        await journal.sync()
    with pytest.raises(LeaseLost):
        journal.write(*premium())
    journal.close()


async def test_sync_and_group_sync_leave_a_sound_journal(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=5_000)
    with GroupSync(journal, every_s=0.001):
        for _ in range(300):
            journal.write(*premium())
        await journal.sync()
    journal.close()

    assert len(list(read(tmp_path))) == 301


def test_a_full_disk_refuses_the_record_and_leaves_the_journal_sound(tmp_path: Path) -> None:
    writer = start("tests.warehouse.writer", tmp_path, 5_000)
    output, _ = writer.communicate(timeout=30)

    *kept, told, offset = output.splitlines()
    assert told.startswith("full: A record could not be written to ")
    assert writer.returncode == 0
    records = list(read(tmp_path))
    assert [record.seq for record in records] == [1, *map(int, kept)]
    assert segment_file(tmp_path, 1).stat().st_size == int(offset) == records[-1].position.offset


def test_a_journal_that_cannot_be_opened_says_so_and_gives_the_lock_back(tmp_path: Path) -> None:
    blocking = tmp_path / "lease"
    blocking.mkdir()

    with pytest.raises(JournalUnwritable, match="Is a directory"):
        open_journal(tmp_path)

    blocking.rmdir()
    open_journal(tmp_path).close()


def test_every_acknowledged_record_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for round_ in range(6):
        writer = start("tests.warehouse.writer", tmp_path, 0)
        assert writer.stdout is not None
        for _ in range(20 + 37 * round_):
            acknowledged.append(int(writer.stdout.readline()))
        os.kill(writer.pid, signal.SIGKILL)
        rest, _ = writer.communicate()
        acknowledged += [int(line) for line in rest.splitlines(keepends=True) if "\n" in line]

    records = {record.seq: record.type for record in read(tmp_path)}
    assert len(acknowledged) > 600
    assert all(records[seq] == RecordType.PREMIUM for seq in acknowledged)
    assert len(acknowledged) == len(set(acknowledged))


def test_a_clock_that_is_not_utc_is_refused(tmp_path: Path) -> None:
    for wrong in (datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=9)))):  # noqa: DTZ001
        with pytest.raises(ValueError, match="aware UTC"):
            Journal.open(tmp_path, lambda moment=wrong: moment)  # type: ignore[misc]
    Journal.open(tmp_path, lambda: datetime.now(UTC)).close()
