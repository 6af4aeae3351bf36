"""A recording of Binance's real streams, and a venue that plays it.

``data/btcusdt_2024-08-08.jsonl.gz`` is the first 75 s of a recording of BTCUSDT (bookTicker, trade,
depthUpdate and one REST snapshot) from nkaz001/hftbacktest, MIT licence. Each line is the local
time in nanoseconds, a space, and a frame as it came; the snapshot is a line of its own.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import web

SLICE = Path(__file__).parent / "data" / "btcusdt_2024-08-08.jsonl.gz"
_BESIDE = Path(__file__).resolve().parents[4] / "shared" / "data"
_WHOLE = "binance_usdm_btcusdt_ws_2024-08-08.jsonl.gz"


def recordings() -> list[Path]:
    """The slice; and the whole recording where ``KIMP_TEST_CAPTURE`` names it or it lies in
    ``../shared/data``."""
    named = os.environ.get("KIMP_TEST_CAPTURE")
    whole = Path(named) if named else _BESIDE / _WHOLE
    return [SLICE, whole] if named or whole.exists() else [SLICE]


@dataclass(frozen=True, slots=True)
class Capture:
    """The frames up to the last change of the book, and the snapshot that came amid them."""

    before: list[str]
    snapshot: str
    after: list[str]

    @classmethod
    def read(cls, path: Path) -> Capture:
        with gzip.open(path, "rt") as lines:
            frames = [line.split(" ", 1)[1].rstrip("\n") for line in lines]
        at = next(i for i, frame in enumerate(frames) if frame.startswith('{"lastUpdateId"'))
        end = max(i for i, frame in enumerate(frames) if '"depthUpdate"' in frame)
        return cls(frames[:at], frames[at], frames[at + 1 : end + 1])

    def events(self, kind: str) -> list[dict[str, Any]]:
        """All of one kind, in the order they came."""
        told = f'"e":"{kind}"'
        return [json.loads(frame)["data"] for frame in self.before + self.after if told in frame]


class RebuiltBook:
    """A book made of a capture in the simplest way: two dictionaries."""

    def __init__(self, snapshot: str) -> None:
        body = json.loads(snapshot)
        self.last_id = body["lastUpdateId"]
        self.bids = {Decimal(p): Decimal(q) for p, q in body["bids"]}
        self.asks = {Decimal(p): Decimal(q) for p, q in body["asks"]}

    def apply(self, event: dict[str, Any]) -> None:
        if event["u"] <= self.last_id:
            return
        self.last_id = event["u"]
        for name, side in (("b", self.bids), ("a", self.asks)):
            for price, quantity in event[name]:
                side[Decimal(price)] = Decimal(quantity)

    def levels(self) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Bids and asks, best first."""
        bids = sorted((level for level in self.bids.items() if level[1]), reverse=True)
        return bids, sorted(level for level in self.asks.items() if level[1])


@dataclass(slots=True)
class Player:
    """A venue that plays one capture; only one snapshot is to be had."""

    url: str
    asked: list[str]
    streams: list[str]


@asynccontextmanager
async def playing(capture: Capture) -> AsyncIterator[Player]:
    """Serve ``capture`` as fast as it is taken: what came after the snapshot is sent after it."""
    player = Player("", [], [])
    given = asyncio.Event()

    async def depth(request: web.Request) -> web.Response:
        player.asked.append(request.query_string)
        if given.is_set():
            return web.Response(status=503, text="Service Unavailable.")
        given.set()
        return web.Response(text=capture.snapshot)

    async def stream(request: web.Request) -> web.WebSocketResponse:
        player.streams.append(request.query["streams"])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for frame in capture.before:
            await socket.send_str(frame)
        await given.wait()
        for frame in capture.after:
            await socket.send_str(frame)
        await socket.receive()
        return socket

    app = web.Application()
    app.router.add_get("/fapi/v1/depth", depth)
    app.router.add_get("/public/stream", stream)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        player.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield player
    finally:
        await runner.cleanup()
