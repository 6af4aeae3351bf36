"""Money and coin that a venue's own lists say was moved: what explains a balance that differs.

A list alone books nothing: what it tells may be in the balance since before the books, may have
been accepted by a person, may not be there yet. So a transfer is taken over when it makes the books
agree with the balance, and once, by the venue's id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from exchanges.errors import AuthenticationFailed
from exchanges.side import Side
from exchanges.transfer import Transfer, TransferKind
from tasks.adoption import Adoption, AdoptionKind, adoption_id
from tasks.leg_venue import LegVenue
from tasks.pair_transitions import PairEvent
from tasks.reconciling.account_books import AccountBooks
from tasks.reconciling.asking import Asking
from tasks.reconciling.unknown_trades import CLOCKS_DIFFER, OVERLAP
from tasks.trading import Trading
from tasks.wire_text import short_decimal_text

ZERO = Decimal(0)
FEE_STEP = Decimal("0.00000001")
OF_ONE_LIQUIDATION = timedelta(seconds=10)
"""So near to its trades a liquidation's fee is dated."""


class TransferEvidence:
    """Of both venues."""

    def __init__(self, trading: Trading, books: AccountBooks, asking: Asking) -> None:
        self._trading = trading
        self._books = books
        self._asking = asking

    async def listed(self, venue: LegVenue) -> Sequence[Transfer] | None:
        """What was moved since shortly before the last agreement, oldest first; None: the key may
        not see it, which says nothing about the venue's health. Raises ExchangeError."""
        since = (self._books.read_until or self._trading.clock.now()) - OVERLAP

        async def ask() -> Sequence[Transfer] | None:
            try:
                return await venue.exchange.transfers(since)
            except AuthenticationFailed:
                return None

        return await self._asking.ask(venue, ask)

    def explaining(
        self,
        venue: LegVenue,
        listed: Sequence[Transfer],
        currency: str,
        difference: Decimal,
        tolerance: Decimal,
    ) -> Sequence[Transfer]:
        """Those of ``listed`` that are not booked and that a ``difference`` (found less expected)
        of ``currency`` is made of; empty: none.

        Balances take transfers in one after the other, so it is a run of neighbours that explains
        all of it, the youngest such run. Where none does, those since the last agreement, which
        cannot have been in the balance then, explain their part.
        """
        booked = self._booked(venue)
        left = [
            (it, change)
            for it in listed
            if it.currency == currency and (change := it.change - booked.get(it.transfer_id, ZERO))
        ]
        for end in range(len(left), 0, -1):
            unexplained = difference
            for start in range(end - 1, -1, -1):
                unexplained -= left[start][1]
                if abs(unexplained) < tolerance:
                    return [it for it, _ in left[start:end]]
        agreed_at = self._books.read_until
        young = [
            (it, change)
            for it, change in left
            if agreed_at is not None and it.time > agreed_at + CLOCKS_DIFFER
        ]
        unexplained = difference - sum((change for _, change in young), ZERO)
        return [it for it, _ in young] if abs(unexplained) < abs(difference) else []

    def _booked(self, venue: LegVenue) -> Mapping[str, Decimal]:
        """What of transfers, by the venue's id, is in the books: a crash may have come between the
        shares of one."""
        booked: dict[str, Decimal] = {}
        for one in self._trading.pairs.adoptions():
            if one.venue is venue.venue and one.price is None and one.trade_id is not None:
                change = one.signed_quantity - one.fee
                booked[one.trade_id] = booked.get(one.trade_id, ZERO) + change
        return booked

    def take_over(self, venue: LegVenue, transfer: Transfer) -> str:
        """Book it; the sentence that says what it was. Raises what the journal raises."""
        verb = "paid in" if transfer.change > 0 else "paid out"
        fee = f", fee {short_decimal_text(transfer.fee)}" if transfer.fee else ""
        sentence = (
            f"{venue.venue}: {short_decimal_text(abs(transfer.amount))} {transfer.currency} {verb}"
            f"{fee} ({transfer.called} {transfer.transfer_id})"
        )
        if transfer.kind is TransferKind.LIQUIDATION_FEE:
            closed = self._liquidated(venue, transfer)
            if closed:
                return self._take_over_fee(venue, transfer, closed, sentence)
        self._trading.pairs.adopt(_adoption(venue, transfer, sentence))
        return sentence

    def _liquidated(self, venue: LegVenue, fee: Transfer) -> Sequence[Adoption]:
        """The trades that ``fee`` is for, as they were divided."""
        return [
            one
            for one in self._trading.pairs.adoptions()
            if one.kind is AdoptionKind.LIQUIDATION
            and (one.venue, one.symbol) == (venue.venue, fee.symbol)
            and one.price is not None
            and abs(one.time - fee.time) <= OF_ONE_LIQUIDATION
        ]

    def _take_over_fee(
        self, venue: LegVenue, fee: Transfer, closed: Sequence[Adoption], sentence: str
    ) -> str:
        """Divide a liquidation's fee by what of each pair was closed: it is part of what the pair
        has earned, and a pair that has ended is told its result again."""
        parts: dict[str | None, Adoption] = {}
        for one in closed:
            known = parts.get(one.pair_id)
            quantity = one.quantity + (known.quantity if known else ZERO)
            parts[one.pair_id] = replace(one, quantity=quantity)
        whole = sum((one.quantity for one in parts.values()), ZERO)
        left, pairs = -fee.change, self._trading.pairs
        booked = {one.adoption_id for one in pairs.adoptions()}
        for number, (pair_id, one) in enumerate(parts.items(), start=1):
            share = left
            if number < len(parts):
                share = (-fee.change * one.quantity / whole).quantize(FEE_STEP)
            left -= share
            part = replace(
                one,
                adoption_id=_id(venue, fee, pair_id),
                quantity=ZERO,
                price=None,
                fee=share,
                fee_currency=fee.currency,
                trade_id=fee.transfer_id,
                venue_order_id=None,
                time=fee.time,
                detail=sentence,
            )
            if part.adoption_id in booked:
                continue
            if pair_id is not None and not pairs.is_open(pair_id):
                # First, so that a crash in between leaves a pair that is looked at again.
                pairs.advance(
                    pair_id, PairEvent.LATE_FILL, f"the fee of its liquidation: {sentence}"
                )
            pairs.adopt(part)
        return sentence


def _adoption(venue: LegVenue, transfer: Transfer, detail: str) -> Adoption:
    """It stands beside the pairs; the fee is part of what has gone."""
    change = transfer.change
    return Adoption(
        adoption_id=_id(venue, transfer),
        kind=AdoptionKind.DEPOSIT if change > 0 else AdoptionKind.WITHDRAWAL,
        venue=venue.venue,
        symbol=transfer.currency,
        side=Side.BUY if change > 0 else Side.SELL,
        quantity=abs(change),
        price=None,
        fee=ZERO,
        fee_currency=transfer.currency,
        trade_id=transfer.transfer_id,
        venue_order_id=None,
        time=transfer.time,
        pair_id=None,
        leg=None,
        detail=detail,
    )


def _id(venue: LegVenue, transfer: Transfer, pair_id: str | None = None) -> str:
    return adoption_id(venue.venue, transfer.currency, transfer.transfer_id, pair_id)
