"""What the desk knows of the world: read again and again, aged when it cannot be read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.feeds import FUNDING_POLL_S, UNREAD_FUNDING_S
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.paper_desk import PaperDesk
from tests.tasks.desks import Bench, assert_cash_is_conserved, entered, run
from warehouse.records import RecordType


def test_balances_and_rates_are_written_when_they_change(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            before = len(bench.records(RecordType.BALANCE)), len(bench.records(RecordType.FX_RATE))
            await asyncio.sleep(20)
            after = len(bench.records(RecordType.BALANCE)), len(bench.records(RecordType.FX_RATE))
            assert after == before
            await entered(desk)
            assert len(bench.records(RecordType.BALANCE)) > before[0]
            bench.simulation.market.set_krw_per_usdt(Decimal("1166"))
            await asyncio.sleep(2)
            assert bench.records(RecordType.FX_RATE)[-1].body["rate"] == "1166"

    run(tmp_path, scenario, book_poll_ms=1_000)


def test_the_premium_is_sampled_each_second_and_only_from_fresh_books(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk():
            await asyncio.sleep(10)
            sampled = len(bench.records(RecordType.PREMIUM))
            assert sampled >= 9
            bench.fault(Venue.UPBIT, "http_500", times=1_000, endpoint="/v1/orderbook")
            bench.fault(Venue.UPBIT, "drop_event", times=1_000, endpoint="orderbook")
            await asyncio.sleep(2)
            stale = len(bench.records(RecordType.PREMIUM))
            await asyncio.sleep(10)
            assert len(bench.records(RecordType.PREMIUM)) == stale

    run(tmp_path, scenario)


def test_a_feed_that_fails_says_so_once_and_once_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk():
            caplog.clear()
            bench.fault(Venue.UPBIT, "http_500", times=3, endpoint="GET /v1/accounts")
            await asyncio.sleep(30)

    run(tmp_path, scenario, book_poll_ms=1_000)

    told = [r.getMessage() for r in caplog.records if "upbit balances" in r.getMessage()]
    assert len(told) == 2
    assert "cannot be read" in told[0]
    assert "is read again" in told[1]


def test_funding_is_shared_journalled_once_and_part_of_the_result(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk, "0.010")
            await entered(desk, "0.030")
            await asyncio.sleep(31)
            bench.simulation.binance.settle_funding(Decimal("0.0001"))
            await asyncio.sleep(65)

            [record] = bench.records(RecordType.FUNDING)
            paid = Decimal(record.body["amount"])
            assert paid > 0
            bench.spot_at(61_000_000)
            await asyncio.sleep(1.1)
            outcome = await desk.submit(action="EXIT")
            assert outcome.status is OutcomeStatus.CLOSED
            results = [
                r.body["result"] for r in bench.records(RecordType.PAIR_EVENT) if "result" in r.body
            ]
            shares = [Decimal(r["funding_krw"]) / Decimal(r["krw_per_usdt"]) for r in results]
            assert shares == [paid / 4, paid * 3 / 4]
            assert_cash_is_conserved(bench, desk, funding=paid)

    run(tmp_path, scenario, book_poll_ms=1_000)


def test_rules_that_could_not_be_read_at_start_are_read_soon(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.fault(Venue.BINANCE, "http_500", times=2, endpoint="/fapi/v1/commissionRate")
        async with bench.desk() as desk:
            assert "BTC" not in desk.parts.trading.venues[LegName.PERPETUAL].rules
            refused = await entered(desk)
            assert refused.status is OutcomeStatus.DENIED
            await asyncio.sleep(5)
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_a_bank_rate_that_could_not_be_read_at_start_is_read_soon(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.fault(Venue.UPBIT, "http_500", times=2, endpoint="GET /v1/forex/recent")
        async with bench.desk() as desk:
            refused = await entered(desk)
            assert (refused.reason or "").startswith("fx_stale: ")
            await asyncio.sleep(5)
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_clock_offsets_are_measured(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.simulation.binance.set_clock_offset(700)
        async with bench.desk() as desk:
            offset = desk.parts.trading.venues[LegName.PERPETUAL].clock_offset_ms
            assert offset == 700
            bench.simulation.binance.set_clock_offset(2_500)
            await asyncio.sleep(31)
            refused = await entered(desk)
            assert (refused.reason or "").startswith("clock_offset: ")

    run(tmp_path, scenario, book_poll_ms=1_000)


def test_an_older_book_never_takes_the_place_of_a_newer_one(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            feeds, spot = desk.parts.feeds, desk.parts.trading.venues[LegName.SPOT]
            known = spot.books["BTC"]
            newer = replace(known, venue_time=known.venue_time + timedelta(milliseconds=5))
            feeds.note_book(spot, newer)
            feeds.note_book(spot, replace(known, bids=(), received=known.received + 9))
            assert spot.books["BTC"] == newer

            again = replace(newer, received=newer.received + 1)
            feeds.note_book(spot, again)
            assert spot.books["BTC"] == again  # the same moment, heard later: it still holds

    run(tmp_path, scenario)


def test_book_that_is_pushed_is_read_every_two_seconds_and_no_more(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            feeds, perpetual = desk.parts.feeds, desk.parts.trading.venues[LegName.PERPETUAL]
            reading = asyncio.create_task(feeds.run())
            before = depth_reads(bench)
            for _ in range(40):
                await asyncio.sleep(0.51)
                now = bench.clock.monotonic()
                feeds.note_book(perpetual, replace(perpetual.books["BTC"], received=now))
            asked = depth_reads(bench) - before
            await asyncio.sleep(5)
            reading.cancel()

            assert 9 <= asked <= 11
            # Nothing is pushed any more, so it is read at its own pace.
            assert depth_reads(bench) - before - asked >= 4 * 4

    run(tmp_path, scenario)


def depth_reads(bench: Bench) -> int:
    return sum(seen.path == "/fapi/v1/depth" for seen in bench.simulation.requests.requests())


def test_the_dollar_s_book_is_a_rate_and_no_market_of_the_desk(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            spot = desk.parts.trading.venues[LegName.SPOT]
            bench.simulation.market.set_krw_per_usdt(Decimal(1_201))
            await desk.parts.feeds.refresh_rates()

            assert set(spot.books) == {"BTC"}
            assert bench.records(RecordType.FX_RATE)[-1].body["pair"] == "USDTKRW"
            assert bench.records(RecordType.FX_RATE)[-1].body["rate"] == "1201"

    run(tmp_path, scenario)


def test_funding_is_soon_read_for_a_new_pair_and_no_more_often(tmp_path: Path) -> None:
    def reads(bench: Bench) -> int:
        return sum(seen.path == "/fapi/v1/income" for seen in bench.simulation.requests.requests())

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await asyncio.sleep(0.5)  # not between the reads at start and the first poll
            before = reads(bench)
            await entered(desk)
            await asyncio.sleep(UNREAD_FUNDING_S)
            for_the_pair = reads(bench)
            await asyncio.sleep(UNREAD_FUNDING_S)
            later = reads(bench)
            bench.spot_at(61_500_000)
            await asyncio.sleep(1.1)
            closed = await desk.submit(action="EXIT")

            assert closed.status is OutcomeStatus.CLOSED, closed.reason
            assert ", funding 0," in (closed.reason or "")
            assert before < for_the_pair == later

    run(tmp_path, scenario)


def test_a_sparing_round_asks_for_rules_and_funding_only_where_their_loops_have_failed(
    tmp_path: Path,
) -> None:
    heavy = ("/fapi/v1/commissionRate", "/fapi/v1/income", "/v1/orders/chance")

    async def asked(bench: Bench, desk: PaperDesk) -> set[str]:
        before = len(bench.simulation.requests.requests())
        await desk.parts.feeds.read_all(spare=True)
        return {seen.path for seen in bench.simulation.requests.requests()[before:]}

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            young = await asked(bench, desk)
            await asyncio.sleep(2 * FUNDING_POLL_S)
            later = await asked(bench, desk)
            await asyncio.sleep(2 * bench.settings.rules_poll_s)
            old = await asked(bench, desk)

            assert young.isdisjoint(heavy)
            assert young >= {"/fapi/v1/depth", "/fapi/v3/balance", "/v1/accounts"}
            assert later.intersection(heavy) == {"/fapi/v1/income"}
            assert old.issuperset(heavy)

    run(tmp_path, scenario)
