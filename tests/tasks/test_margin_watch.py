"""A short comes near its liquidation: alarms once a level, and money from the reserve."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tests.tasks.desks import Bench, entered, run
from warehouse.records import RecordType

PERPETUALS = (Venue.BINANCE, Venue.HYPERLIQUID)
MOVE = {Venue.BINANCE: "POST /fapi/v1/positionMargin", Venue.HYPERLIQUID: "POST /exchange"}


def isolate(bench: Bench, leverage: int = 2) -> None:
    """As the account's owner would set it."""
    if bench.perpetual is Venue.BINANCE:
        bench._binance().isolated.add("BTCUSDT")
        bench._binance().leverages["BTCUSDT"] = leverage
    else:
        bench._hyperliquid().isolated.add(0)
        bench._hyperliquid().leverages[0] = leverage


def margin_alerts(bench: Bench) -> list[tuple[str, str]]:
    return [
        (record.body["level"], record.body["message"])
        for record in bench.records(RecordType.ALERT)
        if record.body["type"] == "MARGIN_LOW"
    ]


def moved(bench: Bench) -> list[dict[str, Any]]:
    return [dict(record.body) for record in bench.records(RecordType.MARGIN)]


def own_margin(bench: Bench) -> Decimal:
    if bench.perpetual is Venue.BINANCE:
        [(_, _, position)] = bench._binance().held()
    else:
        [(_, position)] = bench._hyperliquid().held()
    return Decimal(position.isolated_margin)


@pytest.mark.parametrize("venue", PERPETUALS)
def test_each_level_is_said_once_and_so_is_its_end(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        isolate(bench)
        bench.settings = bench.settings.model_copy(update={"reserve_pct": Decimal(0)})
        async with bench.desk() as desk:
            await entered(desk)  # liquidated at about 74,900
            bench.perpetual_at(60_000)
            await asyncio.sleep(45)
            assert [level for level, _ in margin_alerts(bench)] == ["warning"]
            assert "% from its liquidation at" in margin_alerts(bench)[0][1]

            bench.perpetual_at(50_000)
            await asyncio.sleep(45)

            assert [level for level, _ in margin_alerts(bench)] == ["warning", "info"]
            assert moved(bench) == []

    run(tmp_path, scenario, perpetual_venue=venue)


def test_a_pair_that_is_left_near_its_liquidation_ends_the_alarm(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        isolate(bench)
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.perpetual_at(60_000)
            bench.spot_at(73_000_000)  # at a profit
            await asyncio.sleep(25)
            closed = await desk.submit(action="EXIT", pair_id=opened.pair_id)
            assert closed.status is OutcomeStatus.CLOSED, closed.reason
            await asyncio.sleep(25)

            assert [level for level, _ in margin_alerts(bench)] == ["warning", "info"]
            assert margin_alerts(bench)[-1][1] == "binance: no pair of BTC is open any more."
            assert "MARGIN_LOW" not in [row.type for row in desk.parts.alerts.rows.open()]

    run(tmp_path, scenario, reserve_pct=Decimal(0))


@pytest.mark.parametrize("venue", PERPETUALS)
def test_at_the_critical_level_the_reserve_brings_the_position_away(
    tmp_path: Path, venue: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        isolate(bench)
        async with bench.desk() as desk:
            await entered(desk)
            before = own_margin(bench)
            bench.perpetual_at(66_000)  # 13 % below its end
            await asyncio.sleep(25)

            [asked, done] = moved(bench)
            amount = Decimal(done["amount"])
            assert (asked["status"], done["status"]) == ("intended", "added")
            assert asked["margin_id"] == done["margin_id"]
            assert own_margin(bench) == before + amount
            # 10 dollars of distance for each dollar a hundredth of a coin: 32 % of 66,000.
            assert 110 < amount < 150
            assert [level for level, _ in margin_alerts(bench)] == ["critical", "warning", "info"]

    run(tmp_path, scenario, perpetual_venue=venue)


def test_no_more_than_the_reserve_is_ever_added(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        isolate(bench)
        async with bench.desk() as desk:
            await entered(desk)
            bench.perpetual_at(66_000)
            await asyncio.sleep(15)
            # 0.05 % of a wallet that has paid a fee.
            assert [record["amount"] for record in moved(bench)] == ["49", "49"]

            bench.perpetual_at(72_000)
            await asyncio.sleep(60)

            said = [text for _, text in margin_alerts(bench) if "nothing of the reserve" in text]
            assert len(said) == 1
            assert len(moved(bench)) == 2

        async with bench.desk():
            await asyncio.sleep(30)

            assert len(moved(bench)) == 2

    run(tmp_path, scenario, reserve_pct=Decimal("0.05"))


def test_behind_a_cross_position_the_wallet_stands_already(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk, quantity="0.5")
            bench._binance().wallet["USDT"] = Decimal(6_000)
            bench.perpetual_at(54_500)
            await asyncio.sleep(15)

            [(level, text)] = margin_alerts(bench)
            assert level == "critical"
            assert "whole wallet" in text
            assert moved(bench) == []

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", PERPETUALS)
def test_money_whose_way_is_not_known_counts_as_moved(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        isolate(bench)
        async with bench.desk() as desk:
            await entered(desk)
            before = own_margin(bench)
            bench.fault(venue, "lose_reply", endpoint=MOVE[venue])
            bench.perpetual_at(66_000)
            await asyncio.sleep(40)

            assert [record["status"] for record in moved(bench)] == ["intended", "unknown"]
            assert own_margin(bench) == before + Decimal(moved(bench)[0]["amount"])

    run(tmp_path, scenario, perpetual_venue=venue)


def test_money_that_is_refused_is_offered_again_later(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        isolate(bench)
        async with bench.desk() as desk:
            await entered(desk)
            bench.fault(Venue.BINANCE, "http_500", endpoint=MOVE[Venue.BINANCE])
            bench.fault(Venue.BINANCE, "reject", endpoint=MOVE[Venue.BINANCE])
            bench.perpetual_at(66_000)
            await asyncio.sleep(100)

            assert [record["status"] for record in moved(bench)][-1] == "added"

    run(tmp_path, scenario)
