"""Halts, closed wallets, still books, gaps and maintenance, at a desk on simulated venues."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.simulator.market import Quote
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.paper_desk import PaperDesk
from tests.exchanges.simulator.still_market import START
from tests.tasks.desks import Bench, entered, run


def perpetual_of(venue: Venue) -> Venue:
    """A perpetual venue for a scenario about ``venue``."""
    return Venue.BINANCE if venue is Venue.UPBIT else venue


async def refusal(desk: PaperDesk) -> str:
    """Why an entry is refused; empty when it is not."""
    outcome = await entered(desk)
    return "" if outcome.status is OutcomeStatus.HEDGED else outcome.reason or ""


def told(bench: Bench) -> list[str]:
    """Alarms of markets."""
    return [text for text in bench.alerts("warning") if "Entries are off for it" in text]


async def later(desk: PaperDesk, seconds: float) -> None:
    """Let time pass at a desk whose loops do not run, then take one round of them."""
    await asyncio.sleep(seconds)
    await desk.parts.guard.look()
    await desk.parts.feeds.read_prices()
    await desk.parts.markets.read_all()


def test_loops_notice_a_closed_wallet_and_that_it_is_open_again(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            assert await refusal(desk) == ""
            bench.fault(Venue.UPBIT, "wallet_closed", currency="BTC")
            await asyncio.sleep(45)

            assert (await refusal(desk)).startswith("market_unfit: upbit: the wallet of BTC is")
            assert len(told(bench)) == 1

            bench.simulation.faults.clear()
            await asyncio.sleep(35)
            assert await refusal(desk) == ""
            assert "BTC at upbit is fit to trade again." in bench.alerts("info")

    run(tmp_path, scenario)


def test_pair_is_left_all_the_same_while_the_wallet_is_closed(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            bench.fault(Venue.UPBIT, "wallet_closed", currency="BTC")
            bench.spot_at(63_000_000)
            await later(desk, 1)

            left = await desk.submit(action="EXIT")

            assert left.status is OutcomeStatus.CLOSED

    run(tmp_path, scenario)


def test_wallet_that_is_closed_at_start_keeps_the_first_entry_out(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.fault(Venue.UPBIT, "wallet_closed")
        async with bench.still_desk() as desk:
            assert "the wallet of BTC is closed" in await refusal(desk)

    run(tmp_path, scenario)


def test_market_that_could_never_be_read_is_not_entered_and_soon_asked_about_again(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        bench.fault(Venue.UPBIT, "http_500", endpoint="GET /v1/status/wallet", times=3)
        async with bench.desk() as desk:
            assert "how the market of BTC is doing could never be read" in await refusal(desk)
            await asyncio.sleep(5)
            assert await refusal(desk) == ""

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", list(Venue))
def test_halt_is_noticed_and_its_end_too(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(venue, "halt_market")
            await later(desk, 1)
            unfit = desk.parts.view.state()["venues"][venue.value]["unfit"]
            assert unfit == {"BTC": "the market of BTC does not trade"}
            assert "market_unfit" in await refusal(desk)
            assert told(bench) == []
            await later(desk, 10)
            [alarm] = told(bench)
            assert alarm.startswith(f"BTC at {venue}: the market of BTC does not trade")

            bench.simulation.faults.clear()
            await later(desk, 1)
            assert await refusal(desk) == ""

    run(tmp_path, scenario, perpetual_venue=perpetual_of(venue))


@pytest.mark.parametrize("venue", list(Venue))
def test_book_that_stands_still_is_no_price_however_often_it_is_sent(
    tmp_path: Path, venue: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(venue, "stale_book")
            await later(desk, 61)
            assert f"{venue}: the book of BTC has stood still for" in await refusal(desk)
            await later(desk, 10)
            assert any("has stood still" in alarm for alarm in told(bench))

    run(tmp_path, scenario, perpetual_venue=perpetual_of(venue))


def test_wide_spread_is_seen_in_the_book_of_the_moment(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            wide = Quote(Decimal(60_000_000), Decimal(63_100_000), Decimal("0.5"))
            bench.simulation.market.set_quote(Venue.UPBIT, "KRW-BTC", wide)
            await desk.parts.feeds.read_prices()

            assert "the spread of BTC is 5.2 %, at most 5 %" in await refusal(desk)
            await later(desk, 1)
            await later(desk, 10)
            assert len(told(bench)) == 1

    run(tmp_path, scenario)


def test_price_that_comes_back_elsewhere_waits_for_a_person(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.UPBIT, "halt_market")
            await later(desk, 1)
            bench.spot_at(45_000_000)
            bench.simulation.faults.clear()
            await later(desk, 10)

            assert "the price came back -25.0 % away" in await refusal(desk)
            assert any("-25.0 %" in alarm for alarm in told(bench))
            resumed = await desk.parts.stopping.resuming.resume("seen")
            assert resumed["resumed"], resumed
            assert await refusal(desk) == ""

    run(tmp_path, scenario)


def test_announced_maintenance_keeps_entries_out_from_an_hour_before(tmp_path: Path) -> None:
    start = START + timedelta(hours=1, seconds=30)
    window = f"binance {start.isoformat()}/{(start + timedelta(hours=1)).isoformat()}"

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            assert await refusal(desk) == ""
            await later(desk, 31)
            assert "binance: maintenance is announced from" in await refusal(desk)
            await later(desk, 10)
            assert len(told(bench)) == 1

    run(tmp_path, scenario, maintenance_windows=(window,))


def test_books_of_a_venue_that_is_not_reached_have_its_own_alarm_alone(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            breaker = desk.parts.trading.venues[LegName.SPOT].breaker
            for _ in range(5):
                breaker.failed()
            desk.parts.markets.look()
            await asyncio.sleep(5)
            desk.parts.markets.look()
            await asyncio.sleep(11)
            desk.parts.markets.look()

            assert [alarm for alarm in told(bench) if "at upbit" in alarm] == []
            assert [alarm for alarm in told(bench) if "at binance" in alarm]

    run(tmp_path, scenario)


def test_each_problem_has_to_last_before_it_is_alarmed(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.UPBIT, "wallet_closed")
            await later(desk, 1)
            await later(desk, 60)
            assert len(told(bench)) == 1

            await asyncio.sleep(3)
            desk.parts.markets.look()  # at a book that is three seconds old
            await later(desk, 1)

            assert len(told(bench)) == 1

    run(tmp_path, scenario)
