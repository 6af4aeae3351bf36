"""One journal record as one line of bytes, and where it stands.

A line is a JSON object with its checksum as the last member::

    {"seq":7,"time":"2026-01-02T03:04:05.678901Z","epoch":3,"type":"fill","body":{…},"crc":123}

The checksum is the CRC-32 of every byte before ``,"crc":``. What follows is
compared byte for byte, so a change of any byte of the line is noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from zlib import crc32

import orjson

_CRC: Final = b',"crc":'


class Position(NamedTuple):
    """The place right after a record: where reading goes on."""

    segment: int
    """Number of the segment file, from 1."""
    offset: int
    """Byte in that file."""
    seq: int = 0
    """Sequence number of the record that ends there; the next one has one more."""


class Record(NamedTuple):
    """A verified record. A tuple, because an ingest makes millions."""

    seq: int
    time: str
    """ISO-8601 UTC as written: readers that need a number of millions parse it in bulk."""
    epoch: int
    type: str
    """A value of RecordType, as a plain string: a later version may have written others."""
    body: dict[str, Any]
    position: Position
    """Where the record ends."""

    @property
    def at(self) -> datetime:
        """``time`` as an aware datetime."""
        return datetime.fromisoformat(self.time)


class DamagedLine(ValueError):
    """A line that does not carry its own checksum or is no record. ``str()`` is the problem."""


def encode_line(
    seq: int, time: datetime, epoch: int, record_type: str, body: Mapping[str, Any]
) -> bytes:
    """The line of a record, newline included. ``time`` must be aware UTC.

    Raises TypeError for a body that is not JSON (a Decimal: the contract has strings).
    """
    head = orjson.dumps(
        {"seq": seq, "time": time, "epoch": epoch, "type": record_type, "body": body},
        option=orjson.OPT_UTC_Z,
    )[:-1]
    return b'%b,"crc":%d}\n' % (head, crc32(head))


def decode_line(line: bytes, segment: int, end: int) -> Record:
    """The record of ``line`` (without its newline); ``end`` is the byte after the newline.

    Raises :class:`DamagedLine`.
    """
    cut = line.rfind(_CRC)
    if cut < 0:
        raise DamagedLine("a line without a checksum")
    head = line[:cut]
    if line[cut:] != b',"crc":%d}' % crc32(head):
        raise DamagedLine("the checksum does not match the line")
    try:
        fields = orjson.loads(head + b"}")
        seq = fields["seq"]
        return Record(
            seq,
            fields["time"],
            fields["epoch"],
            fields["type"],
            fields["body"],
            Position(segment, end, seq),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise DamagedLine("the line is not a journal record") from error
