"""A thousand schedules of faults, moves, deaths and restarts on Upbit × Binance."""

from __future__ import annotations

import pytest

from exchanges.instrument import Venue
from tests.campaign.batch import OF_THE_SUITE, run_one_of_the_suite


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", OF_THE_SUITE)
def test_no_leg_is_left_behind(number: int) -> None:
    run_one_of_the_suite(Venue.BINANCE, number)
