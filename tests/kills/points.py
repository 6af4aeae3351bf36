"""Where an executor dies: named points of its life, between what it writes, sends and hears.

A point is a moment of an act, at its ``nth`` time since the process began. As text, the way it is
handed to the process: ``after order_intended:entry #2``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from tasks.settled_order import Purpose
from warehouse.records import RecordType


class Moment(StrEnum):
    BEFORE = "before"
    """Nothing of the act has happened."""
    AMID = "amid"
    """Half of a journal line is written; a request is on its way and its reply is not awaited."""
    AFTER = "after"
    """The line is written; the reply is here and nobody has seen it."""


PLACE = "place"
"""The request that hands an order to a venue; ``place:upbit`` at one venue only."""
ASK = "ask"
"""Any other request to a venue: books, balances, orders in doubt."""


@dataclass(frozen=True, slots=True)
class Point:
    """``act`` is a record's type, PLACE or ASK, alone or with a detail after a colon: the purpose
    of an intended order, the event of a pair, the venue of a request."""

    moment: Moment
    act: str
    nth: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        moment, act, nth = text.split()
        return cls(Moment(moment), act, int(nth.removeprefix("#")))

    def __str__(self) -> str:
        return f"{self.moment} {self.act} #{self.nth}"

    def is_at(self, act: str, detail: str | None) -> bool:
        """Is the point of this act, whatever its moment?"""
        return self.act in (act, f"{act}:{detail}")


def _of(moment: Moment, *acts: str) -> tuple[Point, ...]:
    return tuple(Point(moment, act) for act in acts)


_INTENDED = RecordType.ORDER_INTENDED
_PAIR = RecordType.PAIR_EVENT

POINTS: tuple[Point, ...] = (
    # a signal comes in
    *_of(Moment.AMID, RecordType.SIGNAL_RECEIVED),
    *_of(Moment.AFTER, RecordType.SIGNAL_RECEIVED),
    *_of(Moment.AFTER, f"{_PAIR}:opened"),
    # between journal and send: one leg is written, then both
    Point(Moment.AFTER, f"{_INTENDED}:{Purpose.ENTRY}", 1),
    Point(Moment.AFTER, f"{_INTENDED}:{Purpose.ENTRY}", 2),
    Point(Moment.AMID, f"{_INTENDED}:{Purpose.ENTRY}", 2),
    *_of(Moment.BEFORE, f"{PLACE}:upbit", f"{PLACE}:perpetual"),
    # between send and reply
    *_of(Moment.AMID, f"{PLACE}:upbit", f"{PLACE}:perpetual"),
    # between reply and journal
    *_of(Moment.AFTER, f"{PLACE}:upbit", f"{PLACE}:perpetual"),
    *_of(Moment.BEFORE, RecordType.FILL, RecordType.ORDER_OUTCOME, f"{_PAIR}:legs_matched"),
    *_of(Moment.AMID, RecordType.ORDER_OUTCOME),
    *_of(Moment.AFTER, RecordType.FILL, RecordType.ORDER_OUTCOME),
    *_of(Moment.BEFORE, RecordType.SIGNAL_DECIDED),
    *_of(Moment.AFTER, RecordType.SIGNAL_DECIDED),
    # on the way out
    *_of(Moment.AFTER, f"{_PAIR}:exit_started", f"{_INTENDED}:{Purpose.EXIT}"),
    *_of(Moment.BEFORE, f"{_PAIR}:flat"),
    # inside recovery
    *_of(Moment.BEFORE, f"{_PAIR}:leg_missing"),
    *_of(Moment.AFTER, f"{_PAIR}:leg_missing"),
    *_of(Moment.AMID, f"{_INTENDED}:{Purpose.HEDGE}"),
    *_of(Moment.AFTER, f"{_INTENDED}:{Purpose.HEDGE}", f"{_INTENDED}:{Purpose.UNWIND}"),
    # at start-up, which is recovery too
    *_of(Moment.AFTER, RecordType.LEASE_TAKEN, f"{ASK}:upbit"),
    *_of(Moment.BEFORE, RecordType.RECONCILIATION),
    *_of(Moment.AFTER, RecordType.RECONCILIATION),
)
