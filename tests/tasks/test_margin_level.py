from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.account import Position
from tasks.margin_level import MarginLevel, distance_pct, level_after, margin_wanted

WARNING, CRITICAL = Decimal(30), Decimal(15)


def held(quantity: str, mark: str | None, end: str | None, margin: str | None = None) -> Position:
    return Position(
        "BTC",
        Decimal(quantity),
        Decimal(50_000),
        None if mark is None else Decimal(mark),
        None if end is None else Decimal(end),
        Decimal(0),
        None if margin is None else Decimal(margin),
    )


@pytest.mark.parametrize(
    ("position", "distance"),
    [
        (held("-0.1", "50000", "60000"), "20"),
        (held("0.1", "50000", "40000"), "20"),
        (held("-0.1", "50000", "50000"), "0"),
        (held("-0.1", "50000", "49000"), "-2"),
        (held("0", "50000", "60000"), None),
        (held("-0.1", "50000", None), None),
        (held("-0.1", None, "60000"), None),
        (held("0.1", "50000", "-3"), None),
    ],
)
def test_distance_is_what_the_price_may_go_against_the_position(
    position: Position, distance: str | None
) -> None:
    assert distance_pct(position) == (None if distance is None else Decimal(distance))


@pytest.mark.parametrize(
    ("before", "distance", "after"),
    [
        (MarginLevel.FINE, "30", MarginLevel.FINE),
        (MarginLevel.FINE, "29.9", MarginLevel.WARNING),
        (MarginLevel.FINE, "14.9", MarginLevel.CRITICAL),
        (MarginLevel.WARNING, "31.9", MarginLevel.WARNING),
        (MarginLevel.WARNING, "32", MarginLevel.FINE),
        (MarginLevel.WARNING, "15", MarginLevel.WARNING),
        (MarginLevel.CRITICAL, "16.9", MarginLevel.CRITICAL),
        (MarginLevel.CRITICAL, "17", MarginLevel.WARNING),
        (MarginLevel.CRITICAL, "50", MarginLevel.FINE),
        (MarginLevel.CRITICAL, None, MarginLevel.FINE),
    ],
)
def test_level_is_left_later_than_it_is_entered(
    before: MarginLevel, distance: str | None, after: MarginLevel
) -> None:
    number = None if distance is None else Decimal(distance)

    assert level_after(before, number, WARNING, CRITICAL) is after


@given(
    st.decimals("0.001", "100", places=3),
    st.decimals("100", "100000", places=1),
    st.decimals("-5", "15", places=2),
    st.decimals("16", "40", places=2),
    st.decimals("0", "0.05", places=4),
    st.booleans(),
)
def test_margin_wanted_brings_the_position_to_the_target(
    quantity: Decimal,
    mark: Decimal,
    distance: Decimal,
    target: Decimal,
    upkeep: Decimal,
    is_short: bool,
) -> None:
    """By the venues' own formula, at every upkeep rate they have."""
    signed = -quantity if is_short else quantity
    end = mark * (1 + distance / 100 if is_short else 1 - distance / 100)
    position = Position("BTC", signed, mark, mark, end, Decimal(0), Decimal(1))

    added = margin_wanted(position, distance, target)

    slope = quantity * (1 + upkeep if is_short else 1 - upkeep)
    moved = added / slope
    reached = distance + moved / mark * 100
    assert added == int(added)
    assert reached >= target


def test_position_that_is_far_enough_away_wants_nothing() -> None:
    assert margin_wanted(held("-0.1", "50000", "70000"), Decimal(40), Decimal(32)) == 0
