"""A price that comes back elsewhere after a halt."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasks.price_gap import PriceGap
from tests.exchanges.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def gap(clock: ManualClock) -> PriceGap:
    return PriceGap(clock)


def halt(
    gap: PriceGap, clock: ManualClock, before: int, after: int, *, lasts_s: float = 10
) -> None:
    gap.trades_at(Decimal(before))
    gap.stopped()
    clock.advance(lasts_s)
    gap.stopped()
    gap.trades_at(Decimal(after))


@pytest.mark.parametrize(
    ("after", "words"), [(111, "+11.0 %"), (89, "-11.0 %"), (110, None), (90, None)]
)
def test_more_than_ten_percent_over_a_halt_is_flagged(
    gap: PriceGap, clock: ManualClock, after: int, words: str | None
) -> None:
    halt(gap, clock, 100, after)

    sentence = gap.sentence()
    assert (sentence is None) if words is None else (words in (sentence or ""))


def test_move_while_the_market_trades_is_none(gap: PriceGap) -> None:
    gap.trades_at(Decimal(100))
    gap.trades_at(Decimal(50))

    assert gap.sentence() is None


def test_stop_of_a_few_seconds_is_no_halt(gap: PriceGap, clock: ManualClock) -> None:
    halt(gap, clock, 100, 50, lasts_s=9.9)

    assert gap.sentence() is None


def test_halt_without_a_price_before_it_has_nothing_to_compare_with(
    gap: PriceGap, clock: ManualClock
) -> None:
    gap.stopped()
    clock.advance(60)
    gap.trades_at(Decimal(100))

    assert gap.sentence() is None


def test_flag_stands_for_half_an_hour_however_the_price_goes_on(
    gap: PriceGap, clock: ManualClock
) -> None:
    halt(gap, clock, 100, 60)
    gap.trades_at(Decimal(100))

    clock.advance(1_799)
    assert gap.sentence() is not None
    clock.advance(1)
    assert gap.sentence() is None


def test_flag_falls_when_a_person_has_seen_it_and_stands_again_with_the_next(
    gap: PriceGap, clock: ManualClock
) -> None:
    halt(gap, clock, 100, 60)
    gap.acknowledge()
    assert gap.sentence() is None

    halt(gap, clock, 60, 100)

    assert "+66.7 %" in (gap.sentence() or "")
