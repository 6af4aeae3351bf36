"""Binance's WebSocket API as a transport: a request out, the reply with its id back.

The reply is handed on in the form of an HTTP response, counters as headers, so that the one table
of outcomes reads both. Source: Binance docs, USDⓈ-M futures, "WebSocket API general info".
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Callable
from datetime import datetime

import orjson

from exchanges.binance import limits, outcomes
from exchanges.binance.signing import RECEIVE_WINDOW_MS, Signer, milliseconds
from exchanges.binance.stream_frames import LIFE_S, next_frame
from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.reply import Fields, document, fields
from exchanges.transport import Interrupted, NotSent, Request, Response
from exchanges.web_socket import Connection, Disconnected, Frame

PATH = "/ws-fapi/v1"
PLACE = "order.place"
LOG_ON = "session.logon"
_LOOK_S = 1.0

_VENUE = Venue.BINANCE
_HEADERS = {
    "REQUEST_WEIGHT 1 MINUTE": limits.USED_WEIGHT_HEADER,
    "ORDERS 10 SECOND": limits.ORDERS_10S_HEADER,
    "ORDERS 1 MINUTE": limits.ORDERS_1M_HEADER,
}


class WsApi:
    """Requests over one connection at a time. A :class:`exchanges.transport.Transport` whose
    paths are method names and whose bodies are unsigned parameters."""

    def __init__(
        self, signer: Signer, venue_time: Callable[[], datetime], clock: Clock, *, timeout_s: float
    ) -> None:
        self._signer = signer
        self._venue_time = venue_time
        self._clock = clock
        self._timeout_s = timeout_s
        self._ids = itertools.count(1)
        self._connection: Connection | None = None
        self._is_logged_on = False
        self._is_shut_out = False
        """The session is the account's no more; only another log-on helps."""
        self._waiting: dict[str, asyncio.Future[Fields | None]] = {}

    @property
    def is_ready(self) -> bool:
        """A connection stands, and may be written to."""
        return self._connection is not None

    async def send(self, request: Request, *, timeout_s: float) -> Response:
        """Raises NotSent while there is no connection; Interrupted when no reply came."""
        connection = self._connection
        if connection is None:
            raise NotSent("the WebSocket API is not connected")
        request_id = str(next(self._ids))
        parameters = {**orjson.loads(request.body), "recvWindow": RECEIVE_WINDOW_MS}
        reply: asyncio.Future[Fields | None] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = reply
        try:
            async with asyncio.timeout(timeout_s):
                await connection.send(self._frame(request_id, request.path, parameters))
                answer = await reply
        except TimeoutError:
            raise Interrupted(f"no reply within {timeout_s:g} s") from None
        except Disconnected:
            raise Interrupted("the connection broke while writing") from None
        finally:
            del self._waiting[request_id]
        if answer is None:
            raise Interrupted("the connection ended before the reply came")
        return _response(answer)

    async def aclose(self) -> None:
        """Nothing to close: the connection belongs to who called :meth:`serve`."""

    async def serve(self, connection: Connection) -> AsyncGenerator[None, None]:
        """Take ``connection`` into use until it ends, is too old or its log-on holds no longer;
        yields now and then.

        Raises AuthenticationFailed when the venue does not let the session log on.
        """
        ends = self._clock.monotonic() + LIFE_S
        self._is_shut_out = False
        try:
            if self._signer.is_ed25519:
                await self._log_on(connection)
            self._connection = connection
            while self._clock.monotonic() < ends and not self._is_shut_out:
                self._take(await next_frame(connection, _LOOK_S))
                yield
            self._connection = None  # nothing new on it; who still waits gets his reply
            while self._waiting:
                self._take(await next_frame(connection, _LOOK_S))
                yield
        finally:
            self._connection = None
            self._is_logged_on = False
            for reply in self._waiting.values():
                if not reply.done():
                    reply.set_result(None)

    async def _log_on(self, connection: Connection) -> None:
        """Make the session the account's, so that orders need no signature of their own."""
        request_id = str(next(self._ids))
        await connection.send(self._frame(request_id, LOG_ON, {}))
        while (frame := await next_frame(connection, self._timeout_s)) is not None:
            row = _row(frame)
            if row.values.get("id") != request_id:
                continue
            response = _response(row)
            if response.status != 200:
                raise outcomes.read_error(response)
            self._is_logged_on = True
            return
        raise Disconnected(reason="no answer to the log-on")

    def _frame(self, request_id: str, method: str, parameters: dict[str, str | int]) -> str:
        """Signed now, with the venue's time, however long the request has been waiting."""
        timed = {**parameters, "timestamp": milliseconds(self._venue_time())}
        signed = timed if self._is_logged_on else self._signer.signed(timed)
        return orjson.dumps({"id": request_id, "method": method, "params": signed}).decode()

    def _take(self, frame: Frame | None) -> None:
        """Give a reply to who waits for it; a late one, and whatever else comes, is dropped."""
        if frame is None:
            return
        row = _row(frame)
        request_id = row.values.get("id")
        reply = self._waiting.get(request_id) if isinstance(request_id, str) else None
        if reply is not None and not reply.done():
            reply.set_result(row)
            self._is_shut_out = self._is_logged_on and row.values.get("status") == 401


def _row(frame: Frame) -> Fields:
    text = frame.encode() if isinstance(frame, str) else frame
    return fields(_VENUE, "reply", document(_VENUE, "reply", text))


def _response(row: Fields) -> Response:
    """``row`` as HTTP would say it. A status that is none becomes 0, which nothing is read into."""
    status, error = row.values.get("status"), row.values.get("error")
    is_status = isinstance(status, int) and 100 <= status <= 599
    said = row.values.get("result") if error is None else error
    return Response(
        int(str(status)) if is_status else 0,
        _headers(row),
        json.dumps(said, default=str).encode(),
    )


def _headers(row: Fields) -> dict[str, str]:
    """The counters of ``rateLimits``, and how long a refusal for asking too often holds: the
    error's ``data`` has it as a moment in milliseconds. Read with tolerance."""
    found: dict[str, str] = {}
    limits_said = row.values.get("rateLimits")
    for said in limits_said if isinstance(limits_said, list) else ():
        if isinstance(said, dict):
            names = ("rateLimitType", "intervalNum", "interval")
            header = _HEADERS.get(" ".join(str(said.get(name)) for name in names))
            if header is not None:
                found[header] = str(said.get("count"))
    error = row.values.get("error")
    data = error.get("data") if isinstance(error, dict) else None
    if isinstance(data, dict):
        until, now = data.get("retryAfter"), data.get("serverTime")
        if isinstance(until, int) and isinstance(now, int) and until > now:
            found["retry-after"] = str(-(-(until - now) // 1_000))
    return found
