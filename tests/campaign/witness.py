"""What the venues hold of each order, compared with what a desk writes about it when it writes it.

A desk that takes a filled order for one that was never sent trades the same leg again, and repairs
what that does as soon as it sees it: at the end of a schedule nothing of it is left to be judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exchanges.hyperliquid.client_order_ids import cloid_of
from exchanges.instrument import Venue
from exchanges.simulator.upbit.order import OrderState
from tests.tasks.desks import Bench
from warehouse.records import RecordType

NOTHING = Decimal(0)
REFUSALS = ("denied", "rejected", "unavailable")
"""Ends after which nothing of an order can be executed, whatever happens later."""


@dataclass(frozen=True, slots=True)
class Truth:
    """An order as its venue has it."""

    executed: Decimal
    """Coin."""
    is_alive: bool


class Witness:
    """Reads along while desks of one schedule write their journal; what they write about orders is
    remembered over their deaths."""

    def __init__(self, bench: Bench) -> None:
        self._spot = bench.upbit()
        self._is_hyperliquid = bench.perpetual is Venue.HYPERLIQUID
        self._perpetual = bench._hyperliquid() if self._is_hyperliquid else bench._binance()
        self._venues: dict[str, Venue] = {}
        self._attempts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        """Pair and leg → client order ids."""
        self._trades: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)
        """Client order id → trade → coin."""
        self._refused: dict[str, str] = {}
        self.wrong: list[str] = []

    def written(self, kind: RecordType, body: Mapping[str, Any]) -> None:
        """A record is in the journal now."""
        if kind == RecordType.ORDER_INTENDED:
            self._intended(body)
        elif kind == RecordType.FILL and body["client_order_id"] is not None:
            trades = self._trades[body["client_order_id"]]
            trades[body["trade_id"]] = Decimal(body["quantity"])
        elif kind == RecordType.ORDER_OUTCOME and body["final"]:
            self._ended(body["client_order_id"], body["outcome"])

    def of_refusals(self) -> list[str]:
        """A sentence for each order that was written off as refused and traded after all."""
        return [
            f"{name} was {word} in the journal and executed {truth.executed} at its venue"
            for name, word in self._refused.items()
            if (truth := self.truth(name)) is not None and truth.executed
        ]

    def truth(self, name: str) -> Truth | None:
        """None: its venue has never had it."""
        if self._venues[name] is Venue.UPBIT:
            spot = self._spot.identifiers.get(name)
            if spot is None:
                return None
            return Truth(spot.executed_volume, spot.state is OrderState.WAIT)
        if self._is_hyperliquid:
            order = self._perpetual.orders.find(cloid_of(name))
            return None if order is None else Truth(order.filled, order.is_open)
        order = self._perpetual.orders.find("BTCUSDT", None, name)
        return None if order is None else Truth(order.executed, order.is_open)

    def _intended(self, body: Mapping[str, Any]) -> None:
        name = body["client_order_id"]
        self._venues[name] = Venue(body["venue"])
        earlier = self._attempts[body["pair_id"], body["leg"]]
        for other in earlier:
            self._compare(other, f"when {name} was about to be sent")
        earlier.append(name)

    def _ended(self, name: str, word: str) -> None:
        self._compare(name, f"when the journal called it {word}, its end")
        if word in REFUSALS:
            self._refused[name] = word

    def _compare(self, name: str, when: str) -> None:
        truth = self.truth(name)
        if truth is None:
            return
        booked = sum(self._trades[name].values(), NOTHING)
        if truth.is_alive:
            self.wrong.append(f"{name} was alive at its venue {when}")
        if truth.executed > booked:
            self.wrong.append(
                f"{name} had executed {truth.executed} at its venue, {booked} of it booked, {when}"
            )
