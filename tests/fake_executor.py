"""A stand-in for the executor: the control API over a real Unix socket, with set answers.

It keeps the contract that flows rely on: a signal counts once by its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web


@dataclass
class FakeExecutor:
    """``answers`` by "METHOD /path"; a tuple is (HTTP status, body). ``heard``: what came."""

    socket_file: Path
    outcome: dict[str, Any] = field(default_factory=lambda: {"status": "hedged"})
    """What a new signal becomes."""
    answers: dict[str, Any] = field(default_factory=dict)
    heard: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    decided: dict[str, dict[str, Any]] = field(default_factory=dict)
    hold: asyncio.Event | None = None
    """Set: a decision, a resume and an alert wait for it."""

    def bodies(self, path: str) -> list[Any]:
        """Bodies that came to ``METHOD /path``, in order."""
        return [body for heard, _, body in self.heard if heard == path]

    @asynccontextmanager
    async def holding(self) -> AsyncIterator[None]:
        """No decision is taken inside, and no alert."""
        self.hold = asyncio.Event()
        try:
            yield
        finally:
            self.hold.set()

    async def handle(self, request: web.Request) -> web.Response:
        asked = f"{request.method} {request.path}"
        body: Any = await request.json() if request.can_read_body else None
        self.heard.append((asked, dict(request.query), body))
        if asked in ("POST /v1/resume", "POST /v1/alerts") and self.hold is not None:
            await self.hold.wait()
        if asked in self.answers:
            answer = self.answers[asked]
            status, payload = answer if isinstance(answer, tuple) else (200, answer)
            return web.json_response(payload, status=status)
        if asked == "POST /v1/signals" or request.path.endswith("/close"):
            return web.json_response(await self._decide(body))
        return web.json_response({"error": f"no such path: {asked}"}, status=404)

    async def _decide(self, signal: dict[str, Any]) -> dict[str, Any]:
        key = signal["id"]
        if key in self.decided:
            return {"signal_id": key, "status": "duplicate", "first": self.decided[key]}
        if self.hold is not None:
            await self.hold.wait()
        if key in self.decided:
            return {"signal_id": key, "status": "duplicate", "first": self.decided[key]}
        self.decided[key] = {"signal_id": key, **self.outcome}
        return self.decided[key]


@asynccontextmanager
async def running_fake_executor(socket_file: Path) -> AsyncIterator[FakeExecutor]:
    fake = FakeExecutor(socket_file)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    socket_file.parent.mkdir(parents=True, exist_ok=True)
    await web.UnixSite(runner, str(socket_file)).start()
    try:
        yield fake
    finally:
        await runner.cleanup()
