"""``python -m exchanges.simulator`` as a process, and clients of both venues in it."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.exchanges.simulator.binance_venue import sign
from tests.exchanges.simulator.running import UpbitClient

READY = re.compile(r"ready upbit=(http://\S+) binance=(http://\S+) control=(http://\S+)\n")
KEY, SECRET = "paper-key", "hidden-paper-secret"
PATIENCE_S = 20.0
ACCOUNTS = (
    f"--account=upbit:{KEY}:{SECRET}:KRW=100000000,BTC=1",
    f"--account=binance:{KEY}:{SECRET}:USDT=100000",
)


@dataclass(frozen=True, slots=True)
class SimulatorProcess:
    process: asyncio.subprocess.Process
    session: aiohttp.ClientSession
    upbit_url: str
    binance_url: str
    control_url: str

    @property
    def upbit(self) -> UpbitClient:
        return UpbitClient(self.session, self.upbit_url, KEY, SECRET)

    async def binance(self, method: str, path: str, **params: object) -> Any:
        """The answer to a signed call."""
        query = sign({"timestamp": int(time.time() * 1000), **params}, SECRET)
        headers = {"X-MBX-APIKEY": KEY}
        url = f"{self.binance_url}{path}?{query}"
        async with self.session.request(method, url, headers=headers) as reply:
            return await reply.json()

    async def state(self) -> Any:
        async with self.session.get(f"{self.control_url}/state") as reply:
            return json.loads(await reply.read())

    async def reach(self, moment: str) -> None:
        """Until the market's time is ``moment`` or later."""
        async with asyncio.timeout(PATIENCE_S):
            while (await self.state())["market"]["time"] < moment:  # noqa: ASYNC110 (HTTP)
                await asyncio.sleep(0.02)

    async def control(self, method: str, path: str, body: object) -> None:
        async with self.session.request(method, self.control_url + path, json=body) as reply:
            assert reply.status < 300, await reply.text()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int | None, bytes]:
        """Send ``number``; exit code and what was said on stderr."""
        self.process.send_signal(number)
        _, errors = await self.process.communicate()
        return self.process.returncode, errors


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not so():  # noqa: ASYNC110 (another process makes it so)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def simulator(*arguments: str) -> AsyncIterator[SimulatorProcess]:
    """Both venues, ready; killed at the end if they still run."""
    async with launched(*arguments) as process, aiohttp.ClientSession() as session:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        addresses = READY.fullmatch(line)
        if addresses is None:
            _, errors = await process.communicate()
            raise AssertionError(line + errors.decode())
        yield SimulatorProcess(process, session, *addresses.groups())


@asynccontextmanager
async def launched(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchanges.simulator", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
