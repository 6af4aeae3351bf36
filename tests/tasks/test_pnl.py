"""A pair's result and its parts."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.pair import LegFlow, Pair, PriceReference
from tasks.pnl import Pnl, pair_pnl
from tasks.premium import premium_pct
from tasks.signal import Direction
from tests.tasks import pairs

NOTHING = LegFlow()


@st.composite
def ended_pairs(draw: st.DrawFn, direction: Direction | None = None) -> Pair:
    """Any pair of which each leg traded as much out as in; the legs may differ, even be empty."""
    legs = []
    for values in (pairs.values_krw, pairs.values_usdt):
        quantity = st.just(draw(st.just(Decimal(0)) | pairs.quantities))
        legs.append((draw(pairs.flows(values, quantity)), draw(pairs.flows(values, quantity))))
    return pairs.pair_of(
        direction or draw(st.sampled_from(Direction)), draw(pairs.references()), *legs
    )


def sum_of_parts(parts: Pnl) -> Fraction:
    return sum(
        (
            Fraction(part)
            for part in (
                parts.premium_krw,
                parts.fx_krw,
                parts.funding_krw or Decimal(0),
                parts.fees_krw,
                parts.slippage_krw,
            )
        ),
        Fraction(0),
    )


def cash(pair: Pair, rate: Decimal, funding: Decimal | None) -> Fraction:
    """The cash result, counted the plain way: every payment in its direction, as fractions."""
    legs = {"spot": (pair.spot, Fraction(1)), "perpetual": (pair.perpetual, Fraction(rate))}
    total = Fraction(funding or 0) * Fraction(rate)
    for name, (leg, in_krw) in legs.items():
        pays_at_entry = (name == "spot") == (pair.direction is Direction.LONG_PREMIUM)
        entry, leaving = Fraction(leg.entry.value), Fraction(leg.exit.value)
        received = leaving - entry if pays_at_entry else entry - leaving
        total += in_krw * (received - Fraction(leg.entry.fee) - Fraction(leg.exit.fee))
    return total


@given(ended_pairs(), pairs.references(), st.none() | pairs.usdt)
def test_the_parts_add_up_to_the_cash_result_exactly(
    pair: Pair, leaving: PriceReference, funding: Decimal | None
) -> None:
    parts = pair_pnl(pair, leaving, funding)

    assert Fraction(parts.net_krw) == cash(pair, leaving.krw_per_usdt, funding)
    assert sum_of_parts(parts) == Fraction(parts.net_krw)


@given(ended_pairs(Direction.LONG_PREMIUM), pairs.references())
def test_the_mirrored_pair_earns_what_the_other_loses(long: Pair, leaving: PriceReference) -> None:
    short = pairs.pair_of(
        Direction.SHORT_PREMIUM,
        long.entry_reference,
        (long.spot.entry, long.spot.exit),
        (long.perpetual.entry, long.perpetual.exit),
    )

    of_long, of_short = pair_pnl(long, leaving, None), pair_pnl(short, leaving, None)

    assert of_long.premium_krw == -of_short.premium_krw
    assert of_long.fx_krw == -of_short.fx_krw
    assert of_long.slippage_krw == -of_short.slippage_krw
    assert of_long.fees_krw == of_short.fees_krw <= 0


@given(
    st.sampled_from(Direction),
    pairs.quantities,
    pairs.references(),
    pairs.references(),
)
def test_trading_at_the_references_has_no_slippage(
    direction: Direction, quantity: Decimal, entry: PriceReference, leaving: PriceReference
) -> None:
    def at(price: Decimal) -> LegFlow:
        return LegFlow(quantity, quantity * price, Decimal(0))

    pair = pairs.pair_of(
        direction,
        entry,
        (at(entry.spot_price), at(leaving.spot_price)),
        (at(entry.perpetual_price), at(leaving.perpetual_price)),
    )

    parts = pair_pnl(pair, leaving, None)

    assert parts.slippage_krw == 0
    assert parts.net_krw == parts.premium_krw + parts.fx_krw


@given(
    pairs.quantities,
    st.decimals(min_value=1, max_value=10**9, places=2),
    st.decimals(min_value=1, max_value=10**9, places=2),
)
def test_a_falling_premium_is_the_profit_of_short_premium_only(
    quantity: Decimal, spot_entry: Decimal, spot_exit: Decimal
) -> None:
    perpetual, rate = Decimal(50_000), 1_400
    entry = pairs.reference(spot_entry, perpetual, rate)
    leaving = pairs.reference(spot_exit, perpetual, rate)
    fallen = premium_pct(spot_entry, perpetual, Decimal(rate)) - premium_pct(
        spot_exit, perpetual, Decimal(rate)
    )
    legs = (
        (
            LegFlow(quantity, quantity * spot_entry, Decimal(0)),
            LegFlow(quantity, quantity * spot_exit, Decimal(0)),
        ),
        (
            LegFlow(quantity, quantity * perpetual, Decimal(0)),
            LegFlow(quantity, quantity * perpetual, Decimal(0)),
        ),
    )

    short = pair_pnl(pairs.pair_of(Direction.SHORT_PREMIUM, entry, *legs), leaving, None)
    long = pair_pnl(pairs.pair_of(Direction.LONG_PREMIUM, entry, *legs), leaving, None)

    assert (short.net_krw > 0) == (spot_entry > spot_exit) == (fallen > 0)
    assert (long.net_krw > 0) == (spot_exit > spot_entry)


def test_a_worked_example_of_long_premium() -> None:
    # Bought at 101 against 100 (reference 100.5), the won fell from 1,000 to 1,100 per USDT.
    pair = pairs.pair_of(
        Direction.LONG_PREMIUM,
        pairs.reference("100500000", "100000", 1_000),
        (pairs.flow("2", "202000000", "100"), pairs.flow("2", "240000000", "200")),
        (pairs.flow("2", "200000", "1"), pairs.flow("2", "210000", "2")),
    )
    leaving = pairs.reference("120000000", "105000", 1_100)

    parts = pair_pnl(pair, leaving, Decimal(-5))

    # Spot +38,000,000; perpetual −10,000 USDT at 1,100; fees 300 KRW and 3 USDT; funding −5 USDT.
    assert parts == Pnl(
        net_krw=Decimal(38_000_000 - 11_000_000 - 3_600 - 5_500),
        premium_krw=Decimal(2 * ((120_000_000 - 115_500_000) - (100_500_000 - 100_000_000))),
        fx_krw=Decimal(2 * 100 * 100_000),
        funding_krw=Decimal(-5_500),
        fees_krw=Decimal(-3_600),
        slippage_krw=Decimal(-1_000_000),  # 500,000 KRW a coin above the reference, at entry
    )


@pytest.mark.parametrize("direction", Direction)
def test_a_leg_that_stood_alone_is_all_slippage(direction: Direction) -> None:
    pair = pairs.pair_of(
        direction,
        pairs.reference("100", "1", 100),
        (pairs.flow("1", "100", "1"), pairs.flow("1", "90", "1")),
        (NOTHING, NOTHING),
    )

    parts = pair_pnl(pair, pairs.reference("95", "2", 200), None)

    assert parts.premium_krw == parts.fx_krw == 0
    assert parts.slippage_krw == (-10 if direction is Direction.LONG_PREMIUM else 10)
    assert parts.fees_krw == -2
    assert parts.funding_krw is None


def test_a_partly_hedged_pair_counts_only_the_hedged_part_as_premium() -> None:
    # 2 bought, 1 hedged; 1 was sold back at 90, the rest closed at the reference of 110.
    pair = pairs.pair_of(
        Direction.LONG_PREMIUM,
        pairs.reference("100", "1", 100),
        (pairs.flow("2", "200"), pairs.flow("2", "200")),
        (pairs.flow("1", "1"), pairs.flow("1", "1")),
    )

    parts = pair_pnl(pair, pairs.reference("110", "1", 100), None)

    assert parts.premium_krw == 10
    assert parts.slippage_krw == -10
    assert parts.net_krw == 0


@pytest.mark.parametrize("direction", Direction)
def test_a_remainder_below_a_lot_is_worth_its_reference_price(direction: Direction) -> None:
    # Both legs keep 0.1: neither the coin nor the contract is lost, and neither is a gain.
    pair = pairs.pair_of(
        direction,
        pairs.reference("100", "1", 100),
        (pairs.flow("1", "100"), pairs.flow("0.9", "90")),
        (pairs.flow("1", "1"), pairs.flow("0.9", "0.9")),
    )

    assert pair_pnl(pair, pairs.reference("100", "1", 100), None).net_krw == 0


def test_a_pair_that_was_never_decided_on_has_no_result() -> None:
    pair = pairs.pair_of(Direction.LONG_PREMIUM, None, (NOTHING, NOTHING), (NOTHING, NOTHING))

    with pytest.raises(ValueError, match="entry_reference: expected one"):
        pair_pnl(pair, pairs.reference("1", "1", 1), None)
