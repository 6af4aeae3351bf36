"""A Prefect API that answers and tells what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from flows.prefect_switches import DEPLOYMENTS

WELL: dict[str, Any] = {
    "deployments": [
        {"id": name, "paused": False, "schedules": [{"active": True}]} for name in DEPLOYMENTS
    ],
    "work_pools": [{"name": pool, "is_paused": False} for pool in ("hot", "batch")],
    "work_queues": [{"work_pool_name": "hot", "is_paused": False}],
}
"""Every switch is on, and no row tells when it was written."""


@asynccontextmanager
async def prefect_saying(
    answers: dict[str, Any],
    told: asyncio.Queue[dict[str, Any]] | None = None,
    heard: list[tuple[str, Any]] | None = None,
) -> AsyncIterator[str]:
    """An API whose filters answer ``answers``; ids are names. A deployment that is asked for by its
    name has what ``answers["row"]`` says beside its id. The event stream says what is put into
    ``told``; ``heard`` takes each path that something was sent to, and what."""

    async def answer(request: web.Request) -> web.Response:
        if heard is not None and request.can_read_body:
            heard.append((request.path, await request.json()))
        parts = request.path.strip("/").split("/")
        if parts[1:2] == ["name"]:
            return web.json_response({"id": "/".join(parts[2:]), **answers.get("row", {})})
        if parts[1:2] == ["count"]:
            return web.json_response(sum(row["paused"] for row in answers[parts[0]]))
        return web.json_response(answers.get(parts[0]))

    async def stream(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["prefect"])
        await socket.prepare(request)
        await socket.receive_json()
        await socket.send_json({"type": "auth_success"})
        await socket.receive_json()
        telling = asyncio.create_task(tell(socket))
        async for _ in socket:
            pass  # the listener says nothing more, and then that it leaves
        telling.cancel()
        return socket

    async def tell(socket: web.WebSocketResponse) -> None:
        while told is not None:
            await socket.send_json({"type": "event", "event": await told.get()})

    app = web.Application()
    app.router.add_get("/events/out", stream)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
