"""Connecting, broken off at every moment."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable

import aiohttp
import pytest
import uvloop
from aiohttp import web

from exchanges.tcp_connector import TcpConnector

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


async def hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


async def broken_off_after(steps: int) -> str:
    """Three requests at once, cancelled so many turns of the loop later, and one that is not."""
    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession(connector=TcpConnector()) as session:

        async def ask() -> str:
            async with session.get(url) as reply:
                return await reply.text()

        asked = [asyncio.create_task(ask()) for _ in range(3)]
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        answer = await ask()
    await runner.cleanup()
    return answer


@pytest.mark.parametrize("loop", LOOPS)
def test_request_that_is_broken_off_leaves_no_socket_open(loop: str) -> None:
    factory: Callable[[], asyncio.AbstractEventLoop] = LOOPS[loop]
    answers = set()
    gc.collect()
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always", ResourceWarning)
        for steps in range(40):
            with asyncio.Runner(loop_factory=factory) as runner:
                answers.add(runner.run(broken_off_after(steps)))
        gc.collect()

    assert answers == {"hello"}
    assert [str(warning.message) for warning in left] == []
