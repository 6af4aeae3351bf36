from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.binance.local_book import BookSide
from exchanges.book import Level
from exchanges.side import Side

LEVELS = st.lists(
    st.builds(
        Level,
        st.integers(1, 60).map(lambda tenths: Decimal(tenths) / 10),
        st.sampled_from([Decimal(0), Decimal("0.001"), Decimal(2)]),
    ),
    max_size=80,
)
SIDES = st.sampled_from([Side.BUY, Side.SELL])


def plain_side(side: Side, changes: list[Level]) -> list[Level]:
    """The same by a dictionary: best first."""
    last = {level.price: level for level in changes}
    kept = [level for level in last.values() if level.quantity]
    return sorted(kept, key=lambda level: level.price, reverse=side is Side.BUY)


@given(side=SIDES, changes=LEVELS, count=st.integers(1, 30))
def test_side_shows_the_best_of_what_was_set_last(
    side: Side, changes: list[Level], count: int
) -> None:
    book_side = BookSide(side, changes)

    assert list(book_side.best(count)) == plain_side(side, changes)[:count]


@given(side=SIDES, changes=LEVELS, touch=st.integers(1, 60), count=st.integers(1, 30))
def test_touch_stands_before_everything_that_is_worse_and_hides_what_is_better(
    side: Side, changes: list[Level], touch: int, count: int
) -> None:
    best = Level(Decimal(touch) / 10, Decimal(7))
    worse = [
        level
        for level in plain_side(side, changes)
        if (level.price < best.price if side is Side.BUY else level.price > best.price)
    ]

    shown = BookSide(side, changes).best_from(best, count)

    assert list(shown) == [best, *worse][:count]


@pytest.mark.parametrize("side", list(Side))
def test_fewer_levels_behind_the_touch_than_asked_for_are_all_shown(side: Side) -> None:
    levels = [Level(Decimal(price), Decimal(1)) for price in range(1, 9)]
    touch = Level(Decimal(3 if side is Side.BUY else 6), Decimal(7))

    shown = BookSide(side, levels).best_from(touch, 5)

    behind = [2, 1] if side is Side.BUY else [7, 8]
    assert [int(level.price) for level in shown] == [int(touch.price), *behind]


@pytest.mark.parametrize("side", list(Side))
def test_level_that_was_never_there_can_be_taken_away(side: Side) -> None:
    book_side = BookSide(side, [Level(Decimal(5), Decimal(1))])

    book_side.set([Level(Decimal(6), Decimal(0))])

    assert book_side.best(9) == (Level(Decimal(5), Decimal(1)),)


def test_prices_that_are_written_differently_are_one_level() -> None:
    book_side = BookSide(Side.SELL, [Level(Decimal("5.10"), Decimal(1))])

    book_side.set([Level(Decimal("5.1"), Decimal(0))])

    assert book_side.best(9) == ()
