"""Orders as the simulated Hyperliquid takes, keeps and refuses them."""

from __future__ import annotations

import pytest

from tests.exchanges.simulator.hyperliquid_venue import MAIN, limit, running_venue, trigger

CLOID = "0x000000000000000000000000000000ab"


async def test_an_order_through_the_book_fills_at_the_book_s_prices() -> None:
    async with running_venue() as venue:
        reply = await venue.order(limit("buy", "50005", "3", "Ioc", c=CLOID))

        (status,) = reply.statuses
        assert status["filled"] == {
            "totalSz": "3.0",
            "avgPx": "50001.6",
            "oid": reply.oid,
            "cloid": CLOID,
        }
        first, second = reversed(await venue.info("userFills", user=MAIN))
        assert (first["px"], first["sz"], second["px"], second["sz"]) == (
            "50001.0",
            "2.0",
            "50003.0",
            "1.0",
        )
        assert (first["startPosition"], second["startPosition"]) == ("0.0", "2.0")
        assert (first["dir"], first["crossed"], first["cloid"]) == ("Open Long", True, CLOID)
        assert (first["fee"], first["feeToken"]) == ("45.0009", "USDC")


async def test_a_taker_that_the_book_does_not_fill_leaves_its_rest_unfilled() -> None:
    async with running_venue() as venue:
        reply = await venue.order(limit("buy", "50001", "3", "Ioc"))

        record = await venue.status(reply.oid)
        assert reply.statuses[0]["filled"]["totalSz"] == "2.0"
        assert (record["status"], record["order"]["sz"], record["order"]["origSz"]) == (
            "filled",
            "1.0",
            "3.0",
        )


async def test_a_limit_order_rests_until_the_market_comes_and_then_fills_as_maker() -> None:
    async with running_venue() as venue:
        placed = await venue.order(limit("buy", "49000", "0.5", c=CLOID))
        (row,) = await venue.info("openOrders", user=MAIN)

        venue.move("48900", "48950")

        (fill,) = await venue.info("userFills", user=MAIN)
        record = await venue.status(CLOID)
        assert placed.statuses == [{"resting": {"oid": placed.oid, "cloid": CLOID}}]
        assert row == {
            "coin": "BTC",
            "side": "B",
            "limitPx": "49000.0",
            "sz": "0.5",
            "oid": placed.oid,
            "timestamp": venue.now_ms(),
            "origSz": "0.5",
            "cloid": CLOID,
        }
        assert (fill["px"], fill["crossed"], fill["fee"]) == ("49000.0", False, "3.675")
        assert (record["status"], record["order"]["sz"]) == ("filled", "0.0")
        assert await venue.info("openOrders", user=MAIN) == []


async def test_a_crossing_limit_order_takes_and_rests_with_what_is_left() -> None:
    async with running_venue() as venue:
        placed = await venue.order(limit("buy", "50001", "3"))

        (row,) = await venue.info("frontendOpenOrders", user=MAIN)
        assert placed.statuses == [{"resting": {"oid": placed.oid}}]
        assert (row["sz"], row["origSz"], row["tif"], row["orderType"]) == (
            "1.0",
            "3.0",
            "Gtc",
            "Limit",
        )


@pytest.mark.parametrize(
    ("order", "error", "remembered"),
    [
        (limit("buy", "50000.5", "1"), "Price must be divisible by tick size. asset=0", None),
        (limit("buy", "9000.55", "1"), "Price must be divisible by tick size. asset=0", None),
        (limit("buy", "123456", "1"), "Price must be divisible by tick size. asset=0", None),
        (limit("buy", "50000", "0.000001"), "Order has invalid size.", None),
        (limit("buy", "50000", "0"), "Order has zero size.", None),
        (limit("buy", "0", "1"), "Order has invalid price.", None),
        (
            limit("buy", "10000", "1"),
            "Order price cannot be more than 80% away from the reference price",
            None,
        ),
        (
            limit("buy", "49000", "0.0002"),
            "Order must have minimum value of $10. asset=0",
            "minTradeNtlRejected",
        ),
        (
            limit("buy", "49000", "1000"),
            "Insufficient margin to place order. asset=0",
            "perpMarginRejected",
        ),
        (
            limit("sell", "51000", "1", r=True),
            "Reduce only order would increase position. asset=0",
            "reduceOnlyRejected",
        ),
        (
            limit("buy", "50001", "1", "Alo"),
            "Post only order would have immediately matched, bbo was 49999@50001. asset=0",
            "badAloPxRejected",
        ),
        (
            limit("buy", "50000", "1", "Ioc"),
            "Order could not immediately match against any resting orders. asset=0",
            "iocCancelRejected",
        ),
        (
            trigger("sell", "50000", "1", "50500", "sl"),
            "Invalid TP/SL price. asset=0",
            "badTriggerPxRejected",
        ),
    ],
)
async def test_what_breaks_a_rule_is_refused_in_the_venue_s_words(
    order: dict[str, object], error: str, remembered: str | None
) -> None:
    async with running_venue() as venue:
        reply = await venue.order({**order, "c": CLOID})

        looked_up = await venue.info("orderStatus", user=MAIN, oid=CLOID)
        assert (reply.status, reply.error) == (200, error)
        if remembered is None:
            assert looked_up == {"status": "unknownOid"}
        else:
            assert looked_up["order"]["status"] == remembered
        assert await venue.position() is None


