"""The orders of an account in lists: open, closed, by ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.fields import Fields
from exchanges.simulator.upbit.listings import asked_listing
from exchanges.simulator.upbit.order import OrderState, SimulatedOrder
from exchanges.simulator.upbit.refusal import validation_error
from exchanges.simulator.upbit.shapes import listed_order_json

CLOSED_WINDOW = timedelta(days=7)
"""Longest span that ``orders/closed`` looks at (Upbit docs, list closed orders)."""
MAX_IDS = 100


class OrderLists:
    """Each answer raises Refusal for parameters that cannot be."""

    def __init__(self, engine: UpbitEngine) -> None:
        self._engine = engine

    def open(self, account: UpbitAccount, fields: Fields) -> Any:
        states = fields.many("states") or fields.many("state") or ["wait"]
        _check_states(states, ("wait", "watch"))
        orders = list(account.open.values()) if "wait" in states else []
        page, limit = fields.whole("page", 1, 10_000), fields.whole("limit", 100, 100)
        shown = ordered(self._of_market(orders, fields), fields)
        return [listed_order_json(order) for order in shown[(page - 1) * limit : page * limit]]

    def closed(self, account: UpbitAccount, fields: Fields) -> Any:
        states = fields.many("states") or fields.many("state") or ["done", "cancel"]
        _check_states(states, ("done", "cancel"))
        start, end = self._window(fields)
        orders = [
            order
            for order in account.orders.values()
            if order.state is not OrderState.WAIT
            and order.state.value in states
            and start <= order.created_at <= end
        ]
        shown = ordered(self._of_market(orders, fields), fields)
        return [listed_order_json(order) for order in shown[: fields.whole("limit", 100, 1000)]]

    def by_ids(self, account: UpbitAccount, fields: Fields) -> Any:
        """Ids that are not known are left out."""
        found = orders_by_ids(account, *fields.ids(MAX_IDS))
        found.sort(key=lambda order: order.created_at)
        return [
            listed_order_json(order) for order in ordered(self._of_market(found, fields), fields)
        ]

    def _of_market(self, orders: list[SimulatedOrder], fields: Fields) -> list[SimulatedOrder]:
        if fields.one("market") is None:
            return orders
        native = asked_listing(self._engine, fields).native
        return [order for order in orders if order.request.market == native]

    def _window(self, fields: Fields) -> tuple[datetime, datetime]:
        """Seven days that begin at ``start_time`` or end at ``end_time`` (else now)."""
        start, end = fields.time("start_time"), fields.time("end_time")
        try:
            if end is None:
                end = self._engine.clock.now() if start is None else start + CLOSED_WINDOW
            if start is None:
                start = end - CLOSED_WINDOW
        except OverflowError:
            raise validation_error("start_time or end_time does not have a valid value") from None
        if not start <= end or end - start > CLOSED_WINDOW:
            raise validation_error("start_time and end_time must not be over 7 days apart")
        return start, end


def orders_by_ids(
    account: UpbitAccount, uuids: Sequence[str], identifiers: Sequence[str]
) -> list[SimulatedOrder]:
    """Those that there are, each once."""
    found = [account.orders.get(order_uuid) for order_uuid in uuids]
    found += [account.identifiers.get(identifier) for identifier in identifiers]
    return list({order.uuid: order for order in found if order is not None}.values())


def ordered(orders: list[SimulatedOrder], fields: Fields) -> list[SimulatedOrder]:
    """Oldest first is given; newest first unless ``order_by=asc``."""
    return orders if fields.choice("order_by", "desc", "asc") == "asc" else orders[::-1]


def _check_states(states: Sequence[str], allowed: Sequence[str]) -> None:
    if any(state not in allowed for state in states):
        raise validation_error("state does not have a valid value")
