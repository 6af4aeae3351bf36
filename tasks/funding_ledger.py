"""Funding of the perpetual positions, from the venue's income feed only, each payment once.

A payment belongs to the pairs that were open when it was settled, in
proportion to what their perpetual legs held; the shares add up to it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from exchanges.funding import FundingPayment
from tasks.pair import LegName, Pair

SHARE_STEP = Decimal("0.00000001")
"""Shares are kept to the digits that Binance books USDT in."""


class FundingLedger:
    """All payments heard of, and up to when the feed has been read."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._shares: dict[str, Decimal] = {}
        self._read_until: dict[str, datetime] = {}

    def knows(self, payment: FundingPayment) -> bool:
        """Was it noted before?"""
        return payment.transaction_id in self._known

    def note(self, payment: FundingPayment, pairs: Iterable[Pair]) -> None:
        """Divide a payment among those of ``pairs`` that were open when it was settled; one that
        is known changes nothing."""
        if self.knows(payment):
            return
        self._known.add(payment.transaction_id)
        holders = [
            (pair.pair_id, held)
            for pair in pairs
            if pair.symbol == payment.symbol and (held := _held_at(pair, payment.time)) > 0
        ]
        whole = sum((held for _, held in holders), Decimal(0))
        left = payment.amount
        for index, (pair_id, held) in enumerate(holders, start=1):
            share = (payment.amount * held / whole).quantize(SHARE_STEP)
            if index == len(holders):
                share = left
            left -= share
            self._shares[pair_id] = self._shares.get(pair_id, Decimal(0)) + share

    def read(self, symbol: str, asked_at: datetime) -> None:
        """The feed of ``symbol`` was read whole, as of ``asked_at``."""
        self._read_until[symbol] = asked_at

    def was_read_for(self, pair: Pair) -> bool:
        """Was the feed read after the pair was opened?"""
        read_until = self._read_until.get(pair.symbol)
        return read_until is not None and read_until >= pair.opened_at

    def share(self, pair: Pair, at: datetime, *, max_age_s: float) -> Decimal | None:
        """Funding of ``pair`` in USDT up to ``at``; None while the feed has not told (missing).

        Known means: the feed was read after the pair was opened, and not longer than
        ``max_age_s`` ago.
        """
        read_until = self._read_until.get(pair.symbol)
        if read_until is None or not self.was_read_for(pair):
            return None
        if (at - read_until).total_seconds() > max_age_s:
            return None
        return self._shares.get(pair.pair_id, Decimal(0))


def _held_at(pair: Pair, time: datetime) -> Decimal:
    """What the perpetual leg held at ``time``: of a pair that has ended since, all it entered."""
    if pair.opened_at > time or (pair.closed_at is not None and pair.closed_at < time):
        return Decimal(0)
    return pair.held(LegName.PERPETUAL) if pair.is_open else pair.perpetual.entry.quantity
