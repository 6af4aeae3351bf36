"""JSON of what the simulated venues remember, made once for each record that no longer changes.

A venue that has done ten thousand orders is saved several times a second while it trades; only
what is new or still open is written out again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import chain, islice
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter

T = TypeVar("T")

KEPT_ORDERS = 10_000
"""So many of the last orders of an account are remembered, and open ones always."""


class Snapshot(BaseModel):
    """What a part of the simulated venues reads back. It writes the same JSON itself, because
    that of its longest lists is made step by step."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChangingRecords(Generic[T]):
    """A list to which records are appended that change until they have ended."""

    def __init__(self, kind: type[T], has_ended: Callable[[T], bool]) -> None:
        self._adapter = TypeAdapter(kind)
        self._has_ended = has_ended
        self._settled: deque[bytes] = deque(maxlen=KEPT_ORDERS)
        """JSON of the first records, up to the first that has not ended."""
        self._seen = 0
        """How many those are; the older ones are forgotten."""
        self._ended: dict[int, bytes] = {}
        """JSON of ended records behind those, by place in the list."""

    def json(self, records: Iterable[T]) -> orjson.Fragment:
        """A JSON array of the last KEPT_ORDERS and of whatever has come since the first that has
        not ended. ``records`` is always the same list, grown."""
        moving: list[bytes] = []
        for place, record in enumerate(islice(records, self._seen, None), self._seen):
            line = self._ended.pop(place, None) or self._adapter.dump_json(record)
            ended = self._has_ended(record)
            if ended and not moving:
                self._settled.append(line)
                self._seen += 1
                continue
            moving.append(line)
            if ended:
                self._ended[place] = line
        too_many = max(len(self._settled) + len(moving) - KEPT_ORDERS, 0)
        return _array(chain(islice(self._settled, too_many, None), moving))


class GrowingRecords(Generic[T]):
    """A list to which records are appended that never change."""

    def __init__(self, kind: type[T], kept: int | None) -> None:
        """``kept``: how many of the last ones are remembered; None: all."""
        self._adapter = TypeAdapter(kind)
        self._lines: deque[bytes] = deque(maxlen=kept)
        self._seen = 0

    def json(self, records: Iterable[T]) -> orjson.Fragment:
        """A JSON array of them. ``records`` is always the same list, grown."""
        for record in islice(records, self._seen, None):
            self._lines.append(self._adapter.dump_json(record))
            self._seen += 1
        return _array(self._lines)


def to_json(snapshot: dict[str, Any]) -> bytes:
    """A whole snapshot; Decimals as strings with all their digits."""
    return orjson.dumps(snapshot, default=_decimal)


def _array(lines: Iterable[bytes]) -> orjson.Fragment:
    return orjson.Fragment(b"[" + b",".join(lines) + b"]")


def _decimal(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
