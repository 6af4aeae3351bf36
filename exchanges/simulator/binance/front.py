"""The simulated venue's REST language: routing, counting, signature, answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.binance import routes_account, routes_market, routes_orders
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.call import Call, Route
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.rate_limits import RateLimits
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.signature import api_key, check_signed
from exchanges.simulator.faults import Answers, Fault, FaultKind, Faults, with_faults
from exchanges.simulator.front import Conversation, HandshakeRefused
from exchanges.simulator.request_log import RequestLog
from exchanges.transport import Request, Response

ROUTES: Mapping[tuple[str, str], Route] = {
    **routes_market.ROUTES,
    **routes_orders.ROUTES,
    **routes_account.ROUTES,
}

DEFAULT_REJECT_CODE = -2019
_SERVER_ERROR = {
    "code": -1000,
    "msg": "An unknown error occurred while processing the request.",
}


class BinanceFront:
    """Answers requests as Binance USDⓈ-M does; pure, the server or a test carries the bytes."""

    def __init__(
        self, engine: BinanceEngine, faults: Faults, clock: Clock, request_log: RequestLog
    ) -> None:
        self._engine = engine
        self._faults = faults
        self._clock = clock
        self._log = request_log
        self._limits = RateLimits()

    async def handle(self, request: Request) -> Response:
        """Raises :class:`exchanges.simulator.faults.Vanish` when no answer is to come."""
        params = _params(request)
        client_id = params.get("newClientOrderId") or params.get("origClientOrderId")
        self._log.record(Venue.BINANCE, request.method, request.path, client_id)
        return await with_faults(
            self._process, request, venue=Venue.BINANCE, faults=self._faults, answers=_ANSWERS
        )

    async def accept(self, handshake: Request) -> Conversation:
        """Raises HandshakeRefused."""
        raise HandshakeRefused(_response(404, {"code": -5000, "msg": "Not found."}, {}))

    async def _process(self, request: Request, fault: Fault | None) -> Response:
        self._engine.market.tick()
        if request.method != "GET":
            self._engine.changes += 1
        headers: dict[str, str] = {}
        try:
            answer = self._answer(request, fault, headers)
        except Refused as refused:
            body = {"code": refused.code, "msg": refused.message}
            return _response(refused.status, body, headers | refused.headers)
        return _response(200, answer, headers)

    def _answer(self, request: Request, fault: Fault | None, headers: dict[str, str]) -> Any:
        route = ROUTES.get((request.method, request.path))
        if route is None:
            path = request.path.encode("utf-8", "replace").decode()
            raise Refused(-5000, path, request.method, status=404)
        params, now_ms = _params(request), self._now_ms()
        try:
            self._limits.spend_weight(now_ms, route.weigh(params))
        finally:
            headers.update(self._limits.weight_headers(now_ms))
        caller = self._caller(request, params) if route.signed else None
        if caller is not None and route.order_route:
            self._count_orders(caller, params, now_ms, headers)
        if fault is not None and fault.kind is FaultKind.REJECT:
            raise _told_to_refuse(fault)
        fraction = fault.fraction if fault is not None else None
        return route.handler(Call(self._engine, params, caller, fraction))

    def _caller(self, request: Request, params: Mapping[str, str]) -> VenueAccount:
        account = self._engine.account(api_key(request))
        if account.secret is None:
            raise Refused(-2015, status=401)
        check_signed(request, params, account.secret, self._engine.now_ms())
        return account

    def _now_ms(self) -> int:
        """For the limits: a shifted venue clock must not open their windows."""
        return int(self._clock.now().timestamp() * 1_000)

    def _count_orders(
        self, caller: VenueAccount, params: Mapping[str, str], now_ms: int, headers: dict[str, str]
    ) -> None:
        batch = "batchOrders" in params
        orders = len(routes_orders.batch_orders(params)) if batch else 1
        try:
            self._limits.count_order(caller.key, now_ms, orders)
        finally:
            headers.update(self._limits.order_headers(caller.key, now_ms))


def _told_to_refuse(fault: Fault) -> Refused:
    """The refusal of a ``reject`` fault: args ``code`` (default -2019) and ``message``."""
    refused = Refused(DEFAULT_REJECT_CODE)
    refused.code = int(fault.args.get("code", DEFAULT_REJECT_CODE))
    refused.message = str(fault.args.get("message", refused.message))
    return refused


def _params(request: Request) -> dict[str, str]:
    """Query and form body; the query wins, as the venue documents."""
    body = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    query = parse_qsl(request.query, keep_blank_values=True)
    return dict(body) | dict(query)


def _response(status: int, body: Any, headers: Mapping[str, str]) -> Response:
    return Response(
        status,
        {"content-type": "application/json", **headers},
        orjson.dumps(body),
    )


def _limited(seconds: int, banned: bool) -> Response:
    message = "Too many requests."
    body = {"code": -1003, "msg": message}
    return _response(418 if banned else 429, body, {"retry-after": str(seconds)})


_ANSWERS = Answers(
    server_error=_response(500, _SERVER_ERROR, {}),
    status_unknown=_response(
        503,
        {"code": 0, "msg": "Unknown error, please check your request or try again later."},
        {},
    ),
    maintenance=_response(503, {"code": 0, "msg": "Service Unavailable."}, {}),
    limited=_limited,
)
