from __future__ import annotations

import pytest

from exchanges.endpoints import Endpoints
from exchanges.instrument import Venue
from exchanges.venue_addresses import REAL, endpoints_of


@pytest.mark.parametrize("venue", list(Venue))
def test_real_venue_streams_from_its_own_addresses(venue: Venue) -> None:
    found = endpoints_of(venue, REAL[venue].rest)

    assert found == REAL[venue]
    assert found.stream_base.startswith("wss://")


@pytest.mark.parametrize("venue", list(Venue))
def test_simulated_venue_never_streams_from_the_real_one(venue: Venue) -> None:
    found = endpoints_of(venue, "http://127.0.0.1:8701")

    assert found == Endpoints("http://127.0.0.1:8701")
    assert found.stream_base == "ws://127.0.0.1:8701"
    assert found.order_entry_base == "ws://127.0.0.1:8701"
