"""``cancel_and_new``: an order cancelled and another one placed in its stead."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.decimal_json import plain
from exchanges.simulator.faults import Fault
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.fields import Fields
from exchanges.simulator.upbit.listings import known_listing
from exchanges.simulator.upbit.order import OrderState, SimulatedOrder
from exchanges.simulator.upbit.order_request import OrderRequest, parse_order_request
from exchanges.simulator.upbit.refusal import validation_error
from exchanges.simulator.upbit.shapes import order_json

REST_OF_IT = "remain_only"
"""``new_volume``: what the old order has left (Upbit docs, cancel and new order)."""
_NEW = ("ord_type", "price", "volume", "time_in_force", "smp_type", "identifier")


def share_of(partial: Fault | None) -> tuple[Decimal | None, bool]:
    """What may trade of an order that meets this fault, and whether the rest stays open."""
    return (None, False) if partial is None else (partial.fraction, partial.rests)


class Reorder:
    """The new order keeps market and side. An old one that has filled meanwhile has no successor:
    then the answer names no new order."""

    def __init__(self, engine: UpbitEngine) -> None:
        self._engine = engine

    def previous(self, account: UpbitAccount, fields: Fields) -> SimulatedOrder:
        """The order to be cancelled. Raises Refusal."""
        order_uuid, identifier = fields.one("prev_order_uuid"), fields.one("prev_order_identifier")
        if order_uuid is None and identifier is None:
            raise validation_error("prev_order_uuid or prev_order_identifier is missing")
        return self._engine.find(account, order_uuid, identifier)

    def answer(self, account: UpbitAccount, fields: Fields, partial: Fault | None) -> Any:
        """The old order as it was, and the ids of the new one. Raises Refusal."""
        previous = self.previous(account, fields)
        self._engine.use_identifier(account, fields.one("new_identifier"))
        if previous.state is OrderState.DONE:
            return order_json(previous)
        request = self._request(previous, fields)
        share, rests = share_of(partial)
        cancelled, created = self._engine.reorder(account, previous, request, share, rests=rests)
        shape = order_json(cancelled) | {"new_order_uuid": created.uuid}
        if request.identifier is not None:
            shape["new_order_identifier"] = request.identifier
        return shape

    def _request(self, previous: SimulatedOrder, fields: Fields) -> OrderRequest:
        new = {name: fields.one(f"new_{name}") for name in _NEW}
        wanted = {name: value for name, value in new.items() if value is not None}
        if wanted.get("volume") == REST_OF_IT:
            wanted["volume"] = plain(previous.remaining_volume)
        listing = known_listing(self._engine, previous.request.market)
        return parse_order_request(wanted | {"side": previous.request.wire_side}, listing)
