"""A thousand schedules on Upbit × Hyperliquid, and some on each over real sockets."""

from __future__ import annotations

import pytest

from exchanges.instrument import Venue
from tasks.venue_settings import PerpetualVenue
from tests.campaign.batch import FIRST_BATCH, OF_THE_SUITE, run_batch, run_one_of_the_suite
from tests.campaign.tally import Tally


@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", OF_THE_SUITE)
def test_no_leg_is_left_behind_at_hyperliquid(number: int) -> None:
    run_one_of_the_suite(Venue.HYPERLIQUID, number)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_no_leg_is_left_behind_over_real_sockets(perpetual: PerpetualVenue) -> None:
    tally = Tally()

    run_batch(perpetual, FIRST_BATCH, 6, tally, sockets=True, shrinks=False)

    assert tally.schedules >= 6
    assert tally.orders > 0
