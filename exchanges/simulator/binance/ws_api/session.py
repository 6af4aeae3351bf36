"""One connection of the WebSocket API: requests in, replies out, each when it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import orjson

from exchanges.instrument import Venue
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.call import Route
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.streams.connection import ServedConnection
from exchanges.simulator.binance.ws_api.frame import BadFrame, WsRequest, parse_request
from exchanges.simulator.binance.ws_api.methods import CHANGING, METHODS
from exchanges.simulator.binance.ws_api.reply import answers, content, rate_limits, refusal
from exchanges.simulator.binance.ws_api.sign_in import SignIn
from exchanges.simulator.faults import ConnectionRefused, Fault, Faults, Vanish, with_faults
from exchanges.simulator.request_log import RequestLog
from exchanges.transport import Request, Response
from exchanges.web_socket import Frame

SESSION_WEIGHT = 2


class CarryOut(Protocol):
    """The venue's own handling of a request, whatever wire it came on. Raises Refused."""

    def __call__(
        self,
        route: Route,
        params: Mapping[str, str],
        authenticate: Callable[[], VenueAccount | None],
        fault: Fault | None,
        headers: dict[str, str],
    ) -> Any: ...


class WsApiSession:
    def __init__(
        self,
        engine: BinanceEngine,
        faults: Faults,
        log: RequestLog,
        connection: ServedConnection,
        routes: Mapping[tuple[str, str], Route],
        carry_out: CarryOut,
        *,
        return_rate_limits: bool,
    ) -> None:
        self._engine = engine
        self._faults = faults
        self._log = log
        self._connection = connection
        self._routes = routes
        self._carry_out = carry_out
        self._return_rate_limits = return_rate_limits
        self._sign_in = SignIn(engine, connection.connected_ms)
        self._under_way: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Until the connection ends; requests that have arrived are carried out even so."""
        await self._connection.serve(self._hear)

    def _hear(self, frame: Frame) -> None:
        try:
            request = parse_request(frame)
        except BadFrame as bad:
            self._connection.send({"id": bad.request_id, **content(refusal(bad.refused, 0))})
            return
        task = asyncio.create_task(self._answer(request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _answer(self, request: WsRequest) -> None:
        params = request.params
        client_id = params.get("newClientOrderId") or params.get("origClientOrderId")
        self._log.record(Venue.BINANCE, "WS", request.method, client_id)
        headers: dict[str, str] = {}

        async def process(_: Request, fault: Fault | None) -> Response:
            return self._process(request, fault, headers)

        try:
            response = await with_faults(
                process,
                Request("WS", request.method),
                venue=Venue.BINANCE,
                faults=self._faults,
                answers=answers(self._engine.now_ms()),
            )
        except Vanish:
            return
        except ConnectionRefused:
            self._connection.cut()
            return
        reply = {"id": request.id, **content(response)}
        wanted = params.get("returnRateLimits", "").lower()
        if wanted == "true" or (wanted != "false" and self._return_rate_limits):
            reply["rateLimits"] = rate_limits(headers)
        # A reply can be lost on its way like an event of a stream: a fault names it "WS <method>".
        self._connection.send(reply, f"WS {request.method}")

    def _process(
        self, request: WsRequest, fault: Fault | None, headers: dict[str, str]
    ) -> Response:
        self._engine.market.tick()
        self._engine.advance()
        if request.method in CHANGING:
            self._engine.changes += 1
        try:
            result = self._result(request, fault, headers)
        except Refused as refused:
            return refusal(refused, self._engine.now_ms())
        return Response(200, {}, orjson.dumps({"result": result}))

    def _result(self, request: WsRequest, fault: Fault | None, headers: dict[str, str]) -> Any:
        params = request.params
        if request.method.startswith("session."):
            route = Route(lambda _: self._session(request), SESSION_WEIGHT, signed=False)
            return self._carry_out(route, params, lambda: None, fault, headers)
        where = METHODS.get(request.method)
        route_of = None if where is None else self._routes.get(where)
        if route_of is None:
            raise Refused(-5000, "/ws-fapi/v1", request.method.encode("utf-8", "replace").decode())

        def authenticate() -> VenueAccount | None:
            if not route_of.signed and not route_of.keyed:
                return None
            return self._sign_in.caller(params, signed=route_of.signed)

        result = self._carry_out(route_of, params, authenticate, fault, headers)
        return self._with_book_id(result) if request.method == "ticker.book" else result

    def _session(self, request: WsRequest) -> dict[str, Any]:
        match request.method:
            case "session.logon":
                self._sign_in.log_on(request.params)
            case "session.logout":
                self._sign_in.log_out()
            case "session.status":
                pass
            case _:
                raise Refused(-5000, "/ws-fapi/v1", request.method)
        return self._sign_in.status(return_rate_limits=self._return_rate_limits)

    def _with_book_id(self, result: Any) -> Any:
        """Over this wire the best prices come with the number of the book's last change."""
        if isinstance(result, list):
            return [self._with_book_id(one) for one in result]
        return {"lastUpdateId": self._engine.books.view(result["symbol"]).update_id} | result
