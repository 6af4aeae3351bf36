"""What the simulated Upbit tells an account about itself."""

from __future__ import annotations

from datetime import timedelta

from tests.exchanges.simulator.running import KEY, Running


async def test_a_balance_has_the_published_fields(venues: Running) -> None:
    reply = await venues.upbit.get("/v1/accounts")

    assert reply.json[0] == {
        "currency": "KRW",
        "balance": "100000000",
        "locked": "0",
        "avg_buy_price": "0",
        "avg_buy_price_modified": False,
        "unit_currency": "KRW",
    }


async def test_a_key_is_shown_with_its_end(venues: Running) -> None:
    (row,) = (await venues.upbit.get("/v1/api_keys")).json

    end = venues.clock.now() + timedelta(days=365, hours=9)
    assert row == {"access_key": KEY, "expire_at": end.strftime("%Y-%m-%dT%H:%M:%S+09:00")}


async def test_there_is_one_pocket_with_the_key_and_the_balances(venues: Running) -> None:
    (pocket,) = (await venues.upbit.get("/v1/pockets")).json
    uuid = ("uuid", pocket["uuid"])
    assets = await venues.upbit.get("/v1/pockets/assets", uuid)
    (keys,) = (await venues.upbit.get("/v1/pockets/api_keys", ("uuids[]", pocket["uuid"]))).json
    of_others = await venues.upbit.get("/v1/pockets/api_keys", ("uuids[]", "other"))
    unknown = await venues.upbit.get("/v1/pockets/assets", ("uuid", "other"))
    unsaid = await venues.upbit.get("/v1/pockets/assets")

    assert (pocket["type"], set(pocket)) == ("main", {"uuid", "name", "type"})
    assert assets.json == (await venues.upbit.get("/v1/accounts")).json
    assert keys["uuid"] == pocket["uuid"]
    assert set(keys["keys"][0]) == {
        "access_key", "permissions", "allowed_ips", "created_at", "expired_at",
    }  # fmt: skip
    assert of_others.json == []
    assert (unknown.status, unsaid.status) == (404, 400)


async def test_a_key_may_not_withdraw(venues: Running) -> None:
    (group,) = (await venues.upbit.get("/v1/pockets/api_keys")).json

    assert "withdraw" not in group["keys"][0]["permissions"]


async def test_wallets_of_all_coins_are_working(venues: Running) -> None:
    rows = (await venues.upbit.get("/v1/status/wallet")).json

    assert {row["currency"]: row["wallet_state"] for row in rows} == dict.fromkeys(
        ("BTC", "USDT", "USDC"), "working"
    )
    assert set(rows[0]) == {
        "currency", "wallet_state", "block_state", "block_height", "block_updated_at",
        "block_elapsed_minutes", "net_type", "network_name",
    }  # fmt: skip


async def test_a_market_shows_both_balances_and_what_the_coin_was_bought_at(
    venues: Running,
) -> None:
    for price in ("1151000", "5755000"):
        await venues.upbit.order(market="KRW-USDT", side="bid", ord_type="price", price=price)

    usdt = (await venues.upbit.get("/v1/accounts")).json[-1]
    chance = (await venues.upbit.get("/v1/orders/chance", ("market", "KRW-USDT"))).json

    assert (usdt["currency"], usdt["avg_buy_price"]) == ("USDT", "1151")
    assert chance["ask_account"] == usdt
    assert set(chance) == {
        "bid_fee", "ask_fee", "maker_bid_fee", "maker_ask_fee", "market", "bid_account",
        "ask_account",
    }  # fmt: skip
    assert set(chance["market"]) == {
        "id", "name", "order_sides", "bid_types", "ask_types", "bid", "ask", "max_total", "state",
    }  # fmt: skip
