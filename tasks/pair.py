"""A pair: one spot leg and one perpetual leg that belong together, and what they have traded.

Quantities are in coin; values and fees in the leg's quote currency (KRW, USDT).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.pair_transitions import PairState
from tasks.signal import Direction
from tasks.wire_text import decimal_text, read_utc, utc_text
from warehouse import records

ZERO = Decimal(0)


class LegName(StrEnum):
    SPOT = "spot"
    PERPETUAL = "perpetual"

    @property
    def other(self) -> LegName:
        return LegName.PERPETUAL if self is LegName.SPOT else LegName.SPOT


@dataclass(frozen=True, slots=True)
class LegFlow:
    """What one leg has traded in one direction so far."""

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    """Σ price × quantity."""
    fee: Decimal = ZERO
    """Positive: paid."""

    def __add__(self, other: LegFlow) -> LegFlow:
        return LegFlow(
            self.quantity + other.quantity, self.value + other.value, self.fee + other.fee
        )

    @property
    def average_price(self) -> Decimal | None:
        return self.value / self.quantity if self.quantity else None

    def snapshot(self) -> records.LegFlow:
        return {
            "quantity": decimal_text(self.quantity),
            "value": decimal_text(self.value),
            "fee": decimal_text(self.fee),
        }

    @classmethod
    def from_snapshot(cls, flow: records.LegFlow) -> Self:
        return cls(Decimal(flow["quantity"]), Decimal(flow["value"]), Decimal(flow["fee"]))


@dataclass(frozen=True, slots=True)
class PairLeg:
    """One leg: where it trades and its cash flows."""

    venue: Venue
    fee_currency: str
    attempts: int = 0
    """Number of the last client order id that may have been used; the next order takes the next."""
    entry: LegFlow = LegFlow()
    exit: LegFlow = LegFlow()
    lost: tuple[range, ...] = ()
    """Numbers up to ``attempts`` of which the journal knows nothing."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of the orders that the journal knows."""
        known = range(1, self.attempts + 1)
        return tuple(it for it in known if not any(it in lost for lost in self.lost))

    @property
    def held(self) -> Decimal:
        """Entered and not yet left; ≥ 0 in either direction of the pair."""
        return self.entry.quantity - self.exit.quantity

    def snapshot(self) -> records.LegSnapshot:
        return {
            "venue": self.venue.value,
            "fee_currency": self.fee_currency,
            "attempts": self.attempts,
            "entry": self.entry.snapshot(),
            "exit": self.exit.snapshot(),
        }

    @classmethod
    def from_snapshot(cls, leg: records.LegSnapshot) -> Self:
        return cls(
            Venue(leg["venue"]),
            leg["fee_currency"],
            leg["attempts"],
            LegFlow.from_snapshot(leg["entry"]),
            LegFlow.from_snapshot(leg["exit"]),
        )


@dataclass(frozen=True, slots=True)
class PriceReference:
    """The touch and the rates at the moment of decision: what slippage is measured from."""

    spot_price: Decimal
    """Best price on the side to be taken, KRW."""
    perpetual_price: Decimal
    """Best price on the side to be taken, USDT."""
    krw_per_usdt: Decimal
    """The rate that decides."""
    krw_per_usd: Decimal | None
    premium_pct: Decimal
    """Of the executable prices for the size, on the deciding basis."""
    premium_fx_pct: Decimal | None

    def snapshot(self) -> records.PriceReference:
        return {
            "spot_price": decimal_text(self.spot_price),
            "perpetual_price": decimal_text(self.perpetual_price),
            "krw_per_usdt": decimal_text(self.krw_per_usdt),
            "krw_per_usd": _text(self.krw_per_usd),
            "premium_pct": decimal_text(self.premium_pct),
            "premium_fx_pct": _text(self.premium_fx_pct),
        }

    @classmethod
    def from_snapshot(cls, reference: records.PriceReference) -> Self:
        return cls(
            Decimal(reference["spot_price"]),
            Decimal(reference["perpetual_price"]),
            Decimal(reference["krw_per_usdt"]),
            _decimal(reference["krw_per_usd"]),
            Decimal(reference["premium_pct"]),
            _decimal(reference["premium_fx_pct"]),
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair as it stands now. Never changed: every change gives a new one."""

    pair_id: str
    signal_id: str
    strategy: str | None
    symbol: str
    direction: Direction
    state: PairState
    target_quantity: Decimal
    opened_at: datetime
    closed_at: datetime | None
    spot: PairLeg
    perpetual: PairLeg
    entry_reference: PriceReference | None = None
    exit_reference: PriceReference | None = None
    forced: bool = False
    """The venue closed a leg by force, and the legs have not been brought together since: it is not
    opened again, and the other leg is not closed at any price."""

    def leg(self, name: LegName) -> PairLeg:
        return self.spot if name is LegName.SPOT else self.perpetual

    def held(self, name: LegName) -> Decimal:
        return self.leg(name).held

    @property
    def unhedged(self) -> Decimal:
        """By how much coin the two legs differ; 0 is hedged (or flat)."""
        return abs(self.spot.held - self.perpetual.held)

    @property
    def is_open(self) -> bool:
        """Something is, or may be, held."""
        return not self.state.is_terminal

    def side(self, name: LegName, purpose_is_entry: bool) -> Side:
        """Which way a leg trades: ``long_premium`` enters by buying spot and selling the perpetual,
        ``short_premium`` the other way round; an exit is the opposite of the entry."""
        return leg_side(self.direction, name, purpose_is_entry)

    def with_leg(self, name: LegName, leg: PairLeg) -> Pair:
        return replace(self, spot=leg) if name is LegName.SPOT else replace(self, perpetual=leg)

    def snapshot(self) -> records.PairSnapshot:
        return {
            "pair_id": self.pair_id,
            "signal_id": self.signal_id,
            "strategy": self.strategy,
            "symbol": self.symbol,
            "direction": self.direction.value,
            "state": self.state.value,
            "target_quantity": decimal_text(self.target_quantity),
            "opened_at": utc_text(self.opened_at),
            "closed_at": utc_text(self.closed_at) if self.closed_at else None,
            "spot": self.spot.snapshot(),
            "perpetual": self.perpetual.snapshot(),
            "entry_reference": self.entry_reference.snapshot() if self.entry_reference else None,
            "exit_reference": self.exit_reference.snapshot() if self.exit_reference else None,
            "forced": self.forced,
        }

    @classmethod
    def from_snapshot(cls, pair: records.PairSnapshot) -> Self:
        entry, leaving = pair["entry_reference"], pair["exit_reference"]
        return cls(
            pair["pair_id"],
            pair["signal_id"],
            pair["strategy"],
            pair["symbol"],
            Direction(pair["direction"]),
            PairState(pair["state"]),
            Decimal(pair["target_quantity"]),
            read_utc(pair["opened_at"]),
            read_utc(pair["closed_at"]) if pair["closed_at"] else None,
            PairLeg.from_snapshot(pair["spot"]),
            PairLeg.from_snapshot(pair["perpetual"]),
            PriceReference.from_snapshot(entry) if entry else None,
            PriceReference.from_snapshot(leaving) if leaving else None,
            pair.get("forced", False),
        )


def leg_side(direction: Direction, name: LegName, purpose_is_entry: bool) -> Side:
    """As :meth:`Pair.side`, before there is a pair."""
    buys = (direction is Direction.LONG_PREMIUM) == (name is LegName.SPOT)
    return Side.BUY if buys == purpose_is_entry else Side.SELL


def _text(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
