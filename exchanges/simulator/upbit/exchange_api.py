"""The exchange API: signed calls on accounts and orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from exchanges.simulator.faults import Fault, FaultKind, Faults
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.account_api import AccountApi
from exchanges.simulator.upbit.batch_cancel import BatchCancel
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.fields import Fields
from exchanges.simulator.upbit.listings import asked_listing
from exchanges.simulator.upbit.order import SimulatedOrder
from exchanges.simulator.upbit.order_lists import OrderLists
from exchanges.simulator.upbit.order_request import OrderRequest, parse_order_request
from exchanges.simulator.upbit.rate_limits import Group
from exchanges.simulator.upbit.refusal import STATUSES, Refusal, insufficient_funds
from exchanges.simulator.upbit.reorder import Reorder, share_of
from exchanges.simulator.upbit.shapes import order_json, order_with_trades_json
from exchanges.simulator.upbit.transfer_lists import TransferLists

Answer = Callable[[UpbitAccount, Fields], Any]
OrderAnswer = Callable[[UpbitAccount, Fields, Fault | None], Any]


@dataclass(frozen=True, slots=True)
class Route:
    group: Group
    status: int
    answer: Answer | None = None
    orders: OrderAnswer | None = None
    """Of a call that places an order: the third argument is a ``partial``."""


class ExchangeApi:
    """Answers by method and path."""

    def __init__(self, engine: UpbitEngine, faults: Faults) -> None:
        self._engine = engine
        self._reorder = Reorder(engine)
        accounts, lists, batch = AccountApi(engine, faults), OrderLists(engine), BatchCancel(engine)
        transfers, default = TransferLists(), Group.DEFAULT
        self.routes: Mapping[tuple[str, str], Route] = {
            ("GET", "/v1/accounts"): Route(default, 200, accounts.balances),
            ("GET", "/v1/orders/chance"): Route(default, 200, accounts.chance),
            ("GET", "/v1/api_keys"): Route(default, 200, accounts.api_keys),
            ("GET", "/v1/status/wallet"): Route(default, 200, accounts.wallets),
            ("GET", "/v1/deposits"): Route(default, 200, transfers.deposits),
            ("GET", "/v1/withdraws"): Route(default, 200, transfers.withdrawals),
            ("GET", "/v1/pockets"): Route(default, 200, accounts.pockets),
            ("GET", "/v1/pockets/api_keys"): Route(default, 200, accounts.pocket_keys),
            ("GET", "/v1/pockets/assets"): Route(default, 200, accounts.pocket_assets),
            ("POST", "/v1/orders"): Route(Group.ORDER, 201, orders=self._create),
            ("POST", "/v1/orders/cancel_and_new"): Route(
                Group.ORDER, 201, orders=self._reorder.answer
            ),
            ("POST", "/v1/orders/test"): Route(Group.ORDER_TEST, 201, self._test),
            ("GET", "/v1/order"): Route(default, 200, self._order),
            ("DELETE", "/v1/order"): Route(default, 200, self._cancel),
            ("GET", "/v1/orders/open"): Route(default, 200, lists.open),
            ("GET", "/v1/orders/closed"): Route(default, 200, lists.closed),
            ("GET", "/v1/orders/uuids"): Route(default, 200, lists.by_ids),
            ("DELETE", "/v1/orders/uuids"): Route(default, 200, batch.by_ids),
            ("DELETE", "/v1/orders/open"): Route(Group.ORDER_CANCEL_ALL, 200, batch.open),
        }

    def answer(
        self, route: Route, account: UpbitAccount, fields: Fields, fault: Fault | None
    ) -> Any:
        """Raises Refusal, also where ``fault`` asks for one."""
        kind = None if fault is None else fault.kind
        if route.answer is not None:
            if fault is not None and kind is FaultKind.REJECT:
                raise rejection(fault, "validation_error")
            return route.answer(account, fields)
        assert route.orders is not None
        if fault is not None and kind in (FaultKind.REJECT, FaultKind.INSUFFICIENT):
            raise self._refused(account, fields, fault)
        return route.orders(account, fields, fault if kind is FaultKind.PARTIAL else None)

    def _refused(self, account: UpbitAccount, fields: Fields, fault: Fault) -> Refusal:
        """A refused attempt uses up its identifier too."""
        side, currency = fields.one("side"), "KRW"
        if fields.one("new_ord_type") is not None:
            previous = self._reorder.previous(account, fields).request
            side, currency = previous.wire_side, previous.pays_with
        elif side == "ask":
            currency = asked_listing(self._engine, fields).symbol
        self._engine.use_identifier(
            account, fields.one("identifier") or fields.one("new_identifier")
        )
        usual = insufficient_funds(side or "bid", currency)
        return usual if fault.kind is FaultKind.INSUFFICIENT else rejection(fault, usual.name)

    def _create(self, account: UpbitAccount, fields: Fields, partial: Fault | None) -> Any:
        self._engine.use_identifier(account, fields.one("identifier"))
        share, rests = share_of(partial)
        return order_json(self._engine.place(account, self._request(fields), share, rests=rests))

    def _test(self, account: UpbitAccount, fields: Fields) -> Any:
        return order_json(self._engine.rehearse(account, self._request(fields)))

    def _order(self, account: UpbitAccount, fields: Fields) -> Any:
        return order_with_trades_json(self._find(account, fields))

    def _cancel(self, account: UpbitAccount, fields: Fields) -> Any:
        return order_json(self._engine.cancel(account, self._find(account, fields)))

    def _find(self, account: UpbitAccount, fields: Fields) -> SimulatedOrder:
        return self._engine.find(account, fields.one("uuid"), fields.one("identifier"))

    def _request(self, fields: Fields) -> OrderRequest:
        return parse_order_request(fields.single(), asked_listing(self._engine, fields))


def rejection(fault: Fault, name: str | int) -> Refusal:
    """What a ``reject`` shows: its own ``code`` and ``message``, else the usual ones."""
    named = fault.args.get("code", name)
    message = fault.args.get("message", "요청이 거부되었습니다.")
    return Refusal(STATUSES.get(named, 400), named, str(message))
