"""What makes Prefect's server fit for a desk, where no test of its own concept shows it."""

from __future__ import annotations

import asyncio

import pytest
from uvicorn import Config, Server
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from deployments.ports import HOST
from deployments.prefect_server import spare_what_is_loaded_before_serving
from tests.collected import is_looked_through


async def test_what_is_there_when_it_begins_to_listen_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Server, "startup", Server.startup)  # as it was, afterwards
    loaded: list[object] = []

    async def app(_scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await receive()
        loaded.append(loaded)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    spare_what_is_loaded_before_serving()
    server = Server(Config(app, host=HOST, port=0, log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.01)
    later: list[object] = []
    found = is_looked_through(loaded), is_looked_through(later)
    server.should_exit = True
    await serving

    assert loaded == [loaded]
    assert found == (False, True)
