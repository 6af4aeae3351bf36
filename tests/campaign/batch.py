"""So many schedules, drawn from one number: always the same ones."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tasks.venue_settings import PerpetualVenue
from tests.campaign.meddling import Meddling
from tests.campaign.tally import Tally

FIRST_BATCH = 1
OF_THE_SUITE = range(3, 21)
"""Batches at each perpetual venue: more than two thousand schedules."""
SCHEDULES = 50
"""Of a batch."""
STEPS = 12
"""Of a schedule, at most; half of it over sockets, where each takes its time."""


def run_batch(
    perpetual: PerpetualVenue,
    number: int,
    schedules: int,
    tally: Tally,
    *,
    sockets: bool = False,
    shrinks: bool = True,
    machine: type[Meddling] = Meddling,
) -> None:
    """Run ``schedules`` of them, drawn from the seed ``number``, through ``machine``. On virtual
    time the same number leaves the same record, to the last byte, but for the process's own id.

    Raises AssertionError with the failing schedule, the shortest unless ``shrinks`` is False.
    """

    told = {"perpetual": perpetual, "tally": tally, "sockets": sockets}
    schedule: type[Meddling] = type("Schedule", (machine,), told)
    seed(number)(schedule)
    run_state_machine_as_test(
        schedule,
        settings=settings(
            max_examples=schedules,
            stateful_step_count=STEPS // 2 if sockets else STEPS,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )


def run_one_of_the_suite(perpetual: PerpetualVenue, number: int) -> None:
    """A whole batch, which must have had something to do. Raises AssertionError."""
    tally = Tally()
    run_batch(perpetual, number, SCHEDULES, tally)
    assert tally.schedules >= SCHEDULES
    assert tally.ends.total() > 0
    assert tally.faults.total() > 0
