"""The end of an order as far as evidence goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from exchanges.order import Order
from tasks.pair import LegName


class Purpose(StrEnum):
    """Why an order is sent. Stands in the journal."""

    ENTRY = "entry"
    EXIT = "exit"
    HEDGE = "hedge"
    """A missing leg tried again."""
    UNWIND = "unwind"
    """Emergency hedge: giving back what the other leg could not match."""
    LIQUIDATION = "liquidation"


@dataclass(frozen=True, slots=True)
class Baseline:
    """How things stood right before an order was sent."""

    at: datetime
    beside: Decimal | None
    """Signed coin on the leg's account that belonged to no pair; None: not known."""


@dataclass(frozen=True, slots=True)
class LegOrder:
    """An order together with what it is for. Written to the journal before it is sent."""

    pair_id: str
    leg: LegName
    attempt: int
    purpose: Purpose
    order: Order
    baseline: Baseline | None = field(default=None, compare=False)
    """None until it is about to be sent."""


@dataclass(frozen=True, slots=True)
class SettledOrder:
    """What became of a :class:`LegOrder`.

    ``decided`` False: the venue has not shown how it ended; the quantities are
    what is proven so far and may still grow. Nothing may be sent in its place.
    """

    leg_order: LegOrder
    decided: bool
    filled: Decimal
    value: Decimal
    """Σ price × quantity, quote currency."""
    fee: Decimal
    """Quote currency."""
    error: str | None
    """Why it did not fill, one sentence; None when it filled whole."""
    acknowledged: bool = False
    """The venue has shown that it has the order, so "no such order" cannot be true any more."""
    never_received: bool = False
    """It was sent and not answered, and the venue has shown no trace of it since."""

    @property
    def may_have_more(self) -> bool:
        """It has ended short of its quantity by a word of the venue that may prove wrong. (One that
        was refused at once, or not sent, has nothing to prove wrong.)"""
        is_short = self.filled < self.leg_order.order.quantity
        return self.decided and is_short and (self.acknowledged or self.never_received)
