"""Many orders cancelled in one call: by ids, or by what they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from exchanges.instrument import Venue
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.fields import Fields
from exchanges.simulator.upbit.listings import known_listing
from exchanges.simulator.upbit.order import SimulatedOrder
from exchanges.simulator.upbit.order_lists import ordered, orders_by_ids
from exchanges.simulator.upbit.refusal import Refusal, validation_error

MAX_IDS = 20
MAX_PAIRS = 20
USUAL_COUNT, MAX_COUNT = 20, 300


class BatchCancel:
    """Answers with what was cancelled and what could not be (Upbit docs, cancel orders by ids,
    batch cancel orders)."""

    def __init__(self, engine: UpbitEngine) -> None:
        self._engine = engine

    def by_ids(self, account: UpbitAccount, fields: Fields) -> Any:
        """Raises Refusal. An order that has ended fails; an id that is unknown is left out, for
        the market that a row of the answer names does not exist."""
        return self._cancel(account, orders_by_ids(account, *fields.ids(MAX_IDS)))

    def open(self, account: UpbitAccount, fields: Fields) -> Any:
        """The newest 20 unless told otherwise. Raises Refusal."""
        pairs, excluded = self._pairs(fields, "pairs"), self._pairs(fields, "excluded_pairs")
        quotes = fields.listed("quote_currencies")
        if pairs and quotes:
            raise validation_error("pairs and quote_currencies cannot be used together")
        side = fields.choice("cancel_side", "all", "ask", "bid")
        count = fields.whole("count", USUAL_COUNT, MAX_COUNT)
        chosen = [
            order
            for order in account.open.values()
            if side in ("all", order.request.wire_side)
            and (not pairs or order.request.market in pairs)
            and order.request.market not in excluded
            and (not quotes or self._quote_of(order) in quotes)
        ]
        return self._cancel(account, ordered(chosen, fields)[:count])

    def _pairs(self, fields: Fields, name: str) -> list[str]:
        pairs = fields.listed(name)
        if len(pairs) > MAX_PAIRS:
            raise validation_error(f"at most {MAX_PAIRS} {name} are allowed")
        return [known_listing(self._engine, pair).native for pair in pairs]

    def _quote_of(self, order: SimulatedOrder) -> str:
        return self._engine.market.listing(Venue.UPBIT, order.request.market).quote_currency

    def _cancel(self, account: UpbitAccount, orders: Iterable[SimulatedOrder]) -> Any:
        success, failed = [], []
        for order in orders:
            try:
                self._engine.cancel(account, order)
                success.append(_row(order))
            except Refusal:
                failed.append(_row(order))
        return {
            "success": {"count": len(success), "orders": success},
            "failed": {"count": len(failed), "orders": failed},
        }


def _row(order: SimulatedOrder) -> dict[str, str]:
    row = {"uuid": order.uuid, "market": order.request.market}
    if order.request.identifier is not None:
        row["identifier"] = order.request.identifier
    return row
