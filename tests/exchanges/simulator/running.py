"""Both simulated venues on free ports, and a client of Upbit that knows nothing of ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from exchanges.simulator.server import Address, Addresses, serve
from exchanges.simulator.simulation import Simulation
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.still_market import set_btc, still_path

KEY, SECRET = "access-1", "secret-1"
Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    json: Any

    @property
    def error(self) -> Any:
        """The venue's name of what is wrong."""
        return self.json["error"]["name"]


def signed_token(
    key: str = KEY, secret: str = SECRET, algorithm: str = "HS256", **claims: str
) -> str:
    """A token with a fresh nonce unless ``claims`` has one."""
    head = _part({"alg": algorithm, "typ": "JWT"})
    signed = f"{head}.{_part({'access_key': key, 'nonce': str(uuid.uuid4())} | claims)}"
    digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}.get(algorithm, hashlib.sha384)
    signature = hmac.new(secret.encode(), signed.encode(), digest).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@dataclass(slots=True)
class UpbitClient:
    """Signs as the venue documents."""

    session: aiohttp.ClientSession
    url: str
    key: str = KEY
    secret: str = SECRET
    algorithm: str = "HS256"

    async def get(self, path: str, *params: tuple[str, str]) -> Reply:
        return await self.send("GET", path, params, self.token(params))

    async def delete(self, path: str, *params: tuple[str, str]) -> Reply:
        return await self.send("DELETE", path, params, self.token(params))

    async def order(self, **body: str) -> Reply:
        return await self.send(
            "POST", "/v1/orders", tuple(body.items()), self.token([*body.items()])
        )

    async def public(self, path: str, *params: tuple[str, str]) -> Reply:
        return await self.send("GET", path, params, None)

    def token(self, params: Params, nonce: str | None = None, **claims: str) -> str:
        payload = {} if nonce is None else {"nonce": nonce}
        if params:
            text = "&".join(f"{name}={value}" for name, value in params)
            payload["query_hash"] = hashlib.sha512(text.encode()).hexdigest()
            payload["query_hash_alg"] = "SHA512"
        return signed_token(self.key, self.secret, self.algorithm, **(payload | claims))

    async def send(self, method: str, path: str, params: Params, token: str | None) -> Reply:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        url, data = self.url + path, None
        if method == "POST":
            headers["Content-Type"] = "application/json; charset=utf-8"
            data = json.dumps(dict(params))
        elif params:
            url += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in params)
        address = URL(url, encoded=True)  # else %3A would go out as a colon
        async with self.session.request(method, address, headers=headers, data=data) as response:
            body = json.loads(await response.read(), parse_float=Decimal)
            return Reply(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                body,
            )


@dataclass(slots=True)
class Running:
    """A simulation that is served; its clock stands still."""

    simulation: Simulation
    clock: ManualClock
    session: aiohttp.ClientSession
    upbit_url: str
    binance_url: str
    control_url: str

    @property
    def upbit(self) -> UpbitClient:
        return UpbitClient(self.session, self.upbit_url)

    async def control(self, method: str, path: str, body: object = None) -> Reply:
        data = body if isinstance(body, bytes) else None
        json_body = None if isinstance(body, bytes) else body
        async with self.session.request(
            method, self.control_url + path, json=json_body, data=data
        ) as response:
            return Reply(response.status, {}, await response.json())


@asynccontextmanager
async def running_simulators(**balances: str) -> AsyncIterator[Running]:
    """KRW-BTC stands at 60,000,000 / 60,010,000 with 0.5 BTC on each level."""
    clock = ManualClock()
    simulation = Simulation(still_path(), clock)
    set_btc(simulation.market, "60000000", "60010000")
    holdings = balances or {"KRW": "100000000"}
    simulation.upbit.add_account(
        KEY, SECRET, {currency: Decimal(amount) for currency, amount in holdings.items()}
    )
    simulation.binance.add_account(KEY, SECRET, {"USDT": Decimal(100_000)})
    free = Address("127.0.0.1", 0)
    async with AsyncExitStack() as stack:
        urls = await serve(simulation, Addresses(free, free, free), stack)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Running(simulation, clock, session, urls.upbit, urls.binance, urls.control)


def _part(content: dict[str, str]) -> str:
    text = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
