"""Closing at a loss is refused, with the numbers."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.exit_rule import ExitPrices, judge_exit
from tasks.pair import LegFlow, Pair
from tasks.signal import Direction
from tests.tasks import pairs

NOTHING = LegFlow()
taker_fees = st.decimals(min_value=0, max_value="0.01", places=5)


@st.composite
def open_pairs(draw: st.DrawFn) -> Pair:
    """A hedged pair, some of it perhaps closed already."""
    entered = draw(pairs.quantities)
    left = entered * draw(st.sampled_from([Decimal(0), Decimal("0.5"), Decimal("0.25")]))
    legs = [
        (
            draw(pairs.flows(values, st.just(entered))),
            draw(pairs.flows(values, st.just(left))) if left else NOTHING,
        )
        for values in (pairs.values_krw, pairs.values_usdt)
    ]
    return pairs.pair_of(draw(st.sampled_from(Direction)), draw(pairs.references()), *legs)


@st.composite
def exit_prices(draw: st.DrawFn, quantity: Decimal) -> ExitPrices:
    return ExitPrices(
        quantity,
        draw(pairs.values_krw),
        draw(pairs.values_usdt),
        draw(taker_fees),
        draw(taker_fees),
        draw(pairs.references()),
    )


def cash_if_closed(pair: Pair, prices: ExitPrices, funding: Decimal | None) -> Fraction:
    """What would be in the tills, counted the plain way."""
    rate = Fraction(prices.reference.krw_per_usdt)
    spot_exit, perpetual_exit = Fraction(prices.spot_value), Fraction(prices.perpetual_value)
    spot = Fraction(pair.spot.exit.value) + spot_exit - Fraction(pair.spot.entry.value)
    perpetual = (
        Fraction(pair.perpetual.exit.value) + perpetual_exit - Fraction(pair.perpetual.entry.value)
    )
    if pair.direction is Direction.SHORT_PREMIUM:
        spot = -spot
    else:
        perpetual = -perpetual
    paid_krw = pair.spot.entry.fee + pair.spot.exit.fee
    paid_usdt = pair.perpetual.entry.fee + pair.perpetual.exit.fee
    spot -= Fraction(paid_krw) + spot_exit * Fraction(prices.spot_taker_fee)
    perpetual -= Fraction(paid_usdt) + perpetual_exit * Fraction(prices.perpetual_taker_fee)
    return spot + rate * (perpetual + Fraction(funding or 0))


@given(st.data(), st.none() | pairs.usdt, st.decimals(min_value=0, max_value=10**7, places=2))
def test_a_pair_closes_exactly_when_the_cash_is_above_the_minimum(
    data: st.DataObject, funding: Decimal | None, minimum: Decimal
) -> None:
    pair = data.draw(open_pairs())
    prices = data.draw(exit_prices(pair.spot.held))

    judgement = judge_exit(pair, prices, funding, minimum)

    cash = cash_if_closed(pair, prices, funding)
    assert Fraction(judgement.net_krw) == cash
    assert judgement.allowed == (cash > Fraction(minimum))
    assert judgement.parts.net_krw == judgement.net_krw


def judged(spot_value: str, minimum: str = "0", funding: Decimal | None = None) -> tuple[bool, str]:
    """1 coin, entered at 1,000,000 KRW and 1,000 USDT; left at ``spot_value`` and 1,000 USDT."""
    pair = pairs.pair_of(
        Direction.LONG_PREMIUM,
        pairs.reference("1000000", "1000", 1_000),
        (pairs.flow("1", "1000000", "500"), NOTHING),
        (pairs.flow("1", "1000", "0.5"), NOTHING),
    )
    prices = ExitPrices(
        Decimal(1),
        Decimal(spot_value),
        Decimal(1_000),
        Decimal(0),
        Decimal("0.0005"),
        pairs.reference("1005000", "1000", 1_000),
    )
    judgement = judge_exit(pair, prices, funding, Decimal(minimum))
    return judgement.allowed, judgement.sentence


def test_a_loss_is_refused_with_its_numbers() -> None:
    assert judged("990000") == (
        False,
        "closing now would lose 11,500 KRW "
        "(premium 5,000, fx 0, funding missing, fees −1,500, slippage −15,000)",
    )


@pytest.mark.parametrize(
    ("spot_value", "minimum", "allowed"),
    [
        ("1001500", "0", False),  # nothing earned is not more than nothing
        ("1001501", "0", True),
        ("1002500", "1000", False),
        ("1002500.01", "1000", True),
    ],
)
def test_only_more_than_the_minimum_will_do(spot_value: str, minimum: str, allowed: bool) -> None:
    assert judged(spot_value, minimum)[0] is allowed


def test_a_profit_below_the_minimum_says_so() -> None:
    _, sentence = judged("1002000", "1000")

    assert sentence.startswith(
        "closing now would earn 500 KRW, not more than the minimum of 1,000 KRW (premium"
    )


def test_a_profit_names_its_parts() -> None:
    assert judged("1005000", funding=Decimal("0.02")) == (
        True,
        "closing now would earn 3,520 KRW "
        "(premium 5,000, fx 0, funding 20.00, fees −1,500, slippage 0)",
    )


def test_a_better_premium_alone_does_not_close_a_pair() -> None:
    # The premium rose by 5,000 KRW; the book gives less than the fees need.
    allowed, sentence = judged("1001000")

    assert not allowed
    assert "premium 5,000" in sentence
