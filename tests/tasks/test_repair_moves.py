"""Which trades make legs equal, whatever is held and whatever the venues' minima are."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.pair import LegName
from tasks.repair_moves import LegRoom, Move, Way, is_level, leftovers, moves

SPOT, PERPETUAL = LegName.SPOT, LegName.PERPETUAL
CRUMB, LOT = Decimal("0.00000001"), Decimal("0.001")

ways = st.sampled_from(Way)
lots = st.integers(min_value=0, max_value=60)
crumbs = st.integers(min_value=0, max_value=60 * 100_000)


def room(
    spot: str,
    perpetual: str,
    *,
    spot_least: str = "0.00000001",
    perpetual_least: str = "0.001",
) -> dict[LegName, LegRoom]:
    """Reduce-only orders of the perpetual need no least value, as at both venues."""
    least = Decimal(spot_least)
    return {
        SPOT: LegRoom(Decimal(spot), CRUMB, least, least),
        PERPETUAL: LegRoom(Decimal(perpetual), LOT, Decimal(perpetual_least), LOT),
    }


def moved(
    legs: dict[LegName, LegRoom], chosen: tuple[Move, ...], failed: LegName | None = None
) -> dict[LegName, LegRoom]:
    """The legs after ``chosen``, of which the order of one leg may have failed."""
    after = dict(legs)
    for move in chosen:
        if move.leg is not failed:
            leg = after[move.leg]
            sign = 1 if move.way is Way.GROW else -1
            held = leg.held + sign * move.quantity
            after[move.leg] = LegRoom(held, leg.step, leg.least_grown, leg.least_shrunk)
    return after


def level(legs: dict[LegName, LegRoom]) -> bool:
    return is_level({name: leg.held for name, leg in legs.items()}, LOT)


@pytest.mark.parametrize(
    ("legs", "way", "expected"),
    [
        (room("0.010", "0.004"), Way.GROW, [Move(PERPETUAL, Way.GROW, Decimal("0.006"))]),
        (room("0.010", "0.004"), Way.SHRINK, [Move(SPOT, Way.SHRINK, Decimal("0.006"))]),
        (room("0.004", "0.010"), Way.GROW, [Move(SPOT, Way.GROW, Decimal("0.006"))]),
        (room("0.004", "0.010"), Way.SHRINK, [Move(PERPETUAL, Way.SHRINK, Decimal("0.006"))]),
        # A part of a lot stays.
        (room("0.0109", "0.004"), Way.GROW, [Move(PERPETUAL, Way.GROW, Decimal("0.006"))]),
        (room("0.0109", "0.010"), Way.GROW, []),
        (room("0", "0"), Way.GROW, []),
        # Below the least order of one venue: the other way.
        (
            room("0.010", "0.009", perpetual_least="0.002"),
            Way.GROW,
            [Move(SPOT, Way.SHRINK, Decimal("0.001"))],
        ),
        # Of both: a little of the smaller leg goes too.
        (
            room("0.010", "0.009", spot_least="0.003", perpetual_least="0.004"),
            Way.GROW,
            [
                Move(PERPETUAL, Way.SHRINK, Decimal("0.002")),
                Move(SPOT, Way.SHRINK, Decimal("0.003")),
            ],
        ),
        # What would be left could not be sold: all of it.
        (
            room("0.005", "0.004", spot_least="0.003", perpetual_least="0.004"),
            Way.GROW,
            [
                Move(PERPETUAL, Way.SHRINK, Decimal("0.004")),
                Move(SPOT, Way.SHRINK, Decimal("0.005")),
            ],
        ),
        # Too little is held for that: both grow until each order is large enough.
        (
            room("0.002", "0", spot_least="0.003", perpetual_least="0.004"),
            Way.SHRINK,
            [
                Move(SPOT, Way.GROW, Decimal("0.003")),
                Move(PERPETUAL, Way.GROW, Decimal("0.005")),
            ],
        ),
        # Left by more than was entered: bought back first, whatever the other leg holds.
        (room("-0.004", "0"), Way.SHRINK, [Move(SPOT, Way.GROW, Decimal("0.004"))]),
        (room("-0.004", "0.010"), Way.SHRINK, [Move(SPOT, Way.GROW, Decimal("0.004"))]),
        (
            room("-0.004", "-0.002"),
            Way.GROW,
            [
                Move(SPOT, Way.GROW, Decimal("0.004")),
                Move(PERPETUAL, Way.GROW, Decimal("0.002")),
            ],
        ),
        (
            room("-0.002", "0.010", spot_least="0.003"),
            Way.SHRINK,
            [Move(SPOT, Way.GROW, Decimal("0.012"))],
        ),
    ],
)
def test_moves(legs: dict[LegName, LegRoom], way: Way, expected: list[Move]) -> None:
    assert list(moves(legs, way)) == expected


def test_market_that_cannot_be_read_is_not_traded() -> None:
    legs = room("0.010", "0.004", spot_least="Infinity", perpetual_least="0.02")

    assert moves(legs, Way.GROW) == moves(legs, Way.SHRINK) == ()


@given(crumbs, lots, st.integers(1, 10), st.integers(1, 10), ways)
def test_legs_are_level_after_one_step_and_no_leg_was_taken_past_the_other(
    spot: int, perpetual: int, spot_least: int, perpetual_least: int, way: Way
) -> None:
    legs = room(
        str(spot * CRUMB),
        str(perpetual * LOT),
        spot_least=str(spot_least * LOT),
        perpetual_least=str(perpetual_least * LOT),
    )

    chosen = moves(legs, way)
    after = moved(legs, chosen)

    assert level(after)
    assert (not chosen) is level(legs)
    assert all(move.quantity >= legs[move.leg].least(move.way) for move in chosen)
    assert all(leg.held >= 0 for leg in after.values())
    larger = SPOT if legs[SPOT].held > legs[PERPETUAL].held else PERPETUAL
    assert after[larger].held - after[larger.other].held > -LOT


@given(crumbs, lots, st.integers(1, 10), st.integers(1, 10), ways, st.sampled_from(LegName))
def test_failed_half_of_a_step_is_made_good_by_the_next(
    spot: int, perpetual: int, spot_least: int, perpetual_least: int, way: Way, failed: LegName
) -> None:
    legs = room(
        str(spot * CRUMB),
        str(perpetual * LOT),
        spot_least=str(spot_least * LOT),
        perpetual_least=str(perpetual_least * LOT),
    )

    half = moved(legs, moves(legs, way), failed)
    after = moved(half, moves(half, way))

    assert level(after)
    assert all(leg.held >= 0 for leg in after.values())


@given(
    st.integers(-40 * 100_000, 40 * 100_000),
    st.integers(-40, 40),
    st.integers(1, 10),
    st.integers(1, 10),
    ways,
)
def test_leg_below_zero_ends_level_too(
    spot: int, perpetual: int, spot_least: int, perpetual_least: int, way: Way
) -> None:
    legs = room(
        str(spot * CRUMB),
        str(perpetual * LOT),
        spot_least=str(spot_least * LOT),
        perpetual_least=str(perpetual_least * LOT),
    )

    steps = 0
    while not level(legs) and steps < 4:
        legs = moved(legs, moves(legs, way))
        steps += 1

    assert level(legs)


@pytest.mark.parametrize(
    ("spot", "expected"),
    [
        ("0.0005", [Move(SPOT, Way.SHRINK, Decimal("0.0005"))]),
        ("-0.0005", [Move(SPOT, Way.GROW, Decimal("0.0005"))]),
        ("0.00001", []),
        ("0", []),
    ],
)
def test_dust_of_flat_legs_is_taken_when_the_venue_takes_an_order_for_it(
    spot: str, expected: list[Move]
) -> None:
    assert list(leftovers(room(spot, "0", spot_least="0.0001"))) == expected
