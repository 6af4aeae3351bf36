"""The orders of one account, by either id and in the order they came."""

from __future__ import annotations

from collections.abc import Iterator

from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.refusal import Refused


class OrderStore:
    """A client order id is unique among open orders only; a lookup finds its latest use."""

    def __init__(self) -> None:
        self._by_id: dict[tuple[str, int], VenueOrder] = {}
        self._by_client_id: dict[tuple[str, str], VenueOrder] = {}
        self._open: dict[int, VenueOrder] = {}

    def __iter__(self) -> Iterator[VenueOrder]:
        return iter(self._by_id.values())

    def check_free(self, symbol: str, client_order_id: str) -> None:
        """Refuse with -4116 an id that an open order carries."""
        latest = self._by_client_id.get((symbol, client_order_id))
        if latest is not None and latest.is_open:
            raise Refused(-4116)

    def add(self, order: VenueOrder) -> None:
        self._by_id[order.symbol, order.order_id] = order
        self._by_client_id[order.symbol, order.client_order_id] = order
        self._open[order.order_id] = order

    def find(
        self, symbol: str, order_id: int | None, client_order_id: str | None
    ) -> VenueOrder | None:
        """By venue id when given, else by client id."""
        if order_id is not None:
            return self._by_id.get((symbol, order_id))
        return self._by_client_id.get((symbol, client_order_id or ""))

    def open(self, symbol: str | None = None) -> list[VenueOrder]:
        """Open orders, oldest first; all symbols when none is named."""
        self._open = {number: order for number, order in self._open.items() if order.is_open}
        return [order for order in self._open.values() if symbol in (None, order.symbol)]

    def of(self, symbol: str) -> list[VenueOrder]:
        """Every order ever of a symbol, oldest first."""
        return [order for (name, _), order in self._by_id.items() if name == symbol]
