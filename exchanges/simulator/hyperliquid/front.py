"""The simulated Hyperliquid as seen over HTTP and WebSocket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.faults import (
    Answers,
    ConnectionRefused,
    Fault,
    FaultKind,
    Faults,
    Process,
    Vanish,
    with_faults,
)
from exchanges.simulator.front import Channel, Conversation, HandshakeRefused
from exchanges.simulator.hyperliquid.actions import Action
from exchanges.simulator.hyperliquid.address_budget import entries
from exchanges.simulator.hyperliquid.books import Books
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.exchange_api import ExchangeApi
from exchanges.simulator.hyperliquid.feeds import Feeds
from exchanges.simulator.hyperliquid.info_api import InfoApi
from exchanges.simulator.hyperliquid.refusal import BadRequest, Malformed
from exchanges.simulator.hyperliquid.request_body import named_order, read_body
from exchanges.simulator.hyperliquid.session import Session
from exchanges.simulator.hyperliquid.weights import (
    TooHeavy,
    Weights,
    action_weight,
    info_weight,
)
from exchanges.simulator.request_log import RequestLog
from exchanges.transport import Request, Response

NO_HEADERS: Mapping[str, str] = {}
STREAM_PATH = "/ws"


class HyperliquidFront:
    """Answers as the venue does; pure, the server or a test carries the bytes."""

    def __init__(
        self,
        engine: HyperliquidEngine,
        faults: Faults,
        clock: Clock,
        request_log: RequestLog,
        *,
        is_mainnet: bool = True,
    ) -> None:
        """``is_mainnet``: signatures for the other network are somebody else's."""
        self._engine = engine
        self._faults = faults
        self._clock = clock
        self._log = request_log
        self._weights = Weights()
        books = Books(engine, faults)
        self._exchange = ExchangeApi(engine, is_mainnet=is_mainnet)
        self._info = InfoApi(engine, books)
        self._feeds = Feeds(engine, books, self._info)
        self._sessions: set[Session] = set()
        engine.book.is_halted = lambda coin: faults.holds(
            FaultKind.HALT_MARKET, Venue.HYPERLIQUID, coin
        )
        engine.market.subscribe(self._wake)
        engine.events.subscribe(lambda _: self._wake())
        faults.subscribe(self._wake)

    async def handle(self, request: Request) -> Response:
        """Raises Vanish when no answer is to come, ConnectionRefused when nobody listens."""
        self._log.record(Venue.HYPERLIQUID, request.method, request.path, named_order(request.body))
        return await self._with_faults(request)

    async def accept(self, handshake: Request) -> Conversation:
        """Raises HandshakeRefused, and what :meth:`handle` raises."""
        self._log.record(Venue.HYPERLIQUID, handshake.method, handshake.path)
        if handshake.path != STREAM_PATH:
            raise HandshakeRefused(_text(404, ""))

        async def opened(_request: Request, _fault: Fault | None) -> Response:
            return _text(101, "")

        answer = await self._faulty(opened, handshake)
        if answer.status != 101:
            raise HandshakeRefused(answer)
        return self._converse

    async def _converse(self, channel: Channel) -> None:
        session = Session(self._engine, self._feeds, self._faults, self._clock, channel, self.post)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    async def post(self, kind: str, payload: object) -> tuple[str, Any] | None:
        """Answer a request that came over a WebSocket: the type of the answer and its payload, or
        None when there is none. To faults its endpoint is ``"WS /exchange"`` or ``"WS /info"``."""
        path = "/exchange" if kind == "action" else "/info"
        body = json.dumps(payload, default=float).encode()
        request = Request("WS", path, "", {"content-type": "application/json"}, body)
        self._log.record(Venue.HYPERLIQUID, "WS", path, named_order(body))
        try:
            response = await self._with_faults(request)
        except (Vanish, ConnectionRefused):
            return None
        if response.status != 200:
            return "error", f"{response.status} {response.body.decode()}"
        answer = orjson.loads(response.body)
        if kind == "info" and isinstance(payload, dict):
            return kind, {"type": payload.get("type"), "data": answer}
        return kind, answer

    async def _with_faults(self, request: Request) -> Response:
        return await self._faulty(self._process, request)

    async def _faulty(self, process: Process, request: Request) -> Response:
        return await with_faults(
            process, request, venue=Venue.HYPERLIQUID, faults=self._faults, answers=_ANSWERS
        )

    async def _process(self, request: Request, fault: Fault | None) -> Response:
        self._engine.market.tick()
        self._engine.catch_up()
        try:
            return _json(self._answer(request, fault))
        except BadRequest as bad:
            return _text(bad.status, bad.text)
        except TooHeavy as heavy:
            return _too_many(heavy.retry_after)

    def _answer(self, request: Request, fault: Fault | None) -> Any:
        if request.path not in ("/exchange", "/info"):
            raise BadRequest(404, "")
        if request.method not in ("POST", "WS"):
            raise BadRequest(405, "")
        body = read_body(request)
        if request.path == "/exchange":
            return self._exchange.answer(body, fault, self._weigh)
        kind = body.get("type") if isinstance(body, dict) else None
        self._weights.spend(info_weight(kind), self._now_ms())
        if fault is not None and fault.kind is FaultKind.REJECT:
            raise (
                Malformed
                if "message" not in fault.args
                else BadRequest(422, str(fault.args["message"]))
            )
        answer = self._info.answer(body)
        if isinstance(answer, list):
            self._weights.add_rows(kind, len(answer), self._now_ms())
        return answer

    def _weigh(self, action: Action) -> None:
        self._weights.spend(action_weight(entries(action)), self._now_ms())

    def _now_ms(self) -> int:
        """For the limits: a shifted venue clock must not open their windows."""
        return int(self._clock.now().timestamp() * 1_000)

    def _wake(self) -> None:
        for session in tuple(self._sessions):
            session.wake()


def _json(content: Any, *, status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    return Response(status, {"content-type": "application/json", **headers}, orjson.dumps(content))


def _text(status: int, text: str) -> Response:
    return Response(status, {"content-type": "text/plain; charset=utf-8"}, text.encode())


def _html(status: int, title: str) -> Response:
    """What the venue's proxies say in its place."""
    heading = f"{status} {title}"
    page = (
        f"<html>\r\n<head><title>{heading}</title></head>\r\n<body>\r\n"
        f"<center><h1>{heading}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(status, {"content-type": "text/html"}, page.encode())


def _too_many(seconds: str) -> Response:
    """A real 429 has the body ``null`` (measured); the waiting time is ours, for clients that
    look for it."""
    return _json(None, status=429, headers={"retry-after": seconds})


def _limited(seconds: int, banned: bool) -> Response:
    """The venue knows no bans of its own; its proxy has a 403."""
    return _html(403, "Forbidden") if banned else _too_many(str(seconds))


_ANSWERS = Answers(
    server_error=lambda: _json(None, status=500),
    status_unknown=lambda: _html(503, "Service Temporarily Unavailable"),
    maintenance=lambda: _html(502, "Bad Gateway"),
    limited=_limited,
)
