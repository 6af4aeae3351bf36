"""The executor's HTTP face: on its Unix socket everything, on the fast door over TCP signals only.

JSON in, JSON out. An understood question is answered with 200, also when the
answer is "denied"; what is not understood with 400 and one sentence
``{"error": …}``; 404 for an unknown pair or path.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from tasks.desk import Desk
from tasks.desk_operations import DeskOperations
from tasks.desk_view import DeskView
from tasks.errors import BadSignal, DeskError
from tasks.hand_over import HandOver
from tasks.killing import Killing
from tasks.metrics import Metrics
from tasks.signal import Signal, SignalAction, parse_signal
from warehouse import JournalError

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024
DOORS = ("prefect", "fast", "operator")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BadRequest(Exception):
    """Not a question we understand; ``str()`` is the sentence for who asked."""


class ControlApi:
    """Serves one desk. ``start`` before, ``stop`` after."""

    def __init__(
        self,
        desk: Desk,
        operations: DeskOperations,
        killing: Killing,
        hand_over: HandOver,
        view: DeskView,
        metrics: Metrics,
    ) -> None:
        self._desk = desk
        self._operations = operations
        self._killing = killing
        self._hand_over = hand_over
        self._view = view
        self._metrics = metrics
        self._runners: list[web.AppRunner] = []

    async def start(self, socket_file: Path, fast_door: str | None) -> None:
        """Listen on ``socket_file`` (mode 0600) and, if given, on HOST:PORT of the fast door."""
        socket_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A socket left by a killed executor; the journal's lease proved that none is alive.
        socket_file.unlink(missing_ok=True)
        runner = await self._run(self._whole())
        before = os.umask(0o177)
        try:
            await web.UnixSite(runner, str(socket_file)).start()
        finally:
            os.umask(before)
        if fast_door is not None:
            host, _, port = fast_door.rpartition(":")
            await web.TCPSite(await self._run(self._signals_only()), host, int(port)).start()

    async def stop(self, socket_file: Path) -> None:
        """May be called again."""
        while self._runners:
            await self._runners.pop().cleanup()
        with contextlib.suppress(FileNotFoundError):
            socket_file.unlink()

    async def _run(self, app: web.Application) -> web.AppRunner:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._runners.append(runner)
        return runner

    def _whole(self) -> web.Application:
        app = web.Application(middlewares=[_one_sentence], client_max_size=LARGEST_BODY)
        app.add_routes(
            [
                web.post("/v1/signals", self._signal),
                web.post("/v1/check", self._check),
                web.get("/v1/state", self._state),
                web.get("/v1/pairs", self._pairs),
                web.get("/v1/pairs/{pair_id}", self._pair),
                web.post("/v1/pairs/{pair_id}/close", self._close),
                web.post("/v1/exits/validate", self._validate_exits),
                web.post("/v1/recover", self._recover),
                web.post("/v1/reconcile", self._reconcile),
                web.post("/v1/rates/refresh", self._refresh_rates),
                web.post("/v1/kill", self._kill),
                web.post("/v1/resume", self._resume),
                web.post("/v1/reset", self._reset),
                web.post("/v1/hand-over", self._give_way),
                web.get("/v1/health", self._health),
                web.get("/healthz", self._alive),
                web.get("/metrics", self._prometheus),
            ]
        )
        return app

    def _signals_only(self) -> web.Application:
        app = web.Application(middlewares=[_one_sentence], client_max_size=LARGEST_BODY)
        app.add_routes(
            [web.post("/v1/signals", self._tcp_signal), web.get("/healthz", self._alive)]
        )
        return app

    # ---- signals

    async def _signal(self, request: web.Request) -> web.Response:
        door = request.query.get("door", "fast")
        if door not in DOORS:
            raise BadRequest(f"door: expected one of {', '.join(DOORS)}, got {door!r}")
        outcome = await self._desk.submit(await _read_signal(request), door)
        return _json(outcome.to_json())

    async def _tcp_signal(self, request: web.Request) -> web.Response:
        outcome = await self._desk.submit(await _read_signal(request), "fast")
        return _json(outcome.to_json())

    async def _check(self, request: web.Request) -> web.Response:
        return _json(self._desk.check(await _read_signal(request)))

    async def _close(self, request: web.Request) -> web.Response:
        pair_id = request.match_info["pair_id"]
        signal = await _read_signal(request)
        if signal.action is not SignalAction.EXIT or signal.pair_id != pair_id:
            raise BadRequest(f"expected an EXIT signal with pair_id {pair_id}")
        outcome = await self._desk.submit(signal, "operator")
        return _json(outcome.to_json())

    # ---- looking

    async def _state(self, _: web.Request) -> web.Response:
        return _json(self._view.state())

    async def _pairs(self, request: web.Request) -> web.Response:
        return _json(self._view.pairs(open_only=request.query.get("open") == "1"))

    async def _pair(self, request: web.Request) -> web.Response:
        pair_id = request.match_info["pair_id"]
        pair = self._view.pair(pair_id)
        if pair is None:
            return _json({"error": f"no pair {pair_id!r:.40}"}, status=404)
        return _json(pair)

    async def _health(self, _: web.Request) -> web.Response:
        return _json(self._operations.health.now())

    async def _alive(self, _: web.Request) -> web.Response:
        return _json({"ok": True})

    async def _prometheus(self, _: web.Request) -> web.Response:
        body, content_type = self._metrics.render(self._view)
        return web.Response(body=body, headers={"Content-Type": content_type})

    # ---- doing

    async def _validate_exits(self, _: web.Request) -> web.Response:
        return _json(await self._desk.validate_exits())

    async def _recover(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        pair_id = body.get("pair_id")
        if pair_id is not None and not isinstance(pair_id, str):
            raise BadRequest("pair_id: expected a pair's id or null")
        return _json(await self._operations.recover(pair_id))

    async def _reconcile(self, request: web.Request) -> web.Response:
        accept = (await _read_object(request)).get("accept")
        if accept is not None and (not isinstance(accept, str) or not accept.strip()):
            raise BadRequest("accept: expected a sentence that says why, or null")
        return _json(await self._operations.reconcile(accept))

    async def _refresh_rates(self, _: web.Request) -> web.Response:
        return _json(await self._operations.refresh_rates())

    async def _kill(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        liquidate = body.get("liquidate", False)
        if not isinstance(liquidate, bool):
            raise BadRequest("liquidate: expected true or false")
        symbol = body.get("symbol")
        if symbol is not None and not isinstance(symbol, str):
            raise BadRequest("symbol: expected a coin such as BTC, or null for everything")
        return _json(await self._killing.kill(_reason(body), liquidate=liquidate, symbol=symbol))

    async def _give_way(self, request: web.Request) -> web.Response:
        pid = (await _read_object(request)).get("pid")
        if not isinstance(pid, int) or isinstance(pid, bool) or pid < 1:
            raise BadRequest("pid: expected the id of the process that takes over")
        self._hand_over.ask(pid)
        return _json({"heir": pid})

    async def _reset(self, request: web.Request) -> web.Response:
        body = await _read_object(request)
        return _json(self._killing.reset(_sentence(body, "by", "a person's name"), _reason(body)))

    async def _resume(self, request: web.Request) -> web.Response:
        return _json(await self._operations.resume(_reason(await _read_object(request))))


@web.middleware
async def _one_sentence(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure leaves as one sentence of JSON; an unforeseen one is logged with its trace."""
    try:
        return await handler(request)
    except (BadRequest, BadSignal) as error:
        return _json({"error": str(error)}, status=400)
    except (DeskError, JournalError) as error:
        return _json({"error": str(error)}, status=409)
    except web.HTTPException as error:
        return _json({"error": error.reason}, status=error.status)
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return _json({"error": "the executor failed on this; its log says how"}, status=500)


async def _read_signal(request: web.Request) -> Signal:
    return parse_signal(await request.read())


async def _read_object(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"body: expected JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("body: expected a JSON object")
    return body


def _reason(body: dict[str, Any]) -> str:
    return _sentence(body, "reason", "a sentence that says why")


def _sentence(body: dict[str, Any], name: str, expected: str) -> str:
    text = body.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BadRequest(f"{name}: expected {expected}")
    return text.strip()


def _json(body: object, *, status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, headers={"Content-Type": "application/json"}
    )
