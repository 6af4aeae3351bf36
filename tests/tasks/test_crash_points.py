"""Kill -9 at named points and at random while signals keep coming; see :mod:`tests.kills`."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tests.kills.campaign import AT_RANDOM, run_campaign


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("perpetual", "seed"), [(Venue.BINANCE, 1), (Venue.HYPERLIQUID, 2)], ids=["binance", "hl"]
)
async def test_after_each_of_ten_kills_the_desk_is_whole(
    tmp_path: Path, perpetual: Venue, seed: int
) -> None:
    report = await run_campaign(tmp_path, 10, seed, perpetual=perpetual, tell=print)

    print(report)
    assert report.kills.total() == 10
    assert report.kills.total() - report.kills[AT_RANDOM] >= 4  # the points were reached
    assert report.orders > 20
    assert max(report.back_s) < 30
