"""Who may speak to the simulated Binance, and when."""

from __future__ import annotations

import pytest

from exchanges.simulator.binance.signature import hmac_of, payload_of
from exchanges.transport import Request
from tests.exchanges.simulator.binance_venue import KEY, RunningVenue, running_venue, sign

PRIVATE = "/fapi/v3/balance"


def test_the_published_example_of_the_venue_is_signed_as_published() -> None:
    payload = (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000"
        "&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943"
    )
    secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
    expected = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"

    in_query = Request("POST", "/fapi/v1/order", f"{payload}&signature={expected}")
    in_body = Request("POST", "/fapi/v1/order", body=f"{payload}&signature=x".encode())

    assert hmac_of(payload_of(in_query), secret) == expected
    assert hmac_of(payload_of(in_body), secret) == expected


def test_query_and_body_are_signed_as_one_without_a_separator() -> None:
    request = Request("POST", "/x", "a=1", body=b"b=2&signature=zz")

    assert payload_of(request) == b"a=1b=2"


async def test_a_good_signature_is_accepted_in_query_and_in_body() -> None:
    async with running_venue() as venue:
        signed = sign({"timestamp": venue.now_ms()})
        as_query = await venue.send("GET", PRIVATE, signed)
        body = sign({"symbol": "BTCUSDT", "leverage": 5, "timestamp": venue.now_ms()})
        as_body = await venue.session.post(
            f"{venue.url}/fapi/v1/leverage",
            data=body.encode(),
            headers={"X-MBX-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"},
        )

        assert as_query.status == 200
        assert as_body.status == 200
        assert (await as_body.json())["leverage"] == 5


async def test_an_upper_case_signature_is_as_good() -> None:
    async with running_venue() as venue:
        query, _, signature = sign({"timestamp": venue.now_ms()}).rpartition("=")

        reply = await venue.send("GET", PRIVATE, f"{query}={signature.upper()}")

        assert reply.status == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("timestamp={now}&signature=00", -1022),
        ("timestamp={now}", -1102),
        ("signature=00", -1102),
        ("timestamp=&signature=00", -1102),
        ("timestamp=soon&signature=00", -1102),
        ("timestamp={now}&recvWindow=60001&signature=00", -1130),
    ],
)
async def test_a_request_that_is_not_properly_signed_is_refused(query: str, code: int) -> None:
    async with running_venue() as venue:
        reply = await venue.send("GET", PRIVATE, query.format(now=venue.now_ms()))

        assert (reply.status, reply.code) == (400, code)


async def test_a_signature_of_other_parameters_is_refused() -> None:
    async with running_venue() as venue:
        signed = sign({"symbol": "BTCUSDT", "leverage": 5, "timestamp": venue.now_ms()})

        reply = await venue.send("POST", "/fapi/v1/leverage", signed.replace("=5&", "=9&"))

        assert reply.code == -1022


@pytest.mark.parametrize(
    ("key", "code"), [(None, -2014), ("bad key!", -2014), ("somebody-else", -2015)]
)
async def test_a_missing_malformed_or_unknown_key_is_refused(key: str | None, code: int) -> None:
    async with running_venue() as venue:
        reply = await venue.send("GET", PRIVATE, sign({"timestamp": venue.now_ms()}), key=key)

        assert (reply.status, reply.code) == (401, code)


@pytest.mark.parametrize(
    ("offset_ms", "accepted"),
    [(999, True), (1_000, False), (0, True), (-5_000, True), (-5_001, False)],
)
async def test_a_timestamp_may_lead_by_less_than_a_second_and_lag_by_the_window(
    offset_ms: int, accepted: bool
) -> None:
    async with running_venue() as venue:
        reply = await venue.send("GET", PRIVATE, sign({"timestamp": venue.now_ms() + offset_ms}))

        assert reply.status == (200 if accepted else 400)
        assert accepted or reply.code == -1021


async def test_a_wider_window_admits_an_older_request() -> None:
    async with running_venue() as venue:
        timestamp = venue.now_ms() - 30_000

        reply = await venue.send(
            "GET", PRIVATE, sign({"timestamp": timestamp, "recvWindow": 30_000})
        )

        assert reply.status == 200


async def test_a_venue_clock_that_drifts_refuses_what_was_on_time() -> None:
    async with running_venue() as venue:
        venue.simulation.binance.set_clock_offset(-2_000)
        ahead = await venue.signed("GET", PRIVATE)
        venue.simulation.binance.set_clock_offset(6_000)
        late = await venue.signed("GET", PRIVATE)

        assert "1000ms ahead" in ahead.json["msg"]
        assert "outside of the recvWindow" in late.json["msg"]
        assert await _server_time(venue) == venue.now_ms() + 6_000


async def _server_time(venue: RunningVenue) -> int:
    return int((await venue.get("/fapi/v1/time")).json["serverTime"])
