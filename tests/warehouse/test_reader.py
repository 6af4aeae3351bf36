"""The end of a journal, without reading the rest of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import warehouse.reader
from warehouse import Journal, JournalCorrupt, last, read
from warehouse.records import RecordType
from warehouse.segment import segment_file

NOTE = {"text": "x" * 100}


def written(folder: Path, records: int, *, segment_bytes: int = 1 << 20) -> None:
    journal = Journal.open(folder, lambda: datetime.now(UTC), segment_bytes=segment_bytes)
    for _ in range(records):
        journal.write(RecordType.HEALTH, NOTE)
    journal.close()


def test_a_journal_that_is_not_there_has_no_last_record(tmp_path: Path) -> None:
    assert last(tmp_path / "journal") is None


@pytest.mark.parametrize("tail", [150, 10_000, 1 << 20])
def test_the_last_record_is_the_one_that_reading_ends_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tail: int
) -> None:
    monkeypatch.setattr(warehouse.reader, "_TAIL", tail)
    written(tmp_path, 300, segment_bytes=20_000)

    [*_, expected] = read(tmp_path)

    assert last(tmp_path) == expected


def test_a_line_that_is_half_written_does_not_count(tmp_path: Path) -> None:
    written(tmp_path, 3)
    [*_, expected] = read(tmp_path)
    with segment_file(tmp_path, 1).open("ab") as stream:
        stream.write(b'{"seq":5,"ti')

    assert last(tmp_path) == expected


def test_an_empty_last_segment_is_skipped(tmp_path: Path) -> None:
    written(tmp_path, 3)
    [*_, expected] = read(tmp_path)
    segment_file(tmp_path, 2).touch()

    assert last(tmp_path) == expected


def test_damage_before_the_end_is_told(tmp_path: Path) -> None:
    written(tmp_path, 3)
    file = segment_file(tmp_path, 1)
    file.write_bytes(file.read_bytes().replace(b'"seq":3', b'"seq":9'))

    with pytest.raises(JournalCorrupt):
        last(tmp_path)
