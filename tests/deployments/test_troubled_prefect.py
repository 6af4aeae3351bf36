"""The troubles of a benchmark's Prefect are real and end with their block."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from deployments import troubled_prefect
from deployments.troubled_prefect import Trouble, TroubledPrefect

WRITER = """
import sys
for line in sys.stdin:
    try:
        with open(sys.argv[1], "a") as file:
            file.write("some bytes")
        print("written", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "prefect.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE run (id)")
    return file


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that writes to a file when it is asked, in place of the server's."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "written")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


@pytest.fixture
async def prefect(database: Path, writer: subprocess.Popen[str]) -> AsyncIterator[TroubledPrefect]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="well")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    troubled = TroubledPrefect(runner.addresses[0][1], writer.pid, database)
    async with troubled.serving():
        yield troubled
    await runner.cleanup()


async def asked(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as response:
        return await response.text()


async def test_a_slow_one_answers_late(
    prefect: TroubledPrefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(troubled_prefect, "SLOW_S", 0.3)
    async with aiohttp.ClientSession() as session:
        await asked(session, prefect.url)
        began = time.monotonic()
        async with prefect.having(Trouble.SLOW):
            late = await asked(session, prefect.url)

    assert late == "well"
    assert time.monotonic() - began >= 0.3


async def test_one_that_is_gone_cuts_every_connection_and_takes_none(
    prefect: TroubledPrefect,
) -> None:
    async with aiohttp.ClientSession() as session:
        await asked(session, prefect.url)
        async with prefect.having(Trouble.GONE):
            with pytest.raises(aiohttp.ClientError):
                await asked(session, prefect.url)
        back = await asked(session, prefect.url)

    assert back == "well"


async def test_a_locked_one_lets_nobody_write(prefect: TroubledPrefect, database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=0)) as server:
        async with prefect.having(Trouble.LOCKED):
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                server.execute("INSERT INTO run VALUES (1)")
        server.execute("INSERT INTO run VALUES (2)")

        assert server.execute("SELECT id FROM run").fetchall() == [(2,)]


async def test_a_full_one_is_refused_every_byte(
    prefect: TroubledPrefect, writer: subprocess.Popen[str]
) -> None:
    def write() -> str:
        assert writer.stdin is not None
        assert writer.stdout is not None
        print(file=writer.stdin, flush=True)
        return writer.stdout.readline().strip()

    before = await asyncio.to_thread(write)
    async with prefect.having(Trouble.FULL):
        during = await asyncio.to_thread(write)
    after = await asyncio.to_thread(write)

    assert (before, during, after) == ("written", os.strerror(errno.EFBIG), "written")
