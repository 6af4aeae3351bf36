"""The exchange API: signed calls on accounts and orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.instrument import Venue
from exchanges.simulator.market import Listing, UnknownMarket
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.order import OrderState, SimulatedOrder
from exchanges.simulator.upbit.order_request import OrderRequest, parse_order_request
from exchanges.simulator.upbit.rate_limits import Group
from exchanges.simulator.upbit.refusal import Refusal, validation_error
from exchanges.simulator.upbit.shapes import (
    account_json,
    chance_json,
    listed_order_json,
    order_json,
    order_with_trades_json,
)

CLOSED_WINDOW = timedelta(days=7)
"""Longest span that ``orders/closed`` looks at (Upbit docs, list closed orders)."""
MAX_IDS = 100


class Fields:
    """Parameters of a call: by name, without brackets, empty values left out."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if value != "":
                self._values.setdefault(name.removesuffix("[]"), []).append(value)

    def one(self, name: str) -> str | None:
        """The value of ``name``, None when absent."""
        values = self._values.get(name)
        return values[0] if values else None

    def many(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def single(self) -> dict[str, str]:
        """The first value of each name."""
        return {name: values[0] for name, values in self._values.items()}


Answer = Callable[[UpbitAccount, Fields, Decimal | None], Any]


class ExchangeApi:
    """Answers by method and path; each raises Refusal."""

    def __init__(self, engine: UpbitEngine) -> None:
        self._engine = engine
        default = Group.DEFAULT
        self.routes: Mapping[tuple[str, str], tuple[Group, int, Answer]] = {
            ("GET", "/v1/accounts"): (default, 200, self._accounts),
            ("GET", "/v1/orders/chance"): (default, 200, self._chance),
            ("POST", "/v1/orders"): (Group.ORDER, 201, self._create),
            ("POST", "/v1/orders/test"): (Group.ORDER_TEST, 201, self._test),
            ("GET", "/v1/order"): (default, 200, self._order),
            ("DELETE", "/v1/order"): (default, 200, self._cancel),
            ("GET", "/v1/orders/open"): (default, 200, self._open),
            ("GET", "/v1/orders/closed"): (default, 200, self._closed),
            ("GET", "/v1/orders/uuids"): (default, 200, self._by_ids),
        }

    def spoil(self, account: UpbitAccount, fields: Fields) -> None:
        """A rejected attempt uses up its identifier too."""
        self._engine.use_identifier(account, fields.one("identifier"))

    def _accounts(self, account: UpbitAccount, fields: Fields, share: Decimal | None) -> Any:
        ledger = account.ledger
        coins = [name for name in ledger.currencies() if name != "KRW" and ledger.total(name)]
        return [account_json(account, currency) for currency in ("KRW", *coins)]

    def _chance(self, account: UpbitAccount, fields: Fields, share: Decimal | None) -> Any:
        return chance_json(account, self._listing(fields))

    def _create(self, account: UpbitAccount, fields: Fields, share: Decimal | None) -> Any:
        request = self._request(fields)
        self._engine.use_identifier(account, request.identifier)
        return order_json(self._engine.place(account, request, share))

    def _test(self, account: UpbitAccount, fields: Fields, share: Decimal | None) -> Any:
        return order_json(self._engine.rehearse(account, self._request(fields)))

    def _order(self, account: UpbitAccount, fields: Fields, share: Decimal | None) -> Any:
        return order_with_trades_json(self._find(account, fields))

    def _cancel(self, account: UpbitAccount, fields: Fields, share: Decimal | None) -> Any:
        return order_json(self._engine.cancel(account, self._find(account, fields)))

    def _open(self, account: UpbitAccount, fields: Fields, share: Decimal | None) -> Any:
        states = fields.many("states") or fields.many("state") or ["wait"]
        _check_states(states, ("wait", "watch"))
        orders = list(account.open.values()) if "wait" in states else []
        orders = self._of_market(orders, fields)
        page, limit = _whole(fields, "page", 1, 10_000), _whole(fields, "limit", 100, 100)
        shown = _ordered(orders, fields)[(page - 1) * limit : page * limit]
        return [listed_order_json(order) for order in shown]

    def _closed(self, account: UpbitAccount, fields: Fields, share: Decimal | None) -> Any:
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
        shown = _ordered(self._of_market(orders, fields), fields)
        return [listed_order_json(order) for order in shown[: _whole(fields, "limit", 100, 1000)]]

    def _by_ids(self, account: UpbitAccount, fields: Fields, share: Decimal | None) -> Any:
        uuids, identifiers = fields.many("uuids"), fields.many("identifiers")
        if not uuids and not identifiers:
            raise validation_error("uuids or identifiers is missing")
        if len(uuids) + len(identifiers) > MAX_IDS:
            raise validation_error(f"at most {MAX_IDS} uuids or identifiers are allowed")
        found = [account.orders.get(order_uuid) for order_uuid in uuids] if uuids else [
            account.identifiers.get(identifier) for identifier in identifiers
        ]  # fmt: skip
        orders = self._of_market([order for order in found if order is not None], fields)
        return [listed_order_json(order) for order in _ordered(orders, fields)]

    def _find(self, account: UpbitAccount, fields: Fields) -> SimulatedOrder:
        return self._engine.find(account, fields.one("uuid"), fields.one("identifier"))

    def _request(self, fields: Fields) -> OrderRequest:
        return parse_order_request(fields.single(), self._listing(fields))

    def _listing(self, fields: Fields) -> Listing:
        name = fields.one("market")
        if name is None:
            raise validation_error("market is missing")
        try:
            return self._engine.market.listing(Venue.UPBIT, name)
        except UnknownMarket:
            raise Refusal(404, "market_does_not_exist", "존재하지 않는 마켓입니다.") from None

    def _of_market(self, orders: list[SimulatedOrder], fields: Fields) -> list[SimulatedOrder]:
        if fields.one("market") is None:
            return orders
        native = self._listing(fields).native
        return [order for order in orders if order.request.market == native]

    def _window(self, fields: Fields) -> tuple[datetime, datetime]:
        """Seven days that begin at ``start_time`` or end at ``end_time`` (else now)."""
        start, end = _time(fields, "start_time"), _time(fields, "end_time")
        if end is None:
            end = self._engine.clock.now() if start is None else start + CLOSED_WINDOW
        if start is None:
            start = end - CLOSED_WINDOW
        if not start <= end <= start + CLOSED_WINDOW:
            raise validation_error("start_time and end_time must not be over 7 days apart")
        return start, end


def _ordered(orders: list[SimulatedOrder], fields: Fields) -> list[SimulatedOrder]:
    """Newest first unless ``order_by=asc``."""
    order_by = fields.one("order_by") or "desc"
    if order_by not in ("asc", "desc"):
        raise validation_error("order_by does not have a valid value")
    return orders if order_by == "asc" else orders[::-1]


def _check_states(states: Sequence[str], allowed: Sequence[str]) -> None:
    if any(state not in allowed for state in states):
        raise validation_error("state does not have a valid value")


def _whole(fields: Fields, name: str, default: int, most: int) -> int:
    text = fields.one(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= most):
        raise validation_error(f"{name} does not have a valid value")
    return int(text)


def _time(fields: Fields, name: str) -> datetime | None:
    """ISO-8601 or Unix milliseconds."""
    text = fields.one(name)
    if text is None:
        return None
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise validation_error(f"{name} does not have a valid value") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
