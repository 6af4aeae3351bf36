"""A batch as a process of the long run is given it, and what it hands back."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from tasks.venue_settings import PerpetualVenue
from tests.campaign.batch import run_batch
from tests.campaign.tally import Tally


@dataclass(frozen=True, slots=True)
class Batch:
    venue: PerpetualVenue
    number: int
    schedules: int
    sockets: bool


@dataclass(frozen=True, slots=True)
class Done:
    batch: Batch
    tally: Tally
    failure: str | None
    """The schedule and what it left wrong."""


def carry_out(batch: Batch) -> Done:
    """Run one batch in this process."""
    logging.disable(logging.CRITICAL)
    tally, failure = Tally(), None
    try:
        run_batch(
            batch.venue,
            batch.number,
            batch.schedules,
            tally,
            sockets=batch.sockets,
            shrinks=not batch.sockets,
        )
    except AssertionError as error:
        failure = "\n".join([str(error), *getattr(error, "__notes__", ())])
    return Done(batch, tally, failure)
