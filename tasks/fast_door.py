"""The fast door over TCP: signed signals from allowed addresses, and nothing else.

An address that is not allowed is cut off before a byte of it is read. A request must be complete
within seconds, so that nobody holds a connection by sending slowly; its body may have 64 KiB. Who
asks too often is told 429 and when to come back. All of it is in memory: no caller from outside can
fill the journal or the disk.

The door does not encrypt: what passes is signed, not secret. Across a network that is not trusted
it belongs into a tunnel.
"""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from aiohttp import web

from exchanges.clock import Clock
from tasks.control_answers import (
    LARGEST_BODY,
    Handler,
    json_answer,
    one_sentence,
    read_signal,
)
from tasks.desk import Desk
from tasks.door_admission import DoorAdmission
from tasks.errors import SettingsRefused

log = logging.getLogger(__name__)

_SILENT = logging.getLogger(f"{__name__}.http")
_SILENT.disabled = True  # aiohttp logs a trace for each request that makes no sense

REQUEST_S = 5.0
"""From the connection, or from the first byte after an answer, to the end of a request."""
IDLE_S = 75.0
"""How long a connection may wait for its next request."""
TOLD_EVERY_S = 10.0


class FastDoor:
    """Listens at HOST:PORT. ``start`` before, ``stop`` after."""

    def __init__(self, desk: Desk, admission: DoorAdmission, clock: Clock) -> None:
        self._desk = desk
        self._admission = admission
        self._clock = clock
        self._runner: web.AppRunner | None = None
        self._server: asyncio.AbstractServer | None = None
        self._guards: dict[asyncio.BaseTransport, _Guard] = {}
        self._turned_away = 0
        self._told_at: float | None = None

    async def start(self, address: str) -> None:
        """Raises SettingsRefused when ``address`` (HOST:PORT) cannot be listened on."""
        app = web.Application(
            middlewares=[one_sentence, self._bounds], client_max_size=LARGEST_BODY
        )
        app.add_routes([web.post("/v1/signals", self._signal), web.get("/healthz", self._alive)])
        self._runner = web.AppRunner(app, access_log=None, logger=_SILENT, shutdown_timeout=1.0)
        await self._runner.setup()
        http = self._runner.server
        assert http is not None  # made by setup
        host, _, port = address.rpartition(":")
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: _Guard(self, http), host.strip("[]"), int(port), reuse_address=True
            )
        except OSError as error:
            await self.stop()
            raise SettingsRefused(
                f"KIMP_FAST_DOOR: cannot listen at {address}: {error.strerror}"
            ) from None

    async def stop(self) -> None:
        """May be called again."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # ---- connections

    def let_in(self, guard: _Guard, transport: asyncio.BaseTransport) -> bool:
        refusal = self._admission.connect(guard.host)
        if refusal is not None:
            self._tell(guard.host, refusal)
            return False
        self._guards[transport] = guard
        return True

    def let_out(self, guard: _Guard, transport: asyncio.BaseTransport) -> None:
        del self._guards[transport]
        self._admission.disconnect(guard.host)

    def too_slow(self, guard: _Guard) -> None:
        self._tell(guard.host, f"its request was not complete within {REQUEST_S:g} s")

    # ---- requests

    @web.middleware
    async def _bounds(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        guard = self._guard_of(request)
        try:
            if not self._admission.may_ask(guard.host):
                return self._not_now(guard, "it asks too often")
            await request.read()
            guard.hold()
            return await handler(request)
        finally:
            guard.wait_for_next()

    async def _signal(self, request: web.Request) -> web.Response:
        signal = await read_signal(request)
        if self._desk.signature_refusal(signal) is not None:
            guard = self._guard_of(request)
            if not self._admission.may_be_refused(guard.host):
                return self._not_now(guard, "too many of its signals are not signed by a known key")
        outcome = await self._desk.submit(signal, "fast")
        return json_answer(outcome.to_json())

    async def _alive(self, _: web.Request) -> web.Response:
        return json_answer({"ok": True})

    def _guard_of(self, request: web.Request) -> _Guard:
        """Of its connection; raises HTTPRequestTimeout, which reaches nobody, when that is gone."""
        guard = None if request.transport is None else self._guards.get(request.transport)
        if guard is None:
            raise web.HTTPRequestTimeout
        return guard

    def _not_now(self, guard: _Guard, why: str) -> web.Response:
        self._tell(guard.host, why)
        answer = json_answer({"error": f"not now: {why}"}, status=429)
        answer.headers["Retry-After"] = "1"
        return answer

    def _tell(self, host: str, why: str) -> None:
        """In the log, but no caller can fill it."""
        self._turned_away += 1
        now = self._clock.monotonic()
        if self._told_at is None or now - self._told_at >= TOLD_EVERY_S:
            log.warning(
                "fast door: %d turned away, the last was %s: %s", self._turned_away, host, why
            )
            self._told_at, self._turned_away = now, 0


class _Guard(asyncio.Protocol):
    """Stands between one connection and the HTTP server: asks before it lets anything through, and
    cuts off who is slow."""

    def __init__(self, door: FastDoor, http: web.Server) -> None:
        self.host = ""
        self._door = door
        self._http = http
        self._inner: asyncio.Protocol | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._is_idle = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.host = str((transport.get_extra_info("peername") or ("?",))[0])
        if not self._door.let_in(self, transport):
            self._transport.abort()
            return
        self._inner = self._http()
        self._cut_off_after(REQUEST_S)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._inner is not None:
            if self._is_idle:
                self._is_idle = False
                self._cut_off_after(REQUEST_S)
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self.hold()
        if self._inner is not None and self._transport is not None:
            self._door.let_out(self, self._transport)
            self._inner.connection_lost(error)

    def hold(self) -> None:
        """Its request is complete: it waits for us now, for as long as a repair takes."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def wait_for_next(self) -> None:
        self._is_idle = True
        self._cut_off_after(IDLE_S)

    def _cut_off_after(self, seconds: float) -> None:
        self.hold()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(seconds, self._cut_off)

    def _cut_off(self) -> None:
        if not self._is_idle:
            self._door.too_slow(self)
        if self._transport is not None:
            self._transport.abort()
