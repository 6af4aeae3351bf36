"""What a venue shows and no order of the desk explains, taken over into the books as it is.

A trade made by hand, a position that the venue closed by force, money paid in or out. The id is
derived from what was found, so that whoever finds it again, after a restart or through another
question, gives it the same and it counts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Self

from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.pair import ZERO, LegFlow, LegName, Pair
from tasks.pair_transitions import PairState
from tasks.wire_text import decimal_text, read_utc, utc_text
from warehouse import records


class AdoptionKind(StrEnum):
    MANUAL_TRADE = "manual_trade"
    """Traded on the desk's account by somebody else."""
    ADL = "adl"
    """The venue closed a position to cover another's loss: auto-deleveraging."""
    LIQUIDATION = "liquidation"
    """The venue closed a position for want of margin."""
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"

    @property
    def is_forced(self) -> bool:
        """Done by the venue against our will."""
        return self in (AdoptionKind.ADL, AdoptionKind.LIQUIDATION)


@dataclass(frozen=True, slots=True)
class Adoption:
    """One such thing, or a pair's part of it."""

    adoption_id: str
    kind: AdoptionKind
    venue: Venue
    symbol: str
    """The coin, or the currency of a deposit or withdrawal."""
    side: Side
    """``buy``: the account has more of it, ``sell``: less."""
    quantity: Decimal
    """Of ``symbol``; 0: it is a fee alone, of a liquidation."""
    price: Decimal | None
    """Quote currency; None: no trade."""
    fee: Decimal
    """In ``fee_currency``; positive: paid."""
    fee_currency: str
    trade_id: str | None
    """The venue's id of the trade or transfer; None: it gives none."""
    venue_order_id: str | None
    time: datetime
    pair_id: str | None
    """The pair whose leg it changed; None: none, it stands beside them."""
    leg: LegName | None
    detail: str
    """One sentence for people."""

    @property
    def signed_quantity(self) -> Decimal:
        return self.quantity if self.side is Side.BUY else -self.quantity

    def flow(self, quote: str) -> LegFlow:
        """As a leg's flow; a fee in another currency than ``quote`` is not in it."""
        value = self.quantity * (self.price or Decimal(0))
        return LegFlow(self.quantity, value, self.fee if self.fee_currency == quote else Decimal(0))

    def snapshot(self) -> records.AdoptionRecord:
        return {
            "adoption_id": self.adoption_id,
            "kind": self.kind.value,
            "venue": self.venue.value,
            "symbol": self.symbol,
            "side": self.side.value,
            "quantity": decimal_text(self.quantity),
            "price": None if self.price is None else decimal_text(self.price),
            "fee": decimal_text(self.fee),
            "fee_currency": self.fee_currency,
            "trade_id": self.trade_id,
            "venue_order_id": self.venue_order_id,
            "time": utc_text(self.time),
            "pair_id": self.pair_id,
            "leg": None if self.leg is None else self.leg.value,
            "detail": self.detail,
        }

    @classmethod
    def from_snapshot(cls, adoption: records.AdoptionRecord) -> Self:
        price, leg = adoption["price"], adoption["leg"]
        return cls(
            adoption["adoption_id"],
            AdoptionKind(adoption["kind"]),
            Venue(adoption["venue"]),
            adoption["symbol"],
            Side(adoption["side"]),
            Decimal(adoption["quantity"]),
            None if price is None else Decimal(price),
            Decimal(adoption["fee"]),
            adoption["fee_currency"],
            adoption["trade_id"],
            adoption["venue_order_id"],
            read_utc(adoption["time"]),
            adoption["pair_id"],
            None if leg is None else LegName(leg),
            adoption["detail"],
        )


def adoption_id(venue: Venue, symbol: str, what: str, pair_id: str | None) -> str:
    """``x`` and 16 hexadecimal digits; ``what`` is the venue's id of the trade or transfer."""
    text = "|".join((venue.value, symbol, what, pair_id or ""))
    return "x" + sha256(text.encode()).hexdigest()[:16]


def adopt_fill(
    fill: Fill,
    venue: Venue,
    leg: LegName,
    kind: AdoptionKind,
    pairs: list[Pair],
    detail: str,
    beside: Decimal = ZERO,
) -> list[Adoption]:
    """Divide a trade among ``pairs`` and what stands ``beside`` them: coin that the trade takes
    from and that is no pair's. First goes what makes a naked pair whole, for that is what a person
    is asked to trade; then what stands beside; then what the pairs' ``leg`` holds, oldest first;
    the rest belongs to no pair. Quantities and fees add up to the trade exactly.

    Any other trade that adds to a leg is no pair's: nobody can tell whose it would be.
    """
    shares: dict[str | None, Decimal] = {}
    left = fill.quantity
    for pair_id, claim in _claims(fill, leg, pairs, beside):
        share = min(left, claim)
        if share > 0:
            shares[pair_id] = shares.get(pair_id, ZERO) + share
            left -= share
    if left > 0:
        shares[None] = shares.get(None, ZERO) + left
    adopted: list[Adoption] = []
    fee_left = fill.fee
    for index, (owner, quantity) in enumerate(shares.items(), start=1):
        whole = index == len(shares)
        fee = fee_left if whole else (fill.fee * quantity / fill.quantity).quantize(_FEE_STEP)
        fee_left -= fee
        adopted.append(
            Adoption(
                adoption_id(venue, fill.symbol, fill.trade_id, owner),
                kind, venue, fill.symbol, fill.side, quantity, fill.price, fee, fill.fee_currency,
                fill.trade_id, fill.venue_order_id, fill.time, owner,
                leg if owner else None, detail,
            )
        )  # fmt: skip
    return adopted


def _claims(
    fill: Fill, leg: LegName, pairs: list[Pair], beside: Decimal
) -> Iterator[tuple[str | None, Decimal]]:
    """Who takes how much of the trade at most, in turn; None: no pair."""
    mine = [pair for pair in pairs if pair.symbol == fill.symbol]
    gaps: dict[str, Decimal] = {}
    for pair in mine:
        leaves = fill.side is pair.side(leg, purpose_is_entry=False)
        gap = pair.held(leg) - pair.held(leg.other)
        if pair.state is PairState.NAKED and (gap > 0) is leaves:
            gaps[pair.pair_id] = abs(gap)
            yield pair.pair_id, abs(gap)
    yield None, beside
    for pair in mine:
        if fill.side is pair.side(leg, purpose_is_entry=False):
            yield pair.pair_id, pair.held(leg) - gaps.get(pair.pair_id, ZERO)


_FEE_STEP = Decimal("0.00000001")