async def test_a_price_of_five_figures_is_taken_whatever_its_size() -> None:
    async with running_venue() as venue:
        venue.move("99990", "100010")

        coarse = await venue.order(limit("sell", "123450", "0.1"))
        whole = await venue.order(limit("buy", "99991", "0.1"))

        assert "resting" in coarse.statuses[0]
        assert "resting" in whole.statuses[0]


async def test_a_batch_reports_each_order_and_one_of_bad_form_fails_it_whole() -> None:
    async with running_venue() as venue:
        mixed = await venue.order(
            limit("buy", "49000", "0.1"),
            limit("buy", "50000", "0.1", "Ioc"),
            limit("sell", "49000", "0.2", "Ioc"),
        )
        bad = await venue.order(limit("buy", "49000", "0.1"), limit("buy", "49000", "0"))

        resting, refused, filled = mixed.statuses
        assert list(resting) == ["resting"]
        assert refused["error"].startswith("Order could not immediately match")
        assert filled["filled"]["totalSz"] == "0.2"
        assert bad.statuses == [{"error": "Order has zero size."}]
        assert len(await venue.info("openOrders", user=MAIN)) == 1


async def test_an_unknown_asset_refuses_the_whole_action() -> None:
    async with running_venue() as venue:
        reply = await venue.order({**limit("buy", "49000", "0.1"), "a": 7})

        assert reply.json["status"] == "err"


async def test_a_cloid_may_be_used_again_only_once_its_order_has_ended() -> None:
    async with running_venue() as venue:
        first = await venue.order(limit("buy", "49000", "0.1", c=CLOID))
        twice = await venue.order(limit("buy", "49000", "0.1", c=CLOID))
        await venue.act({"type": "cancel", "cancels": [{"a": 0, "o": first.oid}]})
        again = await venue.order(limit("buy", "49000", "0.1", c=CLOID))

        assert "error" in twice.statuses[0]
        assert (await venue.status(CLOID))["order"]["oid"] == again.oid
        assert (await venue.status(first.oid))["status"] == "canceled"


async def test_cancels_by_either_id_succeed_once_each() -> None:
    async with running_venue() as venue:
        one = await venue.order(limit("buy", "49000", "0.1"))
        await venue.order(limit("buy", "49001", "0.1", c=CLOID))

        by_oid = await venue.act(
            {"type": "cancel", "cancels": [{"a": 0, "o": one.oid}, {"a": 0, "o": one.oid}]}
        )
        by_cloid = await venue.act(
            {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]}
        )

        missing = "Order was never placed, already canceled, or filled. asset=0"
        assert by_oid.statuses == ["success", {"error": missing}]
        assert by_cloid.statuses == ["success"]
        assert by_oid.json["response"]["type"] == "cancel"
        assert await venue.info("openOrders", user=MAIN) == []
        (last, _) = await venue.info("historicalOrders", user=MAIN)
        assert (last["status"], last["order"]["cloid"]) == ("canceled", CLOID)


async def test_a_modification_is_another_order_in_the_old_one_s_place() -> None:
    async with running_venue() as venue:
        old = await venue.order(limit("buy", "49000", "0.1"))

        changed = await venue.act(
            {
                "type": "batchModify",
                "modifies": [{"oid": old.oid, "order": limit("buy", "49500", "0.2", c=CLOID)}],
            }
        )
        single = await venue.act(
            {"type": "modify", "oid": CLOID, "order": limit("buy", "49400", "0.2", c=CLOID)}
        )
        late = await venue.act(
            {
                "type": "batchModify",
                "modifies": [{"oid": old.oid, "order": limit("buy", "49500", "0.2")}],
            }
        )

        (row,) = await venue.info("openOrders", user=MAIN)
        assert changed.oid != old.oid
        assert single.json == {"status": "ok", "response": {"type": "default"}}
        assert (row["limitPx"], row["sz"], row["cloid"]) == ("49400.0", "0.2", CLOID)
        assert late.error == "Cannot modify canceled or filled order"
        assert (await venue.status(old.oid))["status"] == "canceled"


async def test_a_modification_without_sense_leaves_the_order_and_a_crossing_one_ends_it() -> None:
    async with running_venue() as venue:
        kept = await venue.order(limit("buy", "49000", "0.1"))
        lost = await venue.order(limit("buy", "49001", "0.1"))

        replies = [
            await venue.act(
                {"type": "batchModify", "modifies": [{"oid": placed.oid, "order": wish}]}
            )
            for placed, wish in (
                (kept, limit("buy", "49000.5", "0.1")),
                (kept, limit("buy", "50001", "0.1", "Ioc")),
                (lost, limit("buy", "50001", "0.1")),
            )
        ]

        assert [reply.error for reply in replies[:2]] == [
            "Attempted to modify to invalid new order"
        ] * 2
        assert replies[2].error == (
            "Error placing new order during modify: "
            "Post only order would have immediately matched, bbo was 49999@50001."
        )
        assert (await venue.status(kept.oid))["status"] == "open"
        assert (await venue.status(lost.oid))["status"] == "canceled"
