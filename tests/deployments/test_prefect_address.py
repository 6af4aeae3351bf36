"""Clients of the Prefect server carry its password, and say so in a sentence when it is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from deployments.failure import CommandFailed
from deployments.prefect_address import prefect_http
from deployments.prefect_password import make_password
from flows.prefect_api import PrefectApi, PrefectRefused
from tasks.settings import Settings


@pytest_asyncio.fixture
async def locked(kimp_home: Path) -> AsyncIterator[str]:
    """An API that asks for the password of this home, as Prefect does."""
    user, _, secret = make_password(Settings(home=kimp_home)).partition(":")
    wanted = aiohttp.encode_basic_auth(user, secret)

    async def flows(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != wanted:
            return web.json_response({"exception_message": "Unauthorized"}, status=401)
        return web.json_response(4)

    app = web.Application()
    app.router.add_get("/api/flows", flows)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    await runner.cleanup()


async def test_the_password_of_the_home_opens(locked: str, kimp_home: Path) -> None:
    settings = Settings(home=kimp_home)

    async with prefect_http(settings, locked) as api:
        assert await api.ask("GET", "/flows") == 4
    prefect = PrefectApi(locked, make_password(settings))
    assert await prefect.ask("GET", "/flows") == 4
    await prefect.aclose()


async def test_a_wrong_password_is_told_without_showing_it(locked: str, kimp_home: Path) -> None:
    file = kimp_home / "wrong"
    file.write_text("kimp:of-another-desk\n")
    file.chmod(0o600)
    settings = Settings(home=kimp_home, prefect_auth_file=file)

    async with prefect_http(settings, locked) as api:
        with pytest.raises(CommandFailed) as told:
            await api.ask("GET", "/flows")
    prefect = PrefectApi(locked, "kimp:of-another-desk")
    with pytest.raises(PrefectRefused, match="HTTP 401"):
        await prefect.ask("GET", "/flows")
    await prefect.aclose()

    assert str(told.value) == f"the Prefect server at {locked} refuses the password it was given"
