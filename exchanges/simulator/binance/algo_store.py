"""The conditional orders of one account, by either id and in the order they came."""

from __future__ import annotations

from collections.abc import Iterator

from exchanges.simulator.binance.algo_order import AlgoOrder, AlgoStatus


class AlgoStore:
    """A client id is unique among open ones only; a lookup finds its latest use."""

    def __init__(self) -> None:
        self._by_id: dict[int, AlgoOrder] = {}
        self._by_client_id: dict[str, AlgoOrder] = {}
        self._live: dict[int, AlgoOrder] = {}

    def __iter__(self) -> Iterator[AlgoOrder]:
        return iter(self._by_id.values())

    def add(self, order: AlgoOrder) -> None:
        self._by_id[order.algo_id] = order
        self._by_client_id[order.client_id] = order
        self._live[order.algo_id] = order

    def find(self, algo_id: int | None, client_id: str | None) -> AlgoOrder | None:
        """By the venue's id when given, else by client id."""
        if algo_id is not None:
            return self._by_id.get(algo_id)
        return self._by_client_id.get(client_id or "")

    def open(self, symbol: str | None = None) -> list[AlgoOrder]:
        """Waiting ones, oldest first; of all symbols when none is named."""
        return [
            order
            for order in self._not_ended()
            if order.is_open and symbol in (None, order.request.symbol)
        ]

    def triggered(self) -> list[AlgoOrder]:
        """Those whose order has not been seen to end."""
        return [order for order in self._not_ended() if order.status is AlgoStatus.TRIGGERED]

    def _not_ended(self) -> list[AlgoOrder]:
        self._live = {key: order for key, order in self._live.items() if not order.has_ended}
        return list(self._live.values())
