"""Another desk's Prefect takes the port between the look for a free one and the server's start."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from rich.console import Console

from deployments import desk_startup
from deployments.desk_startup import DeskStartup
from deployments.failure import CommandFailed
from deployments.ports import HOST
from deployments.progress import Progress
from deployments.supervisor import Supervisor
from deployments.up_lock import RunningDesk, UpLock
from tasks.settings import Settings
from tests.deployments.up_process import PROJECT


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Of a Prefect that is well and takes any password, or has none."""

    async def handle(_: web.Request) -> web.Response:
        return web.json_response({"home": "/home/other/.prefect"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    assert site._server is not None
    yield site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    await runner.cleanup()


@pytest.mark.prefect
async def test_the_prefect_of_another_desk_is_not_taken_for_ones_own(
    port: int, kimp_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_startup, "free_port", lambda *_: port)
    settings = Settings(home=kimp_home)
    said = io.StringIO()
    lock = UpLock.take(kimp_home)
    async with Supervisor(kimp_home / "logs", PROJECT) as supervisor:
        venues = dict.fromkeys(("upbit_url", "binance_url", "hyperliquid_url", "fx_url"), "")
        desk = RunningDesk(pid=1, mode="paper", **venues)
        progress = Progress(Console(file=said))
        startup = DeskStartup(settings, supervisor, lock, progress, desk=desk, extra={})

        with pytest.raises(CommandFailed, match="Prefect server ended unexpectedly") as refused:
            await startup.prefect_server()

    lock.release()
    assert "is already in use" in str(refused.value)
    assert "Prefect server: " not in said.getvalue()
