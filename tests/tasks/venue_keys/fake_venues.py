"""What the venues tell of keys' rights, over HTTP; everything else of them is missing.

One server plays all three: their paths differ. It checks signatures as the venues document, and
echoes the key in its refusals, as an unkind venue might.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tasks.settings import Mode, Settings
from tests.tasks.venue_keys.samples import ACCESS, SECRET

RESTRICTIONS = {
    "ipRestrict": True,
    "createTime": 1623840271000,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "enableMargin": False,
    "enableFutures": True,
    "permitsUniversalTransfer": False,
    "enableVanillaOptions": False,
    "enableFixApiTrade": False,
    "enableFixReadOnly": False,
    "enableSpotAndMarginTrading": True,
    "enablePortfolioMarginTrading": False,
}
"""A Binance key that trades futures and nothing more (Binance docs, "Get API Key Permission")."""

Reply = tuple[int, Any]


def upbit_error(status: int, name: str) -> Reply:
    return status, {"error": {"name": name, "message": f"{ACCESS} 권한이 없습니다 {SECRET}"}}


@dataclass(slots=True)
class FakeVenues:
    url: str = ""
    upbit_cancel: Reply = field(default_factory=lambda: upbit_error(401, "out_of_scope"))
    upbit_list: Reply = (200, [])
    binance: Reply = (200, RESTRICTIONS)
    hyperliquid: Reply = (200, {"role": "missing"})
    asked: list[str] = field(default_factory=list)

    def settings(self, home: Path, **changes: Any) -> Settings:
        """Live, with all venues here."""
        named = ("upbit_url", "binance_url", "binance_spot_url", "hyperliquid_url")
        addresses: dict[str, Any] = dict.fromkeys(named, self.url)
        return Settings(home=home, mode=Mode.LIVE, **addresses, **changes)

    async def cancel_withdrawal(self, request: web.Request) -> web.Response:
        self._demand_upbit_signature(request)
        assert uuid.UUID(request.query["uuid"]).version == 4
        return self._answer(request, self.upbit_cancel)

    async def list_withdrawals(self, request: web.Request) -> web.Response:
        self._demand_upbit_signature(request)
        return self._answer(request, self.upbit_list)

    async def restrictions(self, request: web.Request) -> web.Response:
        assert request.headers["X-MBX-APIKEY"] == ACCESS
        payload, _, signature = request.query_string.rpartition("&signature=")
        expected = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
        assert signature == expected
        return self._answer(request, self.binance)

    async def info(self, request: web.Request) -> web.Response:
        asked = await request.json()
        assert asked["type"] == "userRole"
        self.asked.append(asked["user"])
        return self._answer(request, self.hyperliquid)

    def _demand_upbit_signature(self, request: web.Request) -> None:
        head, claims, signature = request.headers["Authorization"].split(" ")[1].split(".")
        bits = _part(head)["alg"].removeprefix("HS")
        digest = hmac.new(SECRET.encode(), f"{head}.{claims}".encode(), f"sha{bits}").digest()
        assert signature == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        content = _part(claims)
        assert content["access_key"] == ACCESS
        assert content["query_hash"] == hashlib.sha512(request.query_string.encode()).hexdigest()

    def _answer(self, request: web.Request, reply: Reply) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        status, content = reply
        if isinstance(content, bytes):
            return web.Response(status=status, body=content)
        return web.json_response(content, status=status)


def _part(text: str) -> dict[str, str]:
    """One part of a JSON Web Token."""
    content: dict[str, str] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return content


@asynccontextmanager
async def running_fake_venues() -> AsyncIterator[FakeVenues]:
    venues = FakeVenues()
    app = web.Application()
    app.router.add_delete("/v1/withdraws/coin", venues.cancel_withdrawal)
    app.router.add_get("/v1/withdraws", venues.list_withdrawals)
    app.router.add_get("/sapi/v1/account/apiRestrictions", venues.restrictions)
    app.router.add_post("/info", venues.info)
    async with TestServer(app) as server:
        venues.url = str(server.make_url("")).rstrip("/")
        yield venues
