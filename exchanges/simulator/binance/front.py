"""The simulated venue's REST language: routing, counting, signature, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import orjson

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.binance import (
    routes_account,
    routes_algo,
    routes_listen_key,
    routes_market,
    routes_orders,
)
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.call import Call, Route
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.rate_limits import WEIGHT_PER_MINUTE, RateLimits
from exchanges.simulator.binance.refusal import TEXTS, Refused, banned
from exchanges.simulator.binance.signature import api_key, check_signed
from exchanges.simulator.binance.streams.address import parse_address
from exchanges.simulator.binance.streams.hub import StreamHub
from exchanges.simulator.binance.ws_api.api import WsApi
from exchanges.simulator.faults import Answers, Fault, FaultKind, Faults, with_faults
from exchanges.simulator.front import Conversation, HandshakeRefused
from exchanges.simulator.request_log import RequestLog
from exchanges.transport import Request, Response

ROUTES: Mapping[tuple[str, str], Route] = {
    **routes_market.ROUTES,
    **routes_orders.ROUTES,
    **routes_algo.ROUTES,
    **routes_account.ROUTES,
    **routes_listen_key.ROUTES,
}

_SWITCHING = 101
NO_MONEY_CODE = -2019
THROTTLED_CODE = -1008


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
        self._streams = StreamHub(engine, faults, clock)
        self._ws_api = WsApi(engine, faults, request_log, self._streams, ROUTES, self.carry_out)
        self._answers = Answers(
            server_error=lambda: _refusal(Refused(-1000)),
            status_unknown=lambda: _response(503, _UNKNOWN, {}),
            maintenance=lambda: _response(503, _UNAVAILABLE, {}),
            limited=self._limited,
        )
        engine.is_halted = lambda symbol: faults.holds(FaultKind.HALT_MARKET, Venue.BINANCE, symbol)

    async def handle(self, request: Request) -> Response:
        """Raises :class:`exchanges.simulator.faults.Vanish` when no answer is to come."""
        params = _params(request)
        client_id = params.get("newClientOrderId") or params.get("origClientOrderId")
        self._log.record(Venue.BINANCE, request.method, request.path, client_id)
        process = partial(self._process, params)
        return await with_faults(
            process, request, venue=Venue.BINANCE, faults=self._faults, answers=self._answers
        )

    async def accept(self, handshake: Request) -> Conversation:
        """Open a stream connection or one of the WebSocket API. Raises HandshakeRefused."""
        opened: list[Conversation] = []

        async def open_(request: Request, fault: Fault | None) -> Response:
            if fault is not None:
                return _refusal(_told_to_refuse(fault))
            conversation = self._conversation(request)
            if conversation is None:
                return _refusal(Refused(-5000, request.path, request.method))
            opened.append(conversation)
            return _response(_SWITCHING, None, {})

        response = await with_faults(
            open_, handshake, venue=Venue.BINANCE, faults=self._faults, answers=self._answers
        )
        if response.status != _SWITCHING:
            raise HandshakeRefused(response)
        return opened[0]

    def _conversation(self, handshake: Request) -> Conversation | None:
        address = parse_address(handshake)
        if address is not None:
            return self._streams.streams(address)
        return self._ws_api.conversation(handshake)

    async def _process(
        self, params: Mapping[str, str], request: Request, fault: Fault | None
    ) -> Response:
        self._engine.market.tick()
        self._engine.advance()
        if request.method != "GET":
            self._engine.changes += 1
        headers: dict[str, str] = {}
        try:
            answer = self._answer(request, params, fault, headers)
        except Refused as refused:
            return _refusal(refused, headers)
        return _response(200, answer, headers)

    def _answer(
        self,
        request: Request,
        params: Mapping[str, str],
        fault: Fault | None,
        headers: dict[str, str],
    ) -> Any:
        route = ROUTES.get((request.method, request.path))
        if route is None:
            path = request.path.encode("utf-8", "replace").decode()
            raise Refused(-5000, path, request.method)
        return self.carry_out(
            route, params, lambda: self._caller(request, params, route), fault, headers
        )

    def carry_out(
        self,
        route: Route,
        params: Mapping[str, str],
        authenticate: Callable[[], VenueAccount | None],
        fault: Fault | None,
        headers: dict[str, str],
    ) -> Any:
        """Count a request, ask whose it is and answer it, over whatever wire it came; the
        counters are written to ``headers``. Raises Refused."""
        now_ms = self._now_ms()
        try:
            self._limits.check_ban(now_ms)
            self._limits.spend_weight(now_ms, route.weigh(params))
        finally:
            headers.update(self._limits.weight_headers(now_ms))
        if route.funding_pool:
            self._limits.count_funding_read(now_ms)
        caller = authenticate()
        if caller is not None and route.order_count is not None:
            self._count_orders(caller, route.order_count, now_ms, headers)
        fraction = None
        if fault is not None and fault.kind is FaultKind.PARTIAL:
            fraction = fault.fraction
        elif fault is not None and not _is_exempt(fault, caller, params):
            raise _told_to_refuse(fault)
        return route.handler(Call(self._engine, params, caller, fraction))

    def _caller(
        self, request: Request, params: Mapping[str, str], route: Route
    ) -> VenueAccount | None:
        if not route.signed and not route.keyed:
            return None
        account = self._engine.account(api_key(request))
        if account.secret is None:
            raise Refused(-2015)
        if route.signed:
            check_signed(request, params, account.secret, self._engine.now_ms())
        return account

    def _now_ms(self) -> int:
        """For the limits: a shifted venue clock must not open their windows."""
        return int(self._clock.now().timestamp() * 1_000)

    def _count_orders(
        self,
        caller: VenueAccount,
        counts: tuple[int, int],
        now_ms: int,
        headers: dict[str, str],
    ) -> None:
        try:
            self._limits.count_order(caller.key, now_ms, counts)
        finally:
            headers.update(self._limits.order_headers(caller.key, now_ms))

    def _limited(self, seconds: int, is_ban: bool) -> Response:
        now_ms = self._now_ms()
        if is_ban:
            return _refusal(banned(now_ms + seconds * 1_000, now_ms))
        headers = {"retry-after": str(seconds)}
        return _refusal(Refused(-1003, WEIGHT_PER_MINUTE, "minute", headers=headers))


def _told_to_refuse(fault: Fault) -> Refused:
    """The refusal of a ``reject`` fault, args ``code`` (default -2019) and ``message``, or of an
    ``insufficient`` one."""
    code = int(fault.args.get("code", NO_MONEY_CODE))
    message = fault.args.get("message", TEXTS.get(code, "Rejected."))
    return Refused(code, message=str(message))


def _is_exempt(fault: Fault, caller: VenueAccount | None, params: Mapping[str, str]) -> bool:
    """What only closes passes while the venue throttles (Binance docs, -1008)."""
    if fault.args.get("code") != THROTTLED_CODE or caller is None:
        return False
    flags = (params.get(name, "").lower() for name in ("reduceOnly", "closePosition"))
    closes = (params.get("positionSide"), params.get("side")) in (
        ("LONG", "SELL"),
        ("SHORT", "BUY"),
    )
    return "true" in flags or closes


def _params(request: Request) -> dict[str, str]:
    """Query and form body; the query wins, as the venue documents."""
    params: dict[str, str] = {}
    for form in (request.body.decode("utf-8", "replace"), request.query):
        if form:
            params.update(parse_qsl(form, keep_blank_values=True))
    return params


def _refusal(refused: Refused, headers: Mapping[str, str] | None = None) -> Response:
    body = {"code": refused.code, "msg": refused.message}
    return _response(refused.status, body, {**(headers or {}), **refused.headers})


def _response(status: int, body: Any, headers: Mapping[str, str]) -> Response:
    return Response(
        status,
        {"content-type": "application/json", **headers},
        orjson.dumps(body),
    )


_UNKNOWN = {
    "code": 0,
    "msg": "Unknown error, please check your request or try again later.",
}
_UNAVAILABLE = {"code": 0, "msg": "Service Unavailable."}
