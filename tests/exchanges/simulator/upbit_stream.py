"""A client of the simulated Upbit's WebSockets that knows nothing of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp

from tests.exchanges.simulator.running import Running

PATIENCE_S = 30.0
NO_HEADERS: Mapping[str, str] = {}


@dataclass(slots=True)
class Stream:
    socket: aiohttp.ClientWebSocketResponse

    async def ask(self, *entries: dict[str, Any], format: str | None = None) -> None:
        """Subscribe to ``entries``."""
        message: list[dict[str, Any]] = [{"ticket": "test"}, *entries]
        if format is not None:
            message.append({"format": format})
        await self.socket.send_str(json.dumps(message))

    async def frame(self) -> aiohttp.WSMessage:
        async with asyncio.timeout(PATIENCE_S):
            return await self.socket.receive()

    async def next(self) -> Any:
        """The next message, which must be binary."""
        message = await self.frame()
        assert message.type is aiohttp.WSMsgType.BINARY, message
        return json.loads(message.data, parse_float=Decimal)

    async def several(self, count: int) -> list[Any]:
        return [await self.next() for _ in range(count)]

    async def is_cut(self) -> bool:
        """Ended without a goodbye."""
        message = await self.frame()
        return message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)

    async def synchronise(self) -> None:
        """Until the venue has heard all that was sent before; what it says meanwhile is lost."""
        await self.socket.send_str("PING")
        while await self.next() != {"status": "UP"}:
            pass


@asynccontextmanager
async def public_stream(
    venues: Running, headers: Mapping[str, str] = NO_HEADERS
) -> AsyncIterator[Stream]:
    async with _opened(venues, "/websocket/v1", headers) as stream:
        yield stream


@asynccontextmanager
async def private_stream(venues: Running, token: str | None = None) -> AsyncIterator[Stream]:
    headers = {"Authorization": f"Bearer {token or venues.upbit.token(())}"}
    async with _opened(venues, "/websocket/v1/private", headers) as stream:
        yield stream


@asynccontextmanager
async def _opened(venues: Running, path: str, headers: Mapping[str, str]) -> AsyncIterator[Stream]:
    url = venues.upbit_url.replace("http", "ws", 1) + path
    async with venues.session.ws_connect(url, headers=headers) as socket:
        yield Stream(socket)
