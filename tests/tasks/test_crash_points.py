"""Kill -9 at named points and at random while signals keep coming; see :mod:`tests.kills`."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tests.kills.campaign import AT_RANDOM, run_campaign
from tests.kills.newborn import KILLED
from tests.kills.points import Moment
from tests.warehouse.books import contents
from tests.warehouse.processes import start
from warehouse import Warehouse


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
    _an_ingest_killed_inside_is_made_good_by_the_next(tmp_path)


def _an_ingest_killed_inside_is_made_good_by_the_next(home: Path) -> None:
    """An ingest that dies twice books of the journal of many deaths what it always books."""
    killed = Warehouse(home / "killed.duckdb", home / "journal")
    whole = Warehouse(home / "whole.duckdb", home / "journal")
    for moment in (Moment.BEFORE, Moment.AFTER):
        ingest = start("tests.kills.mortal_ingest", killed.file, home / "journal", moment)
        ingest.communicate(timeout=60)
        assert ingest.returncode == KILLED

    killed.ingest()
    whole.ingest()

    assert contents(killed.file) == contents(whole.file)
