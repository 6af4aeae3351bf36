"""What opening, closing and repairing have in common."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tasks.desks import LOT, Bench, entered, pair_of, run
from tests.tasks.pairs import flow


@pytest.mark.parametrize(
    ("spot", "perpetual", "matched", "flat"),
    [
        ("0.010", "0.010", True, False),
        ("0.0109", "0.010", True, False),
        ("0.011", "0.010", False, False),
        ("0.009", "0.010", False, False),
        ("0.0009", "0", True, True),
        ("0", "0", True, True),
        ("0.001", "0", False, False),
    ],
)
def test_legs_are_compared_by_the_coarser_lot(
    tmp_path: Path, spot: str, perpetual: str, matched: bool, flat: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            pair = pair_of(desk, await entered(desk))
            pair = replace(
                pair,
                spot=replace(pair.spot, entry=flow(spot, "1")),
                perpetual=replace(pair.perpetual, entry=flow(perpetual, "1")),
            )
            assert trading.lot("BTC") == LOT
            assert trading.is_matched(pair) is matched
            assert trading.is_flat(pair) is flat

    run(tmp_path, scenario)


def test_nothing_undecided_is_settled_at_once(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            pair = pair_of(desk, await entered(desk))
            asked = len(bench.simulation.requests.requests())
            assert await desk.parts.trading.settle_again(pair.pair_id)
            assert len(bench.simulation.requests.requests()) == asked

    run(tmp_path, scenario)
