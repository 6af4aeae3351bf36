"""The simulated Upbit as seen over HTTP and WebSocket: routes, tokens, limits, envelopes."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from typing import Any
from urllib.parse import parse_qsl

import orjson

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.faults import Answers, Fault, FaultKind, Faults, with_faults
from exchanges.simulator.front import Conversation, HandshakeRefused
from exchanges.simulator.request_log import RequestLog
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.auth import Authenticator, body_text, parse_body, query_text
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.exchange_api import ExchangeApi, rejection
from exchanges.simulator.upbit.fields import Fields
from exchanges.simulator.upbit.number_json import to_bytes
from exchanges.simulator.upbit.order_book import ShownBooks
from exchanges.simulator.upbit.quotation import Quotation
from exchanges.simulator.upbit.rate_limits import (
    EVERYONE,
    Group,
    RateLimits,
    banned,
    too_many_requests,
)
from exchanges.simulator.upbit.refusal import Refusal, bad_quotation, validation_error
from exchanges.simulator.upbit.streams import Streams
from exchanges.transport import Request, Response

PUBLIC_STREAM, PRIVATE_STREAM = "/websocket/v1", "/websocket/v1/private"
SWITCHING = 101
_OF_QUOTATIONS = {
    "content-type": "application/json;charset=UTF-8",
    "vary": "origin,access-control-request-method,access-control-request-headers,accept-encoding",
    "limit-by-ip": "Yes",
    "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
}
"""Headers of an answer printed in Upbit docs, "First API call"."""
_MUST_BE_ENCODED = (":", "+")
"""Read as something else, or not at all, when they stand in a query as they are."""


class UpbitFront:
    """Pure: a request in, a response out (or Vanish, when a fault says that none comes)."""

    def __init__(
        self, engine: UpbitEngine, faults: Faults, clock: Clock, request_log: RequestLog
    ) -> None:
        self._engine = engine
        self._faults = faults
        self._clock = clock
        self._log = request_log
        self._limits = RateLimits(clock)
        self._authenticator = Authenticator(self._secret_of)
        engine.is_halted = partial(faults.holds, FaultKind.HALT_MARKET, Venue.UPBIT)
        books = ShownBooks(engine.market, engine.clock, faults)
        self._exchange_api = ExchangeApi(engine, faults)
        self._quotation = Quotation(engine, books)
        self._streams = Streams(engine, books, faults, clock)
        self._answers = {is_quotation: self._told(is_quotation) for is_quotation in (False, True)}

    async def handle(self, request: Request) -> Response:
        """Answer one request. Raises Vanish."""
        self._log.record(Venue.UPBIT, request.method, request.path, _identifier(request))
        arrived = self._clock.monotonic()
        answers = self._answers[self._is_quotation(request)]
        response = await with_faults(
            self._process, request, venue=Venue.UPBIT, faults=self._faults, answers=answers
        )
        took = {"x-runtime": f"{self._clock.monotonic() - arrived:.6f}"}
        return Response(response.status, {**response.headers, **took}, response.body)

    async def accept(self, handshake: Request) -> Conversation:
        """Raises HandshakeRefused, and Vanish."""
        self._log.record(Venue.UPBIT, handshake.method, handshake.path, None)
        opened: list[Conversation] = []

        async def process(request: Request, fault: Fault | None) -> Response:
            try:
                if fault is not None and fault.kind is FaultKind.REJECT:
                    raise rejection(fault, "validation_error")
                opened.append(self._streams.conversation(self._admit(request)))
                return Response(SWITCHING, {}, b"")
            except Refusal as refusal:
                return self._refused(refusal)

        response = await with_faults(
            process, handshake, venue=Venue.UPBIT, faults=self._faults, answers=self._answers[False]
        )
        if response.status != SWITCHING:
            raise HandshakeRefused(response)
        return opened[0]

    def _admit(self, handshake: Request) -> str | None:
        """The access key of who opens a private WebSocket, None for a public one. Raises
        Refusal."""
        headers = _lower(handshake)
        if handshake.path not in (PUBLIC_STREAM, PRIVATE_STREAM):
            raise _no_such_call()
        key = None
        if handshake.path == PRIVATE_STREAM:
            key = self._authenticator.access_key(headers.get("authorization"), "")
        if "origin" in headers:
            self._limits.take(Group.ORIGIN, EVERYONE)
        self._limits.take(Group.WEBSOCKET_CONNECT, key or EVERYONE)
        return key

    def _told(self, is_quotation: bool) -> Answers:
        def envelope(status: int, name: str, message: str) -> Response:
            return self._refused(Refusal(status, status if is_quotation else name, message))

        def limited(seconds: int, is_ban: bool) -> Response:
            refusal = banned(seconds) if is_ban else too_many_requests(seconds=seconds)
            return self._refused(_numbered(refusal) if is_quotation else refusal)

        server_error = partial(envelope, 500, "server_error", "서버 오류입니다.")
        maintenance = partial(envelope, 503, "server_maintenance", "서버 점검 중입니다.")
        return Answers(server_error, server_error, maintenance, limited)

    def _is_quotation(self, request: Request) -> bool:
        return request.method == "GET" and request.path in self._quotation.routes

    async def _process(self, request: Request, fault: Fault | None) -> Response:
        self._engine.market.tick()
        try:
            if self._is_quotation(request):
                return self._process_quotation(request, fault)
            return self._process_signed(request, fault)
        except Refusal as refusal:
            return self._refused(refusal)

    def _process_quotation(self, request: Request, fault: Fault | None) -> Response:
        group, answer = self._quotation.routes[request.path]
        headers = _lower(request)
        if fault is not None and fault.kind is FaultKind.REJECT:
            raise rejection(fault, 400)
        try:
            remaining = self._limits.take(Group.ORIGIN if "origin" in headers else group, EVERYONE)
        except Refusal as refusal:
            raise _numbered(refusal) from None
        extra = {**_OF_QUOTATIONS, "remaining-req": remaining}
        try:
            if any(sign in request.query for sign in _MUST_BE_ENCODED):
                raise bad_quotation("Invalid parameter")
            body = to_bytes(answer(dict(parse_qsl(request.query))))
        except Refusal as refusal:
            return self._refused(refusal, extra)
        if "gzip" in headers.get("accept-encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            extra["content-encoding"] = "gzip"
        return self._respond(200, body, extra)

    def _process_signed(self, request: Request, fault: Fault | None) -> Response:
        route = self._exchange_api.routes.get((request.method, request.path))
        if route is None:
            raise _no_such_call()
        headers = _lower(request)
        if request.method == "POST":
            if not headers.get("content-type", "").startswith("application/json"):
                raise validation_error("Content-Type: expected application/json")
            body = parse_body(request.body)
            text, fields = body_text(body), Fields.of_body(body)
        else:
            if any(sign in request.query for sign in _MUST_BE_ENCODED):
                raise validation_error("Invalid parameter")
            text, fields = query_text(request.query), Fields(parse_qsl(request.query))
        account = self._account(self._authenticator.access_key(headers.get("authorization"), text))
        extra = {"remaining-req": self._limits.take(route.group, account.key)}
        try:
            content = self._exchange_api.answer(route, account, fields, fault)
        except Refusal as refusal:
            return self._refused(refusal, extra)
        return self._respond(route.status, orjson.dumps(content), extra)

    def _account(self, key: str) -> UpbitAccount:
        account = self._engine.account(key)
        if account is None:
            raise LookupError(f"no account has the key {key!r} that was just authenticated")
        return account

    def _secret_of(self, key: str) -> str | None:
        account = self._engine.account(key)
        return None if account is None else account.secret

    def _refused(self, refusal: Refusal, extra: Mapping[str, str] | None = None) -> Response:
        body = {"error": {"name": refusal.name, "message": refusal.message}}
        return self._respond(
            refusal.status, orjson.dumps(body), {**(extra or {}), **refusal.headers}
        )

    def _respond(self, status: int, body: bytes, extra: Mapping[str, str]) -> Response:
        headers = {
            "content-type": "application/json; charset=utf-8",
            "date": _date(self._engine.clock.now().replace(microsecond=0)),
            "vary": "Origin",
            "x-request-id": str(uuid.uuid4()),
            **extra,
        }
        return Response(status, headers, body)


@lru_cache(maxsize=8)
def _date(second: datetime) -> str:
    return format_datetime(second, usegmt=True)


def _lower(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _identifier(request: Request) -> str | None:
    """The client's own order id, for the log; None where there is none to be read."""
    if request.method != "POST":
        asks = "identifier" in request.query
        return dict(parse_qsl(request.query)).get("identifier") if asks else None
    try:
        sent: dict[str, Any] = orjson.loads(request.body)
        found = sent.get("identifier", sent.get("new_identifier"))
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


def _no_such_call() -> Refusal:
    return Refusal(404, 404, "존재하지 않는 API입니다.")


def _numbered(refusal: Refusal) -> Refusal:
    """As the quotation API names it."""
    return Refusal(refusal.status, refusal.status, refusal.message, refusal.headers)
