"""The simulated Upbit as seen over HTTP: routes, tokens, limits, envelopes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from exchanges.clock import Clock
from exchanges.decimal_json import plain
from exchanges.instrument import Venue
from exchanges.simulator.faults import Answers, Fault, FaultKind, Faults, with_faults
from exchanges.simulator.front import Conversation, HandshakeRefused
from exchanges.simulator.request_log import RequestLog
from exchanges.simulator.upbit.auth import Authenticator, body_text, parse_body, query_text
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.exchange_api import ExchangeApi, Fields
from exchanges.simulator.upbit.quotation import Quotation
from exchanges.simulator.upbit.rate_limits import Group, RateLimits
from exchanges.simulator.upbit.refusal import Refusal, validation_error
from exchanges.transport import Request, Response


class UpbitFront:
    """Pure: a request in, a response out (or Vanish, when a fault says that none comes)."""

    def __init__(
        self, engine: UpbitEngine, faults: Faults, clock: Clock, request_log: RequestLog
    ) -> None:
        self._engine = engine
        self._faults = faults
        self._log = request_log
        self._limits = RateLimits(clock)
        self._authenticator = Authenticator(self._secret_of)
        self._exchange_api = ExchangeApi(engine)
        self._quotation = Quotation(engine)

    async def handle(self, request: Request) -> Response:
        """Answer one request. Raises Vanish."""
        self._log.record(Venue.UPBIT, request.method, request.path, _identifier(request))
        return await with_faults(
            self._process, request, venue=Venue.UPBIT, faults=self._faults, answers=self._answers()
        )

    async def accept(self, handshake: Request) -> Conversation:
        """Raises HandshakeRefused."""
        raise HandshakeRefused(self._respond(404, _envelope(404, "존재하지 않는 API입니다.")))

    def _answers(self) -> Answers:
        def limited(seconds: int, banned: bool) -> Response:
            body = _envelope("too_many_requests", "요청 수 제한을 초과했습니다.")
            return self._respond(418 if banned else 429, body, {"retry-after": str(seconds)})

        server_error = self._respond(500, _envelope("server_error", "서버 오류입니다."))
        maintenance = _envelope("server_maintenance", "서버 점검 중입니다.")
        return Answers(server_error, server_error, self._respond(503, maintenance), limited)

    async def _process(self, request: Request, fault: Fault | None) -> Response:
        self._engine.market.tick()
        extra: dict[str, str] = {}
        try:
            route = self._quotation.routes.get(request.path)
            if route is not None and request.method == "GET":
                group, answer = route
                if fault is not None and fault.kind is FaultKind.REJECT:
                    raise _rejection(fault, 400)
                extra["remaining-req"] = self._limits.take(group, "everyone")
                return self._respond(200, answer(dict(parse_qsl(request.query))), extra)
            return self._process_signed(request, fault, extra)
        except Refusal as refusal:
            body = _envelope(refusal.name, refusal.message)
            return self._respond(refusal.status, body, extra)

    def _process_signed(
        self, request: Request, fault: Fault | None, extra: dict[str, str]
    ) -> Response:
        route = self._exchange_api.routes.get((request.method, request.path))
        if route is None:
            raise Refusal(404, 404, "존재하지 않는 API입니다.")
        headers = {name.lower(): value for name, value in request.headers.items()}
        if request.method == "POST":
            if not headers.get("content-type", "").startswith("application/json"):
                raise validation_error("Content-Type: expected application/json")
            body = parse_body(request.body)
            text, fields = body_text(body), Fields(_pairs(body))
        else:
            text, fields = query_text(request.query), Fields(parse_qsl(request.query))
        key = self._authenticator.access_key(headers.get("authorization"), text)
        account = self._engine.account(key)
        if account is None:
            raise LookupError(f"no account has the key {key!r} that was just authenticated")
        group, status, answer = route
        extra["remaining-req"] = self._limits.take(group, key)
        if fault is not None and fault.kind is FaultKind.REJECT:
            if group is Group.ORDER:
                self._exchange_api.spoil(account, fields)
                raise _rejection(fault, f"insufficient_funds_{fields.one('side')}")
            raise _rejection(fault, "validation_error")
        share = fault.fraction if fault is not None else None
        return self._respond(status, answer(account, fields, share), extra)

    def _secret_of(self, key: str) -> str | None:
        account = self._engine.account(key)
        return None if account is None else account.secret

    def _respond(
        self, status: int, body: object, extra: Mapping[str, str] | None = None
    ) -> Response:
        headers = {
            "content-type": "application/json; charset=utf-8",
            "date": format_datetime(self._engine.clock.now(), usegmt=True),
            **(extra or {}),
        }
        return Response(status, headers, orjson.dumps(body, default=_number))


def _identifier(request: Request) -> str | None:
    """The client's own order id, for the log; None where there is none to be read."""
    if request.method != "POST":
        return dict(parse_qsl(request.query)).get("identifier")
    try:
        found = orjson.loads(request.body)["identifier"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def _pairs(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The body's values one by one; a missing value is as good as none."""
    pairs: list[tuple[str, str]] = []
    for name, value in body.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict | list):
                raise validation_error(f"{name} does not have a valid value")
            if item is not None:
                pairs.append((name, str(item)))
    return pairs


def _rejection(fault: Fault, name: str | int) -> Refusal:
    """What a ``reject`` shows: its own ``code`` and ``message``, else the usual ones."""
    message = fault.args.get("message", "요청이 거부되었습니다.")
    return Refusal(400, fault.args.get("code", name), str(message))


def _envelope(name: str | int, message: str) -> dict[str, Any]:
    return {"error": {"name": name, "message": message}}


def _number(value: object) -> orjson.Fragment:
    """A Decimal as a JSON number with just its digits."""
    if isinstance(value, Decimal):
        return orjson.Fragment(plain(value))
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
