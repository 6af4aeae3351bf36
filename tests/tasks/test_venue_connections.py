"""Adapters as the settings choose them, within limits that all processes of a desk share."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from exchanges.clock import SystemClock
from exchanges.credentials import Credentials
from exchanges.errors import RateLimited
from exchanges.instrument import Venue
from tasks.errors import SettingsRefused
from tasks.pair import LegName
from tasks.settings import Settings
from tasks.venue_connections import connect
from tests.tasks.executors import KEY, ROOT, SECRET, Served, served_venues

KEYS = {venue: Credentials(KEY, SECRET) for venue in (Venue.UPBIT, Venue.BINANCE)}
ORDERS_A_SECOND = 12
RESERVE = 4
"""Of these, for urgent orders only."""
SECONDS = 2.0


async def test_two_processes_stay_inside_one_limit_of_orders(tmp_path: Path) -> None:
    async with served_venues(tmp_path) as served:
        children = [await _child(served, name) for name in ("one", "two")]

        ended = await asyncio.gather(*(child.communicate(b"go\n") for child in children))

        (one, refused_one), (two, refused_two) = (map(int, out.split()) for out, _ in ended)
        assert refused_one == refused_two == 0
        # A second's worth beyond the time: the window slides.
        assert one + two <= (SECONDS + 1) * (ORDERS_A_SECOND - RESERVE)
        assert one + two >= ORDERS_A_SECOND
        assert min(one, two) > 0


async def test_adapters_of_one_home_share_and_those_of_another_do_not(tmp_path: Path) -> None:
    clock = SystemClock()
    ours, again, theirs = (
        connect(Settings(home=tmp_path / home), KEYS, clock) for home in ("a", "a", "b")
    )

    for _ in range(ORDERS_A_SECOND):
        ours[LegName.SPOT].book_order(urgent=True)

    with pytest.raises(RateLimited, match="not sent"):
        again[LegName.SPOT].book_order(urgent=True)
    theirs[LegName.SPOT].book_order(urgent=True)
    for exchange in (*ours.values(), *again.values(), *theirs.values()):
        await exchange.aclose()


def test_limits_that_cannot_be_written_down_get_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where a folder is needed")

    with pytest.raises(SettingsRefused) as refused:
        connect(Settings(home=tmp_path), KEYS, SystemClock())

    assert str(refused.value) == (
        "KIMP_HOME: expected a folder that can be written, because the rate limits of upbit are "
        f"counted in {tmp_path}/run/limits: Not a directory"
    )


async def _child(served: Served, name: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.tasks.limits_child", name, str(SECONDS)),
        cwd=ROOT,
        env=served.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process
