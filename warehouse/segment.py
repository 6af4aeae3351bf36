"""The files a journal consists of: ``journal-000001.jsonl``, ``journal-000002.jsonl``, …

Only the last one grows. All others are finished: they end with a complete,
undamaged record, and the numbers have no gap.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from warehouse.errors import JournalCorrupt
from warehouse.record_line import DamagedLine, Record, decode_line

_NAME: Final = re.compile(r"journal-(\d{6,})\.jsonl")
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Tail:
    """Bytes at the end of a segment that are not a complete record."""

    file: Path
    offset: int
    """Where the last good record ends."""
    size: int
    problem: str


def segment_file(folder: Path, number: int) -> Path:
    return folder / f"journal-{number:06}.jsonl"


def segment_numbers(folder: Path) -> list[int]:
    """All segments, rising. Raises JournalCorrupt if one in between is missing."""
    if not folder.is_dir():
        return []
    numbers = sorted(
        int(match[1]) for file in folder.iterdir() if (match := _NAME.fullmatch(file.name))
    )
    for place, number in enumerate(numbers, start=1):
        if number != place:
            raise JournalCorrupt(segment_file(folder, place), 0, "this segment is missing")
    return numbers


def sync_folder(folder: Path) -> None:
    """The name of a new file is on disk only once its folder is. Raises OSError."""
    folder_fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(folder_fd)
    finally:
        os.close(folder_fd)


def read_segment(folder: Path, number: int, offset: int = 0) -> Iterator[Record | Tail]:
    """The records of a segment from byte ``offset``; last of all its tail, if it has one.

    An incomplete last line is a tail, and so is a complete last line that is
    damaged (a power cut can leave either). Damage before the last line raises
    JournalCorrupt. Bytes that another process appends meanwhile may or may
    not be seen.
    """
    file = segment_file(folder, number)
    with file.open("rb") as stream:
        size = stream.seek(0, 2)
        if offset > size:
            raise JournalCorrupt(file, size, f"it ends before byte {offset}, which was read before")
        stream.seek(offset)
        rest = b""
        damaged: Tail | None = None
        while block := stream.read(_BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                if damaged is not None:
                    raise JournalCorrupt(file, damaged.offset, damaged.problem)
                end = offset + len(line) + 1
                try:
                    record = decode_line(line, number, end)
                except DamagedLine as error:
                    damaged = Tail(file, offset, len(line) + 1, str(error))
                    continue
                offset = end
                yield record
    if damaged is not None and rest:
        raise JournalCorrupt(file, damaged.offset, damaged.problem)
    if damaged is not None:
        yield damaged
    elif rest:
        yield Tail(file, offset, len(rest), "the last line is incomplete")
