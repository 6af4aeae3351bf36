"""A client of the simulated Binance's WebSockets that knows nothing of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from yarl import URL

from tests.exchanges.simulator.binance_venue import RunningVenue

PATIENCE_S = 10.0
"""How long a message is waited for before the test fails."""
QUIET_S = 0.4
"""How long nothing must come where nothing may come; the fastest stream says something in 0.1 s."""


class StreamClient:
    """One open WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._last_id = 0

    async def next(self) -> Any:
        """The next JSON message."""
        message = await self.socket.receive(PATIENCE_S)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def until(self, is_wanted: Callable[[Any], bool]) -> Any:
        """The first message that is wanted; those before are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.next()
                if is_wanted(message):
                    return message

    async def event(self, name: str) -> Any:
        """The first event of that name."""
        return await self.until(lambda message: message.get("e") == name)

    async def ask(self, method: str, *params: object) -> Any:
        """Send a control frame; what comes back under its id."""
        self._last_id += 1
        number = self._last_id
        await self.socket.send_json({"method": method, "params": list(params), "id": number})
        return await self.until(lambda message: message.get("id") == number)

    async def call(self, method: str, **params: object) -> Any:
        """Send a request of the WebSocket API; its reply."""
        self._last_id += 1
        number = str(self._last_id)
        await self.socket.send_json({"id": number, "method": method, "params": params})
        return await self.until(lambda message: message.get("id") == number)

    async def is_quiet(self) -> bool:
        """Does nothing come?"""
        try:
            await self.socket.receive(QUIET_S)
        except TimeoutError:
            return True
        return False

    async def close_code(self) -> int | None:
        """Wait for the end of the connection; 1006 or None when there was no goodbye."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.socket.receive()
                if message.type not in (
                    aiohttp.WSMsgType.TEXT,
                    aiohttp.WSMsgType.PING,
                    aiohttp.WSMsgType.PONG,
                ):
                    return self.socket.close_code


@asynccontextmanager
async def connected(
    venue: RunningVenue, path: str, *, autoping: bool = True
) -> AsyncIterator[StreamClient]:
    """``path`` as it is sent, with its query."""
    url = URL(venue.url.replace("http", "ws", 1) + path, encoded=True)
    async with venue.session.ws_connect(url, autoping=autoping) as socket:
        yield StreamClient(socket)


async def listen_key(venue: RunningVenue) -> str:
    """A key for the venue's one account."""
    return str((await venue.send("POST", "/fapi/v1/listenKey")).json["listenKey"])
