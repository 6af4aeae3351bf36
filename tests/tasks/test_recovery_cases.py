"""Every way in which two legs can end unequal, on entry and on exit, in both directions and with
both perpetual venues: each ends equal, and the books with the venues to the last digit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.signal import Direction
from tests.tasks.desks import (
    LOT,
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
)

QUANTITY = Decimal("0.010")
WORLDS = [
    (Venue.BINANCE, Direction.LONG_PREMIUM),
    (Venue.HYPERLIQUID, Direction.SHORT_PREMIUM),
]

Fault = tuple[str, dict[str, Any]]

REJECT: Fault = ("reject", {})
UNKNOWN: Fault = ("lose_reply", {})
LOST: Fault = ("lose_request", {})


def partial(fraction: str) -> Fault:
    return ("partial", {"fraction": fraction})


@dataclass(frozen=True, slots=True)
class Case:
    """What goes wrong with the first order of each leg."""

    name: str
    spot: Fault | None = None
    perpetual: Fault | None = None

    @property
    def traded(self) -> Decimal:
        """The share of the quantity that the better leg traded: the other one follows it."""
        return max(share(self.spot), share(self.perpetual))


def share(fault: Fault | None) -> Decimal:
    if fault is None or fault == UNKNOWN:
        return Decimal(1)
    return Decimal(fault[1].get("fraction", 0))


CASES = [
    Case("spot only", perpetual=REJECT),
    Case("perpetual only", spot=REJECT),
    Case("both partial and unequal", partial("0.73"), partial("0.2")),
    Case("both partial the other way", partial("0.2"), partial("0.73")),
    Case("spot partial, perpetual refused", partial("0.4"), REJECT),
    Case("perpetual partial, spot refused", REJECT, partial("0.4")),
    Case("spot unknown", spot=UNKNOWN),
    Case("perpetual unknown", perpetual=UNKNOWN),
    Case("spot refused, perpetual unknown", REJECT, UNKNOWN),
    Case("spot unknown, perpetual refused", UNKNOWN, REJECT),
    Case("spot lost, perpetual partial", LOST, partial("0.4")),
    Case("both refused", REJECT, REJECT),
    Case("both lost", LOST, LOST),
]


def beset(bench: Bench, case: Case) -> None:
    for venue, fault in ((Venue.UPBIT, case.spot), (bench.perpetual, case.perpetual)):
        if fault is not None:
            bench.fault(venue, fault[0], **fault[1])


def in_profit(bench: Bench, direction: Direction) -> None:
    """The premium rises for who holds spot, and falls for who has sold it."""
    bench.spot_at(61_500_000 if direction is Direction.LONG_PREMIUM else 58_500_000)


def assert_held(bench: Bench, direction: Direction, held: Decimal) -> None:
    """Both accounts hold ``held`` of the pair, to within a lot, the coin beside 1 of its own."""
    sign = 1 if direction is Direction.LONG_PREMIUM else -1
    assert abs(bench.position() + sign * held) < LOT
    assert abs(bench.coin() - 1 - sign * held) < LOT


@pytest.mark.parametrize(("perpetual", "direction"), WORLDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_entry_ends_hedged_or_with_nothing_held(
    tmp_path: Path, case: Case, perpetual: Venue, direction: Direction
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            beset(bench, case)

            outcome = await entered(desk, str(QUANTITY), direction=direction.value)

            expected = OutcomeStatus.HEDGED if case.traded else OutcomeStatus.FAILED
            assert outcome.status is expected, outcome.reason
            assert_held(bench, direction, QUANTITY * case.traded)
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk, coin="1")
            await assert_agreed(desk)

    run(tmp_path, scenario, coin="1", perpetual_venue=perpetual)


@pytest.mark.parametrize(("perpetual", "direction"), WORLDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_exit_ends_closed_or_hedged_as_before(
    tmp_path: Path, case: Case, perpetual: Venue, direction: Direction
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk, str(QUANTITY), direction=direction.value)
            assert opened.status is OutcomeStatus.HEDGED, opened.reason
            in_profit(bench, direction)
            await asyncio.sleep(1)
            beset(bench, case)

            await desk.submit(action="EXIT", pair_id=opened.pair_id)

            pair = pair_of(desk, opened)
            assert pair.state is (PairState.CLOSED if case.traded == 1 else PairState.HEDGED)
            assert (pair.exit_reference is None) is (case.traded == 0)
            assert_held(bench, direction, QUANTITY * (1 - case.traded))
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk, coin="1")
            await assert_agreed(desk)

    run(tmp_path, scenario, coin="1", perpetual_venue=perpetual)
