"""A trouble that one life of the desk has told of, and that is over before the next one begins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.alerting.alert_rows import Row
from tasks.paper_desk import PaperDesk
from tests.tasks.desks import Bench, entered, run
from tests.tasks.test_clock_jump import JumpingClock
from tests.tasks.test_margin_watch import isolate
from warehouse.records import RecordType

Begin = Callable[[Bench, PaperDesk, JumpingClock], Awaitable[None]]


async def outage(bench: Bench, desk: PaperDesk, clock: JumpingClock) -> None:
    bench.fault(Venue.UPBIT, "maintenance")
    await asyncio.sleep(45)


async def closed_wallet(bench: Bench, desk: PaperDesk, clock: JumpingClock) -> None:
    bench.fault(Venue.UPBIT, "wallet_closed", currency="BTC")
    await asyncio.sleep(60)


async def near_liquidation(bench: Bench, desk: PaperDesk, clock: JumpingClock) -> None:
    isolate(bench)
    await entered(desk)
    bench.perpetual_at(60_000)
    await asyncio.sleep(25)


async def clock_that_cannot_be_compared(bench: Bench, desk: PaperDesk, clock: JumpingClock) -> None:
    bench.fault(Venue.BINANCE, "http_500", endpoint="GET /fapi/v1/time", times=50)
    clock.error = timedelta(seconds=90)
    await asyncio.sleep(15)


def all_is_well(bench: Bench, clock: JumpingClock) -> None:
    bench.simulation.faults.clear()
    bench.perpetual_at(50_000)
    clock.error = timedelta(0)


def row_of(desk: PaperDesk, type_: str, subject: str) -> Row:
    rows = desk.parts.alerts.rows
    [row] = [
        row for row in (*rows.open(), *rows.others()) if (row.type, row.subject) == (type_, subject)
    ]
    return row


def told_ends(desk: PaperDesk, row: Row) -> list[str]:
    """What a channel gets of the lives before: the ends of ``row``."""
    notices = desk.parts.alerts.undelivered("slack")
    return [it.alert.message for it in notices if it.row_id == row.row_id and it.is_over]


@pytest.mark.parametrize(
    ("type_", "subject", "begin", "said"),
    [
        ("API_CONNECTION_LOST", "upbit", outage, "upbit answers again"),
        ("MARKET_UNFIT", "BTC at upbit", closed_wallet, "BTC at upbit is fit to trade again"),
        ("MARGIN_LOW", "binance BTC", near_liquidation, "it has got away from it"),
        ("SYSTEM_ERROR", "clock:binance", clock_that_cannot_be_compared, "agree again"),
    ],
)
def test_a_trouble_that_ended_between_two_lives_is_over_and_that_is_told_once(
    tmp_path: Path, type_: str, subject: str, begin: Begin, said: str
) -> None:
    async def scenario(bench: Bench) -> None:
        clock = JumpingClock(bench.clock)
        bench.clock = clock
        async with bench.desk() as desk:
            await begin(bench, desk, clock)
            row = row_of(desk, type_, subject)
            assert row.recovered_at is None
        all_is_well(bench, clock)
        for _ in range(2):
            async with bench.desk() as desk:
                await asyncio.sleep(120)
                assert row_of(desk, type_, subject).recovered_at is not None
        async with bench.still_desk() as desk:
            [end] = told_ends(desk, row)
            assert said in end

    run(tmp_path, scenario, reserve_pct=Decimal(0))


def test_a_life_in_which_nothing_was_wrong_before_says_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await asyncio.sleep(120)
            await entered(desk)
            await asyncio.sleep(30)
        async with bench.desk():
            await asyncio.sleep(120)

        told = [record.body["type"] for record in bench.records(RecordType.ALERT)]
        assert told == ["TRADE_EXECUTED"]

    run(tmp_path, scenario)
