"""What anybody may read from the simulated Hyperliquid."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from exchanges.decimal_json import parse_json
from exchanges.simulator.faults import FaultKind
from tests.exchanges.simulator.hyperliquid_venue import (
    AGENT,
    MAIN,
    limit,
    running_venue,
    trigger,
)

CLOID = "0x000000000000000000000000000000ab"
USER = {"user": MAIN}


async def test_the_universe_says_what_a_client_needs_to_round_its_orders() -> None:
    async with running_venue() as venue:
        meta = await venue.info("meta")
        both, contexts = await venue.info("metaAndAssetCtxs")

        assert meta["universe"] == [
            {"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 56}
        ]
        assert both == meta
        assert contexts == [
            {
                "funding": "0.0000125",
                "openInterest": "0.0",
                "prevDayPx": "50000.0",
                "dayNtlVlm": "0.5",
                "premium": "0.0",
                "oraclePx": "50000.0",
                "markPx": "50000.0",
                "midPx": "50000.0",
                "impactPxs": ["49999.0", "50001.0"],
                "dayBaseVlm": "0.00001",
            }
        ]
        assert await venue.info("allMids") == {"BTC": "50000.0"}
        assert await venue.info("perpDexs") == [None]
        assert (await venue.info("spotMeta"))["tokens"][0]["name"] == "USDC"
        assert (await venue.info("spotMetaAndAssetCtxs"))[1] == []


async def test_the_book_has_twenty_levels_and_can_be_grouped() -> None:
    async with running_venue() as venue:
        book = await venue.info("l2Book", coin="BTC")
        grouped = await venue.info("l2Book", coin="BTC", nSigFigs=4)
        coarse = await venue.info("l2Book", coin="BTC", nSigFigs=5, mantissa=5)
        unlisted = await venue.info("l2Book", coin="DOGE")

        bids, asks = grouped["levels"]
        assert (book["coin"], book["time"]) == ("BTC", venue.now_ms())
        assert [len(side) for side in book["levels"]] == [20, 20]
        assert book["levels"][1][0] == {"px": "50001.0", "sz": "2.0", "n": 1}
        assert [level["px"] for level in bids] == ["49990.0", "49980.0"]
        assert asks[0]["px"] == "50010.0"
        assert sum(Decimal(level["sz"]) for level in bids) == 40
        assert [level["px"] for level in coarse["levels"][0][:2]] == ["49995.0", "49990.0"]
        assert unlisted is None


async def test_trades_and_candles_follow_the_market() -> None:
    async with running_venue() as venue:
        await venue.buy("1")
        venue.advance(60)
        venue.move("50099", "50101")
        trades = await venue.info("recentTrades", coin="BTC")
        wanted = {"coin": "BTC", "interval": "1m", "startTime": 0}
        candles = await venue.info("candleSnapshot", req=wanted)
        (hour,) = await venue.info("candleSnapshot", req={**wanted, "interval": "1h"})
        none = await venue.info("candleSnapshot", req={**wanted, "endTime": 5})

        assert [trade["px"] for trade in trades] == ["50100.0", "50001.0", "50000.0"]
        assert (trades[1]["side"], trades[1]["sz"]) == ("B", "1.0")
        assert [(one["o"], one["h"], one["l"], one["c"], one["n"]) for one in candles] == [
            ("50000.0", "50001.0", "50000.0", "50001.0", 2),
            ("50100.0", "50100.0", "50100.0", "50100.0", 1),
        ]
        assert candles[0]["T"] == candles[0]["t"] + 59_999 == candles[1]["t"] - 1
        assert (hour["o"], hour["c"], hour["i"], hour["s"]) == ("50000.0", "50100.0", "1h", "BTC")
        assert none == []


async def test_fills_are_read_newest_first_by_time_and_put_together() -> None:
    async with running_venue() as venue:
        first_ms = venue.now_ms()
        await venue.order(limit("buy", "50003", "3", "Ioc"))
        venue.advance(1)
        await venue.sell("1")

        newest = await venue.info("userFills", user=MAIN)
        by_time = await venue.info("userFillsByTime", user=MAIN, startTime=first_ms)
        early = await venue.info("userFillsByTime", user=MAIN, startTime=first_ms, endTime=first_ms)
        together = await venue.info(
            "userFillsByTime", user=MAIN, startTime=first_ms, aggregateByTime=True
        )

        assert [fill["sz"] for fill in newest] == ["1.0", "1.0", "2.0"]
        assert by_time == newest[::-1]
        assert early == by_time[:2]
        assert [(fill["sz"], fill["px"]) for fill in together] == [
            ("3.0", "50001.6666666667"),
            ("1.0", "49999.0"),
        ]
        assert Decimal(together[0]["fee"]) == sum(Decimal(fill["fee"]) for fill in early)


async def test_an_order_is_found_by_either_id_in_its_whole_form() -> None:
    async with running_venue() as venue:
        placed = await venue.order(limit("buy", "49000", "0.1", "Alo", c=CLOID))

        found = await venue.info("orderStatus", user=MAIN.removeprefix("0x"), oid=CLOID)

        assert found == await venue.info("orderStatus", user=MAIN, oid=placed.oid)
        assert found == {
            "status": "order",
            "order": {
                "order": {
                    "coin": "BTC",
                    "side": "B",
                    "limitPx": "49000.0",
                    "sz": "0.1",
                    "oid": placed.oid,
                    "timestamp": venue.now_ms(),
                    "triggerCondition": "N/A",
                    "isTrigger": False,
                    "triggerPx": "0.0",
                    "children": [],
                    "isPositionTpsl": False,
                    "reduceOnly": False,
                    "orderType": "Limit",
                    "origSz": "0.1",
                    "tif": "Alo",
                    "cloid": CLOID,
                },
                "status": "open",
                "statusTimestamp": venue.now_ms(),
            },
        }


async def test_others_orders_are_unknown() -> None:
    async with running_venue() as venue:
        placed = await venue.order(limit("buy", "49000", "0.1"))

        for user, oid in (("0x" + "00" * 20, placed.oid), (MAIN, 1), (MAIN, CLOID)):
            assert await venue.info("orderStatus", user=user, oid=oid) == {"status": "unknownOid"}


@pytest.mark.parametrize("kind", ["openOrders", "frontendOpenOrders", "historicalOrders"])
async def test_a_wallet_nobody_knows_has_no_orders(kind: str) -> None:
    async with running_venue() as venue:
        await venue.order(trigger("buy", "60000", "1", "55000", "sl"))

        assert await venue.info(kind, user="0x" + "00" * 20) == []
        assert len(await venue.info(kind, user=MAIN)) == 1


@pytest.mark.parametrize(
    ("kind", "fields", "answer"),
    [
        ("spotClearinghouseState", USER, {"balances": []}),
        ("userAbstraction", USER, "default"),
        ("maxBuilderFee", {**USER, "builder": "0x" + "1" * 40}, 0),
        ("userFills", {"user": "0x" + "00" * 20}, []),
        ("userFillsByTime", {"user": "0x" + "00" * 20, "startTime": 0}, []),
        ("userFunding", USER, []),
        ("extraAgents", {"user": "0x" + "00" * 20}, []),
        ("activeAssetData", {**USER, "coin": "DOGE"}, None),
        ("recentTrades", {"coin": "DOGE"}, []),
        (
            "userRateLimit",
            {"user": "0x" + "00" * 20},
            {
                "cumVlm": "0.0",
                "nRequestsUsed": 0,
                "nRequestsCap": 10_000,
                "nRequestsSurplus": 0,
            },
        ),
    ],
)
async def test_small_questions_have_small_answers(
    kind: str, fields: dict[str, object], answer: object
) -> None:
    async with running_venue() as venue:
        assert await venue.info(kind, **fields) == answer


async def test_fees_are_those_of_the_base_tier_and_time_is_the_venue_s() -> None:
    async with running_venue() as venue:
        venue.engine.set_clock_offset(1_500)

        fees = await venue.info("userFees", user=MAIN)
        status = await venue.info("exchangeStatus")

        assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.00045", "0.00015")
        assert status == {"specialStatuses": None, "time": venue.now_ms() + 1_500}


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"type": "portfolio", "user": MAIN},
        {"type": 42},
        {"type": "clearinghouseState"},
        {"type": "clearinghouseState", "user": "0Xab"},
        {"type": "orderStatus", "user": MAIN, "oid": "12"},
        {"type": "orderStatus", "user": MAIN, "oid": True},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 6},
        {"type": "l2Book", "coin": "BTC", "nSigFigs": 4, "mantissa": 2},
        {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "7m"}},
        {"type": "userFillsByTime", "user": MAIN, "startTime": "0"},
        {"type": "userFills", "user": MAIN, "aggregateByTime": 1},
    ],
)
async def test_a_question_of_another_form_is_not_understood(query: dict[str, object]) -> None:
    async with running_venue() as venue:
        reply = await venue.send("/info", json.dumps(query).encode())

        assert (reply.status, reply.text) == (
            422,
            "Failed to deserialize the JSON body into the target type",
        )


async def test_a_told_rejection_of_a_question_is_a_422() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.REJECT, "/info")
        plain = await venue.send("/info", b'{"type": "meta"}')
        venue.fault(FaultKind.REJECT, "/info", message="not today")
        worded = await venue.send("/info", b'{"type": "meta"}')

        assert (plain.status, plain.text.partition(" the ")[0]) == (422, "Failed to deserialize")
        assert (worded.status, worded.text) == (422, "not today")


async def test_only_two_paths_and_one_method_are_served() -> None:
    async with running_venue() as venue:
        assert (await venue.send("/api", b"{}")).status == 404
        assert (await venue.send("/info", b"", method="GET")).status == 405


async def test_all_quantities_are_text() -> None:
    async with running_venue() as venue:
        await venue.buy("1")
        await venue.order(limit("sell", "51000", "0.5"))
        body = await venue.send(
            "/info", json.dumps({"type": "clearinghouseState", "user": MAIN}).encode()
        )

        def numbers(content: object) -> set[type]:
            if isinstance(content, dict):
                return set().union(*(numbers(one) for one in content.values()))
            if isinstance(content, list):
                return set().union(*(numbers(one) for one in content))
            return {type(content)}

        assert Decimal not in numbers(parse_json(body.text.encode()))


async def test_an_api_wallet_has_nothing_of_its_own_to_show() -> None:
    async with running_venue() as venue:
        await venue.buy("0.1")
        await venue.order(limit("buy", "40000", "0.1"))
        oid = (await venue.info("openOrders", user=MAIN))[0]["oid"]

        state = await venue.info("clearinghouseState", user=AGENT)

        assert state["assetPositions"] == []
        assert state["marginSummary"]["accountValue"] == "0.0"
        for kind in ("openOrders", "frontendOpenOrders", "userFills", "historicalOrders"):
            assert await venue.info(kind, user=AGENT) == []
            assert len(await venue.info(kind, user=MAIN)) >= 1
        assert await venue.info("orderStatus", user=AGENT, oid=oid) == {"status": "unknownOid"}
