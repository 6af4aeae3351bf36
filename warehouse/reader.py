"""Follow a journal from any process, without a lock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from warehouse.errors import JournalCorrupt
from warehouse.record_line import Position, Record
from warehouse.segment import Tail, read_segment, segment_file, segment_numbers

_TAIL: Final = 1 << 18


def last(folder: Path) -> Record | None:
    """The last complete record; None: there is none. Mostly only the journal's end is read.

    Raises JournalCorrupt: a segment is missing, or the end is damaged before its last line.
    """
    for number in reversed(segment_numbers(folder)):
        with segment_file(folder, number).open("rb") as stream:
            start = max(stream.seek(0, 2) - _TAIL, 0)
            stream.seek(start)
            if start:
                start += len(stream.readline())
        # From its beginning, should the last record be longer than that.
        for offset in dict.fromkeys((start, 0)):
            found: Record | None = None
            for item in read_segment(folder, number, offset):
                found = found if isinstance(item, Tail) else item
            if found is not None:
                return found
    return None


def read(folder: Path, after: Position | None = None) -> Iterator[Record]:
    """All records after ``after`` (None: from the beginning) that are complete by now.

    Ends at the end of the journal, or before a last line that is half written;
    call again with the last record's position for what came since. An absent
    journal is an empty one.

    Raises:
        JournalCorrupt: a record before the last is damaged, or the sequence has a gap.
    """
    place = after or Position(1, 0, 0)
    if after is None and not segment_numbers(folder):
        return
    epoch = 0
    while True:
        # Looked at before reading: a segment that has a successor *now* is finished, so an
        # incomplete line in it is damage and not a writer at work.
        is_last = place.segment >= len(segment_numbers(folder))
        file = segment_file(folder, place.segment)
        if not file.exists():
            raise JournalCorrupt(file, 0, "this segment was read before and is missing now")
        for item in read_segment(folder, place.segment, place.offset):
            if isinstance(item, Tail):
                if is_last:
                    return
                raise JournalCorrupt(item.file, item.offset, item.problem)
            if item.seq != place.seq + 1 or item.epoch < epoch:
                raise JournalCorrupt(
                    file,
                    place.offset,
                    f"record {item.seq} of epoch {item.epoch} stands where record "
                    f"{place.seq + 1} is due",
                )
            epoch = item.epoch
            place = item.position
            yield item
        if is_last:
            return
        place = Position(place.segment + 1, 0, place.seq)
