"""How far the calls on orders of the simulated Upbit go, and what each name of an error comes with
(Upbit docs, orders and REST API errors)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from yarl import URL

from tests.exchanges.simulator.running import Running

RESTING = {
    "market": "KRW-BTC", "side": "ask", "ord_type": "limit", "volume": "0.01", "price": "90000000",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("invalid_price_ask", {"price": "90000001"}),
        ("under_min_total_ask", {"volume": "0.00001"}),
        ("create_ask_error", {"ord_type": "price"}),
        ("validation_error", {"ord_type": "stop"}),
        ("validation_error", {"market": "KRW-XXX"}),
        ("insufficient_funds_ask", {"volume": "5"}),
    ],
)
async def test_an_attempt_uses_up_its_identifier_whatever_is_wrong_with_it(
    venues: Running, name: str, change: dict[str, str]
) -> None:
    refused = await venues.upbit.order(**RESTING | change, identifier="once")

    again = await venues.upbit.order(**RESTING, identifier="once")

    assert (refused.status, refused.error) == (400, name)
    assert (again.status, again.error) == (400, "validation_error")
    assert "identifier" in again.json["error"]["message"]
    assert (await venues.upbit.order(**RESTING, identifier="other")).status == 201


async def test_a_reorder_that_is_refused_uses_up_its_identifier_too(venues: Running) -> None:
    await venues.upbit.order(**RESTING, identifier="old")
    body = (
        ("prev_order_identifier", "old"), ("new_ord_type", "limit"), ("new_price", "90000001"),
        ("new_volume", "remain_only"), ("new_identifier", "new"),
    )  # fmt: skip

    refused = await venues.upbit.send(
        "POST", "/v1/orders/cancel_and_new", body, venues.upbit.token(body)
    )

    assert refused.error == "invalid_price_ask"
    assert (await venues.upbit.order(**RESTING, identifier="new")).error == "validation_error"


async def test_the_uuid_wins_over_the_identifier(venues: Running) -> None:
    first = (await venues.upbit.order(**RESTING, identifier="first")).json
    await venues.upbit.order(**RESTING, identifier="second")
    both = (("uuid", first["uuid"]), ("identifier", "second"))

    read = await venues.upbit.get("/v1/order", *both)
    cancelled = await venues.upbit.delete("/v1/order", *both)

    assert (read.json["uuid"], cancelled.json["uuid"]) == (first["uuid"], first["uuid"])
    (left,) = (await venues.upbit.get("/v1/orders/open")).json
    assert left["identifier"] == "second"


async def test_a_hundred_orders_are_read_by_ids_and_no_more(venues: Running) -> None:
    created = (await venues.upbit.order(**RESTING)).json
    ids = [("uuids[]", created["uuid"]), *((("uuids[]", f"no-{place}")) for place in range(99))]

    hundred = await venues.upbit.get("/v1/orders/uuids", *ids)
    one_more = await venues.upbit.get("/v1/orders/uuids", *ids, ("uuids[]", "no-99"))

    assert [row["uuid"] for row in hundred.json] == [created["uuid"]]
    assert (one_more.status, one_more.error) == (400, "validation_error")


async def test_orders_by_ids_are_newest_first_or_as_asked(venues: Running) -> None:
    for name in ("a", "b"):
        await venues.upbit.order(**RESTING, identifier=name)
        venues.clock.advance(1)
    wanted = (("identifiers[]", "a"), ("identifiers[]", "b"))

    usual = await venues.upbit.get("/v1/orders/uuids", *wanted)
    oldest = await venues.upbit.get("/v1/orders/uuids", *wanted, ("order_by", "asc"))

    assert [row["identifier"] for row in usual.json] == ["b", "a"]
    assert [row["identifier"] for row in oldest.json] == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/v1/orders/open", (("limit", "100"),), 200),
        ("/v1/orders/open", (("limit", "101"),), 400),
        ("/v1/orders/open", (("states[]", "wait"), ("states[]", "watch")), 200),
        ("/v1/orders/open", (("state", "done"),), 400),
        ("/v1/orders/closed", (("limit", "1000"),), 200),
        ("/v1/orders/closed", (("limit", "1001"),), 400),
        ("/v1/orders/closed", (("state", "wait"),), 400),
        ("/v1/orders/closed", (("order_by", "oldest"),), 400),
        ("/v1/orders/uuids", (("uuids[]", "a"), ("identifiers[]", "b")), 400),
        ("/v1/orders/uuids", (), 400),
    ],
)
async def test_lists_go_as_far_as_the_venue_says(
    venues: Running, path: str, params: tuple[tuple[str, str], ...], status: int
) -> None:
    reply = await venues.upbit.get(path, *params)

    assert reply.status == status
    if status == 400:
        assert reply.error == "validation_error"


async def test_waiting_orders_are_not_among_the_watched_ones(venues: Running) -> None:
    await venues.upbit.order(**RESTING)

    watched = await venues.upbit.get("/v1/orders/open", ("state", "watch"))
    waiting = await venues.upbit.get("/v1/orders/open")

    assert (len(watched.json), len(waiting.json)) == (0, 1)


async def test_the_chance_has_the_published_fields(venues: Running) -> None:
    chance = (await venues.upbit.get("/v1/orders/chance", ("market", "KRW-BTC"))).json
    balances = (await venues.upbit.get("/v1/accounts")).json

    names = {"limit", "best_ioc", "best_fok", "limit_ioc", "limit_fok"}
    market = chance.pop("market")
    assert set(market.pop("bid_types")) == names | {"price"}
    assert set(market.pop("ask_types")) == names | {"market"}
    assert market == {
        "id": "KRW-BTC", "name": "BTC/KRW", "order_sides": ["ask", "bid"],
        "bid": {"currency": "KRW", "min_total": "5000"},
        "ask": {"currency": "BTC", "min_total": "5000"},
        "max_total": "1000000000", "state": "active",
    }  # fmt: skip
    assert {row["currency"]: row for row in balances} == {
        "KRW": chance.pop("bid_account"), "BTC": chance.pop("ask_account"),
    }  # fmt: skip
    fees = ("bid_fee", "ask_fee", "maker_bid_fee", "maker_ask_fee")
    assert chance == dict.fromkeys(fees, "0.0005")


@pytest.mark.parametrize(
    ("status", "names"),
    [
        (
            400,
            "create_ask_error create_bid_error insufficient_funds_ask insufficient_funds_bid "
            "under_min_total_ask under_min_total_bid invalid_price_ask invalid_price_bid "
            "validation_error withdraw_address_not_registered volume_too_large invalid_funds",
        ),
        (
            401,
            "invalid_query_payload jwt_verification invalid_access_key expired_access_key "
            "nonce_used no_authorization_ip no_authorization_i_p no_authorization_token",
        ),
        (403, "out_of_scope thirdparty_agreement_required"),
        (404, "order_not_found"),
        (429, "too_many_requests"),
        (500, "server_error"),
    ],
)
async def test_each_name_of_an_error_comes_with_its_status(
    venues: Running, status: int, names: str
) -> None:
    for name in names.split():
        fault = {"venue": "upbit", "endpoint": "GET /v1/accounts", "kind": "reject"}
        await venues.control("POST", "/faults", fault | {"args": {"code": name}})

        reply = await venues.upbit.get("/v1/accounts")

        assert (reply.status, reply.error) == (status, name)
        assert set(reply.json["error"]) == {"name", "message"}


async def test_times_of_an_order_are_korean_and_its_trades_have_milliseconds(
    venues: Running,
) -> None:
    await venues.upbit.order(**RESTING | {"price": "60000000"}, identifier="now")

    order = (await venues.upbit.get("/v1/order", ("identifier", "now"))).json

    made = (venues.clock.now() + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M:%S")
    assert order["created_at"] == f"{made}+09:00"
    assert re.fullmatch(rf"{made}\.\d{{3}}\+09:00", order["trades"][0]["created_at"])


async def test_a_hash_of_another_algorithm_is_refused(venues: Running) -> None:
    params = (("market", "KRW-BTC"),)
    token = venues.upbit.token(params, query_hash_alg="SHA256")

    reply = await venues.upbit.send("GET", "/v1/orders/chance", params, token)

    assert (reply.status, reply.error) == (401, "invalid_query_payload")


@pytest.mark.parametrize("sign", [":", "+"])
async def test_a_sign_that_was_not_encoded_is_refused(venues: Running, sign: str) -> None:
    value = f"2026-11-01T00{sign}00"
    token = venues.upbit.token((("end_time", value),))
    url = URL(f"{venues.upbit_url}/v1/orders/closed?end_time={value}", encoded=True)

    headers = {"Authorization": f"Bearer {token}"}
    async with venues.session.get(url, headers=headers) as reply:
        error = (await reply.json())["error"]

    assert (reply.status, error) == (
        400, {"name": "validation_error", "message": "Invalid parameter"},
    )  # fmt: skip
