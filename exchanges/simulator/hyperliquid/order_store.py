"""The orders of one account, by either id and in the order they came."""

from __future__ import annotations

from collections.abc import Iterator

from exchanges.simulator.hyperliquid.order import VenueOrder


class OrderStore:
    """A cloid names its latest order; one that has ended may be used again (measured)."""

    def __init__(self) -> None:
        self._by_oid: dict[int, VenueOrder] = {}
        self._by_cloid: dict[str, VenueOrder] = {}
        self._open: dict[int, VenueOrder] = {}

    def __iter__(self) -> Iterator[VenueOrder]:
        return iter(self._by_oid.values())

    def add(self, order: VenueOrder) -> None:
        self._by_oid[order.oid] = order
        if order.cloid is not None:
            self._by_cloid[order.cloid] = order
        if order.is_open:
            self._open[order.oid] = order

    def find(self, order_id: int | str) -> VenueOrder | None:
        """By oid or cloid."""
        if isinstance(order_id, str):
            return self._by_cloid.get(order_id)
        return self._by_oid.get(order_id)

    def find_open(self, order_id: int | str) -> VenueOrder | None:
        order = self.find(order_id)
        return order if order is not None and order.is_open else None

    def open(self, asset: int | None = None) -> list[VenueOrder]:
        """Open orders, oldest first; of all assets when none is named."""
        self._open = {oid: order for oid, order in self._open.items() if order.is_open}
        return [order for order in self._open.values() if asset in (None, order.asset)]

    def latest(self, count: int) -> list[VenueOrder]:
        """The last ``count`` orders, newest first."""
        return list(self._by_oid.values())[: -count - 1 : -1]
