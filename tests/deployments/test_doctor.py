"""The preflight table, at simulated venues."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from deployments.doctor import Finding, Verdict, examine
from exchanges.clock import SystemClock
from exchanges.errors import RateLimited
from exchanges.instrument import Venue
from tasks.pair import LegName
from tasks.venue_connections import connect
from tests.deployments.served_venues import ServedVenues, served_venues


def of(findings: list[Finding], check: str) -> Finding:
    [found] = [finding for finding in findings if finding.check == check]
    return found


@pytest.mark.parametrize(
    ("perpetual", "money"), [(Venue.BINANCE, "USDT"), (Venue.HYPERLIQUID, "USDC")]
)
async def test_both_venues_of_the_desk_are_looked_at(
    tmp_path: Path, perpetual: Venue, money: str
) -> None:
    async with served_venues(tmp_path) as served:
        findings = await examine(served.settings(perpetual), served.desk)

        for venue in (Venue.UPBIT, perpetual):
            for check in ("key", "reachable", "rules BTC", "balances"):
                finding = of(findings, f"{venue} {check}")
                assert finding.verdict is Verdict.OK, finding
        assert money in of(findings, f"{perpetual} balances").found
        other = {Venue.BINANCE, Venue.HYPERLIQUID} - {perpetual}
        assert not any(finding.check.startswith(tuple(other)) for finding in findings)


@pytest.mark.parametrize("venue", list(Venue))
async def test_clock_that_is_off_is_bad(tmp_path: Path, venue: Venue) -> None:
    perpetual = Venue.BINANCE if venue is Venue.UPBIT else venue
    async with served_venues(tmp_path) as served:
        served.simulation.engines[venue].set_clock_offset(30_000)

        findings = await examine(served.settings(perpetual), served.desk)

        finding = of(findings, f"{venue} reachable")
        assert finding.verdict is Verdict.BAD
        assert finding.remedy == "set this machine's clock (NTP)"


async def test_busy_desk_and_doctor_beside_it_stay_inside_the_limits(tmp_path: Path) -> None:
    async with served_venues(tmp_path) as served:
        desk = asyncio.create_task(_ask_as_much_as_may_be(served))

        findings = await examine(served.settings(), served.desk)

        answered, refused = await _stop(desk)
        assert refused == []
        assert answered > 0
        upbit = [finding for finding in findings if finding.check.startswith("upbit")]
        assert [finding for finding in upbit if finding.verdict is not Verdict.OK] == []


async def test_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    async with served_venues(tmp_path) as served:
        (tmp_path / "run").write_text("a file where a folder is needed")

        findings = await examine(served.settings(), served.desk)

        finding = of(findings, "upbit limits")
        assert finding.verdict is Verdict.BAD
        assert finding.found.endswith("run/limits: Not a directory")


async def _ask_as_much_as_may_be(served: ServedVenues) -> tuple[int, list[str]]:
    """Books and balances at Upbit, as fast as our own limits let through; the count of answers and
    what the venue said no to."""
    settings = served.settings()
    exchanges = connect(settings, served.accounts.credentials, SystemClock())
    spot, answered, refused = exchanges[LegName.SPOT], 0, []
    try:
        while True:
            try:
                await spot.book("BTC")
                await spot.balances()
                answered += 1
            except RateLimited as error:
                if not error.message.startswith("not sent"):
                    refused.append(error.message)
                await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return answered, refused
    finally:
        for exchange in exchanges.values():
            await exchange.aclose()


async def _stop(desk: asyncio.Task[tuple[int, list[str]]]) -> tuple[int, list[str]]:
    desk.cancel()
    return await desk
