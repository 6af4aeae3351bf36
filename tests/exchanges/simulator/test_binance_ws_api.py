"""The WebSocket API: requests, replies, counters and sign-in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exchanges.simulator.binance.ws_api.sign_in import signed_text
from tests.exchanges.simulator.binance_streams import connected
from tests.exchanges.simulator.binance_venue import (
    KEY,
    SECRET,
    SYMBOL,
    RunningVenue,
    running_venue,
)

PATH = "/ws-fapi/v1"
ORDER: dict[str, object] = {
    "symbol": SYMBOL,
    "side": "BUY",
    "type": "MARKET",
    "quantity": "0.010",
    "newOrderRespType": "RESULT",
}


def signed(venue: RunningVenue, **params: object) -> dict[str, object]:
    """HMAC over the parameters sorted by name."""
    full = {"apiKey": KEY, "timestamp": venue.now_ms(), **params}
    text = "&".join(f"{name}={_text(full[name])}" for name in sorted(full))
    return full | {
        "signature": hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_signed_text_is_the_documented_one() -> None:
    secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
    params = {
        "type": "MARKET",
        "apiKey": "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83",
        "newClientOrderId": "x-1",
        "newOrderRespType": "RESULT",
        "quantity": "0.001",
        "side": "SELL",
        "symbol": "BTCUSDT",
        "timestamp": "1591702613943",
        "signature": "not part of it",
    }

    signature = hmac.new(secret.encode(), signed_text(params).encode(), hashlib.sha256).hexdigest()

    assert signature == "26af210d18fcbfaecce1cd7a59391aefd17f9dfbc42d3f20bd6b6b7d0abe3080"


async def test_an_order_is_placed_read_amended_and_cancelled() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        terms = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.100", "price": "49000.0"}
        placed = await client.call(
            "order.place",
            **signed(venue, **terms, type="LIMIT", timeInForce="GTC", newClientOrderId="mine"),
        )
        ids = {"symbol": SYMBOL, "origClientOrderId": "mine"}
        read = await client.call("order.status", **signed(venue, **ids))
        amended = await client.call(
            "order.modify", **signed(venue, **(terms | ids | {"price": "48000.0"}))
        )
        cancelled = await client.call("order.cancel", **signed(venue, **ids))

        assert [reply["status"] for reply in (placed, read, amended, cancelled)] == [200] * 4
        assert placed["result"]["status"] == "NEW"
        assert read["result"]["orderId"] == placed["result"]["orderId"]
        assert amended["result"]["price"] == "48000.00"
        assert cancelled["result"]["status"] == "CANCELED"


async def test_the_reply_to_an_order_has_no_average_price_and_reading_it_has() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        placed = await client.call("order.place", **signed(venue, **ORDER))
        read = await client.call(
            "order.status", **signed(venue, symbol=SYMBOL, orderId=placed["result"]["orderId"])
        )

        assert placed["result"]["status"] == "FILLED"
        assert not {"avgPrice", "cumQuote"} & placed["result"].keys()
        assert read["result"]["avgPrice"] == "50001.00000"


async def test_replies_carry_the_counters_that_rest_shows() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        await venue.order()
        placed = await client.call("order.place", **signed(venue, **ORDER))
        read = await client.call("depth", symbol=SYMBOL, limit=5)
        silent = await client.call("order.place", **signed(venue, **ORDER, returnRateLimits=False))
        over_rest = await venue.order()

        assert [(one["rateLimitType"], one["limit"]) for one in placed["rateLimits"]] == [
            ("ORDERS", 300),
            ("ORDERS", 1_200),
            ("REQUEST_WEIGHT", 2_400),
        ]
        assert [one["count"] for one in placed["rateLimits"]][:2] == [2, 2]
        assert [one["rateLimitType"] for one in read["rateLimits"]] == ["REQUEST_WEIGHT"]
        assert read["rateLimits"][0]["count"] == placed["rateLimits"][2]["count"] + 2
        assert silent["status"] == 200
        assert "rateLimits" not in silent
        assert over_rest.headers["x-mbx-order-count-10s"] == "4"


async def test_the_counters_can_be_switched_off_for_a_connection() -> None:
    path = f"{PATH}?returnRateLimits=false"
    async with running_venue() as venue, connected(venue, path) as client:
        silent = await client.call("ticker.price", symbol=SYMBOL)
        loud = await client.call("ticker.price", symbol=SYMBOL, returnRateLimits=True)

        assert "rateLimits" not in silent
        assert loud["rateLimits"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("v2/account.balance", "/fapi/v3/balance"),
        ("v2/account.position", "/fapi/v3/positionRisk"),
        ("v2/account.status", "/fapi/v3/account"),
        ("account.balance", "/fapi/v2/balance"),
        ("account.position", "/fapi/v2/positionRisk"),
        ("account.status", "/fapi/v2/account"),
    ],
)
async def test_the_account_is_what_rest_says(method: str, path: str) -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        await venue.order(side="SELL", quantity="0.100")

        reply = await client.call(method, **signed(venue))
        rest = await venue.signed("GET", path)

        assert reply["result"] == rest.json
        assert reply["result"]


async def test_public_methods_ask_for_no_key() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        book = (await client.call("depth", symbol=SYMBOL, limit=5))["result"]
        ticker = (await client.call("ticker.book", symbol=SYMBOL))["result"]
        price = (await client.call("ticker.price", symbol=SYMBOL))["result"]
        every = (await client.call("ticker.book"))["result"]

        assert book["bids"][0] == ["49999.00", "2.000"]
        assert (ticker["bidPrice"], ticker["lastUpdateId"]) == ("49999.00", book["lastUpdateId"])
        assert Decimal(price["price"]) > 0
        assert SYMBOL in [one["symbol"] for one in every]


async def test_listen_keys_are_the_ones_of_rest() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        started = await client.call("userDataStream.start", apiKey=KEY)
        over_rest = await venue.send("POST", "/fapi/v1/listenKey")
        pinged = await client.call("userDataStream.ping", apiKey=KEY)
        stopped = await client.call("userDataStream.stop", apiKey=KEY)
        late = await client.call("userDataStream.ping", apiKey=KEY)

        assert started["result"] == pinged["result"] == over_rest.json
        assert stopped["result"] == {}
        assert late["error"]["code"] == -1125


@pytest.mark.parametrize(
    ("method", "changes", "code"),
    [
        ("order.place", {"quantity": "0.0001"}, -1111),
        ("order.place", {"quantity": "0"}, -4003),
        ("order.place", {"type": "STOP_MARKET"}, -4120),
        ("order.place", {"timestamp": 1}, -1021),
        ("order.place", {"apiKey": "nobody"}, -2015),
        ("order.cancel", {"orderId": 1}, -2011),
        ("order.status", {"orderId": 1}, -2013),
        ("nonsense", {}, -5000),
        ("session.nonsense", {}, -5000),
    ],
)
async def test_refusals_are_those_of_rest(
    method: str, changes: dict[str, object], code: int
) -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        reply = await client.call(method, **signed(venue, **(ORDER | changes)))

        assert reply["error"]["code"] == code
        assert reply["error"]["msg"]
        assert reply["status"] >= 400
        assert "result" not in reply


async def test_a_wrong_signature_and_none_are_refused() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        wrong = await client.call(
            "order.place", **(signed(venue, **ORDER) | {"signature": "0" * 64})
        )
        none = await client.call("order.place", **ORDER, apiKey=KEY, timestamp=venue.now_ms())
        nobody = await client.call("order.place", **ORDER, timestamp=venue.now_ms())

        assert wrong["error"]["code"] == -1022
        assert none["error"]["code"] == -1102
        assert nobody["error"]["code"] == -1102
        assert venue.simulation.binance.account(KEY).trades == []


@pytest.mark.parametrize(
    ("sent", "code", "request_id"),
    [
        ("{", -1135, None),
        ("[]", -1135, None),
        ('{"id": 1}', -1102, 1),
        ('{"id": "a", "method": "depth", "params": []}', -1130, "a"),
        ('{"id": {}, "method": "depth"}', -1130, None),
    ],
)
async def test_what_is_no_request_is_answered_and_the_connection_goes_on(
    sent: str, code: int, request_id: object
) -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        await client.socket.send_str(sent)
        refused = await client.next()
        afterwards = await client.call("ticker.price", symbol=SYMBOL)

        assert (refused["error"]["code"], refused["id"]) == (code, request_id)
        assert afterwards["status"] == 200


async def test_too_many_orders_are_refused_with_the_time_to_come_back() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        for _ in range(300):
            await client.call("order.place", **signed(venue, symbol="X", returnRateLimits=False))
        refused = await client.call("order.place", **signed(venue, **ORDER))
        over_rest = await venue.order()

        assert (refused["status"], refused["error"]["code"]) == (429, -1015)
        data = refused["error"]["data"]
        assert data["serverTime"] == venue.now_ms()
        assert 0 < data["retryAfter"] - data["serverTime"] <= 10_000
        assert over_rest.status == 429


# ---- signing in


class Signer:
    """An account that the venue knows by an Ed25519 public key."""

    key = "ed25519-key"

    def __init__(self, venue: RunningVenue) -> None:
        self._venue = venue
        self._private = Ed25519PrivateKey.generate()
        public = self._private.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        venue.simulation.binance.add_account(self.key, pem, {"USDT": Decimal(100_000)})

    def signed(self, **params: object) -> dict[str, object]:
        full = {"apiKey": self.key, "timestamp": self._venue.now_ms(), **params}
        text = "&".join(f"{name}={full[name]}" for name in sorted(full))
        signature = base64.b64encode(self._private.sign(text.encode())).decode()
        return full | {"signature": signature}


async def test_after_signing_in_requests_carry_the_timestamp_alone() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        signer = Signer(venue)
        logon = await client.call("session.logon", **signer.signed())
        placed = await client.call("order.place", **ORDER, timestamp=venue.now_ms())
        late = await client.call("order.place", **ORDER, timestamp=venue.now_ms() - 6_000)
        key = await client.call("userDataStream.start")
        status = await client.call("session.status")

        assert logon["result"] == {
            "apiKey": signer.key,
            "authorizedSince": venue.now_ms(),
            "connectedSince": venue.now_ms(),
            "returnRateLimits": True,
            "serverTime": venue.now_ms(),
            "userDataStream": False,
        }
        assert placed["result"]["status"] == "FILLED"
        assert late["error"]["code"] == -1021
        assert key["result"]["listenKey"]
        assert status["result"]["apiKey"] == signer.key
        assert len(venue.simulation.binance.account(signer.key).trades) == 1


async def test_after_signing_out_a_request_needs_its_key_again() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        signer = Signer(venue)
        await client.call("session.logon", **signer.signed())
        logout = await client.call("session.logout")
        refused = await client.call("order.place", **ORDER, timestamp=venue.now_ms())
        by_request = await client.call("order.place", **signer.signed(**ORDER))

        assert (logout["result"]["apiKey"], logout["result"]["authorizedSince"]) == (None, None)
        assert refused["error"]["code"] == -1102
        assert by_request["status"] == 200


async def test_signing_in_takes_ed25519_keys_only_and_is_of_its_connection() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        with_hmac = await client.call("session.logon", **signed(venue))
        signer = Signer(venue)
        await client.call("session.logon", **signer.signed())
        async with connected(venue, PATH) as other:
            elsewhere = await other.call("session.status")

        assert with_hmac["error"]["code"] == -1022
        assert elsewhere["result"]["apiKey"] is None
