"""A batch that failed can be looked at again: its number leaves the same record each time."""

from __future__ import annotations

import pytest

from exchanges.instrument import Venue
from exchanges.simulator.snapshot_json import to_json
from tasks.venue_settings import PerpetualVenue
from tests.campaign.batch import run_batch
from tests.campaign.meddling import Meddling
from tests.campaign.tally import Tally

NUMBER, SCHEDULES = 3, 2


def record_of(perpetual: PerpetualVenue) -> list[bytes]:
    """Of each schedule: the journals, the venues as they were left and all that they were asked."""
    records: list[bytes] = []

    class Kept(Meddling):
        def _judge(self) -> None:
            super()._judge()
            bench = self._world.bench
            files = sorted(path for path in bench.settings.journal_dir.iterdir() if path.is_file())
            asked = [
                f"{it.venue} {it.method} {it.path} {it.client_order_id}".encode()
                for it in bench.simulation.requests.requests()
            ]
            venues = to_json(bench.simulation.snapshot())
            records.append(b"\n".join([*(path.read_bytes() for path in files), venues, *asked]))

    run_batch(perpetual, NUMBER, SCHEDULES, Tally(), machine=Kept)
    return records


@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_batch_of_one_number_leaves_the_same_bytes_again(perpetual: PerpetualVenue) -> None:
    first, again = record_of(perpetual), record_of(perpetual)

    assert len(first) >= SCHEDULES
    assert any(b'"type":"fill"' in record for record in first)
    assert first == again
