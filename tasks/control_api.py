"""The executor's HTTP face on its Unix socket: everything that can be asked of the desk.

JSON in, JSON out. An understood question is answered with 200, also when the
answer is "denied"; what is not understood with 400 and one sentence
``{"error": …}``; 404 for an unknown pair or path.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from aiohttp import web

from tasks.alerting.alert_api import AlertApi
from tasks.alerting.alert_book import AlertBook
from tasks.control_answers import (
    LARGEST_BODY,
    BadRequest,
    json_answer,
    one_sentence,
    read_object,
    read_signal,
    sentence_in,
)
from tasks.desk import Desk
from tasks.desk_operations import DeskOperations
from tasks.desk_view import DeskView
from tasks.hand_over import HandOver
from tasks.killing import Killing
from tasks.metrics import Metrics
from tasks.signal import SignalAction
from tasks.stop_control import StopControl
from tasks.stop_reason import StopReason
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE

DOORS = ("prefect", "fast", "operator")


class ControlApi:
    """Serves one desk. ``start`` before, ``stop`` after."""

    def __init__(
        self,
        desk: Desk,
        operations: DeskOperations,
        stopping: StopControl,
        killing: Killing,
        hand_over: HandOver,
        view: DeskView,
        metrics: Metrics,
        alerts: AlertBook,
    ) -> None:
        self._desk = desk
        self._operations = operations
        self._stopping = stopping
        self._killing = killing
        self._hand_over = hand_over
        self._view = view
        self._metrics = metrics
        self._alerts = AlertApi(alerts)
        self._runners: list[web.AppRunner] = []

    async def start(self, socket_file: Path) -> None:
        """Listen on ``socket_file`` (mode 0600)."""
        socket_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A socket left by a killed executor; the journal's lease proved that none is alive.
        socket_file.unlink(missing_ok=True)
        runner = await self._run(self._whole())
        before = os.umask(0o177)
        try:
            await web.UnixSite(runner, str(socket_file)).start()
        finally:
            os.umask(before)

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
        app = web.Application(middlewares=[one_sentence], client_max_size=LARGEST_BODY)
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
                web.post("/v1/stop", self._stop),
                web.post("/v1/resume", self._resume),
                web.post("/v1/reset", self._reset),
                web.post("/v1/hand-over", self._give_way),
                *self._alerts.routes(),
                web.get("/v1/health", self._health),
                web.get("/healthz", self._alive),
                web.get("/metrics", self._prometheus),
            ]
        )
        return app

    # ---- signals

    async def _signal(self, request: web.Request) -> web.Response:
        door = request.query.get("door", "fast")
        if door not in DOORS:
            raise BadRequest(f"door: expected one of {', '.join(DOORS)}, got {door!r}")
        outcome = await self._desk.submit(await read_signal(request), door)
        return json_answer(outcome.to_json())

    async def _check(self, request: web.Request) -> web.Response:
        return json_answer(self._desk.check(await read_signal(request)))

    async def _close(self, request: web.Request) -> web.Response:
        pair_id = request.match_info["pair_id"]
        signal = await read_signal(request)
        if signal.action is not SignalAction.EXIT or signal.pair_id != pair_id:
            raise BadRequest(f"expected an EXIT signal with pair_id {pair_id}")
        outcome = await self._desk.submit(signal, "operator")
        return json_answer(outcome.to_json())

    # ---- looking

    async def _state(self, _: web.Request) -> web.Response:
        return json_answer(self._view.state())

    async def _pairs(self, request: web.Request) -> web.Response:
        return json_answer(self._view.pairs(open_only=request.query.get("open") == "1"))

    async def _pair(self, request: web.Request) -> web.Response:
        pair_id = request.match_info["pair_id"]
        pair = self._view.pair(pair_id)
        if pair is None:
            return json_answer({"error": f"no pair {pair_id!r:.40}"}, status=404)
        return json_answer(pair)

    async def _health(self, _: web.Request) -> web.Response:
        return json_answer(self._operations.health.now())

    async def _alive(self, _: web.Request) -> web.Response:
        return json_answer({"ok": True})

    async def _prometheus(self, _: web.Request) -> web.Response:
        body, content_type = self._metrics.render(self._view)
        return web.Response(body=body, headers={"Content-Type": content_type})

    # ---- doing

    async def _validate_exits(self, _: web.Request) -> web.Response:
        return json_answer(await self._desk.validate_exits())

    async def _recover(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        pair_id = body.get("pair_id")
        if pair_id is not None and not isinstance(pair_id, str):
            raise BadRequest("pair_id: expected a pair's id or null")
        return json_answer(await self._operations.recover(pair_id))

    async def _reconcile(self, request: web.Request) -> web.Response:
        accept = (await read_object(request)).get("accept")
        if accept is not None and (not isinstance(accept, str) or not accept.strip()):
            raise BadRequest("accept: expected a sentence that says why, or null")
        return json_answer(await self._operations.reconcile(accept))

    async def _refresh_rates(self, _: web.Request) -> web.Response:
        return json_answer(await self._operations.refresh_rates())

    async def _kill(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        liquidate = body.get("liquidate", False)
        if not isinstance(liquidate, bool):
            raise BadRequest("liquidate: expected true or false")
        symbol = body.get("symbol")
        if symbol is not None and not isinstance(symbol, str):
            raise BadRequest("symbol: expected a coin such as BTC, or null for everything")
        return json_answer(
            await self._killing.kill(_reason(body), liquidate=liquidate, symbol=symbol)
        )

    async def _give_way(self, request: web.Request) -> web.Response:
        pid = (await read_object(request)).get("pid")
        if not isinstance(pid, int) or isinstance(pid, bool) or pid < 1:
            raise BadRequest("pid: expected the id of the process that takes over")
        self._hand_over.ask(pid)
        return json_answer({"heir": pid})

    async def _reset(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        return json_answer(
            self._killing.reset(sentence_in(body, "by", "a person's name"), _reason(body))
        )

    async def _stop(self, request: web.Request) -> web.Response:
        reason = _reason(await read_object(request))
        self._stopping.board.stop((ENTRY, SIGNAL_INTAKE), StopReason.MANUAL_STOP, reason)
        return json_answer({"in_prefect": await self._stopping.told()})

    async def _resume(self, request: web.Request) -> web.Response:
        return json_answer(
            await self._stopping.resuming.resume(_reason(await read_object(request)))
        )


def _reason(body: dict[str, Any]) -> str:
    return sentence_in(body, "reason", "a sentence that says why")
