"""A pair, its legs and its record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.pair import LegFlow, LegName, Pair, PairLeg, PriceReference
from tasks.pair_transitions import PairState
from tasks.signal import Direction
from warehouse.records import PairSnapshot

amounts = st.decimals(min_value=0, max_value=10**9, places=8)
rates = st.decimals(min_value=1, max_value=10**4, places=2)
flows = st.builds(LegFlow, amounts, amounts, amounts)
times = st.datetimes(timezones=st.just(UTC))
references = st.builds(
    PriceReference, amounts, amounts, rates, st.none() | rates, amounts, st.none() | amounts
)
pairs = st.builds(
    Pair,
    pair_id=st.just("p0123456789ab"),
    signal_id=st.text(min_size=1),
    strategy=st.none() | st.text(),
    symbol=st.just("BTC"),
    direction=st.sampled_from(Direction),
    state=st.sampled_from(PairState),
    target_quantity=amounts,
    opened_at=times,
    closed_at=st.none() | times,
    spot=st.builds(
        PairLeg, st.just(Venue.UPBIT), st.just("KRW"), st.integers(0, 999), flows, flows
    ),
    perpetual=st.builds(
        PairLeg, st.just(Venue.BINANCE), st.just("USDT"), st.integers(0, 999), flows, flows
    ),
    entry_reference=st.none() | references,
    exit_reference=st.none() | references,
)


def a_pair(spot_held: str, perpetual_held: str) -> Pair:
    return Pair(
        pair_id="p0123456789ab",
        signal_id="s-1",
        strategy=None,
        symbol="BTC",
        direction=Direction.LONG_PREMIUM,
        state=PairState.HEDGED,
        target_quantity=Decimal("0.02"),
        opened_at=datetime(2026, 1, 31, tzinfo=UTC),
        closed_at=None,
        spot=PairLeg(Venue.UPBIT, "KRW", entry=LegFlow(Decimal(spot_held))),
        perpetual=PairLeg(Venue.BINANCE, "USDT", entry=LegFlow(Decimal(perpetual_held))),
    )


@given(pairs)
def test_a_snapshot_reads_back_the_same(pair: Pair) -> None:
    through_json = cast(PairSnapshot, orjson.loads(orjson.dumps(pair.snapshot())))

    assert Pair.from_snapshot(through_json) == pair


@pytest.mark.parametrize(
    ("direction", "leg", "entry", "leaving"),
    [
        (Direction.LONG_PREMIUM, LegName.SPOT, Side.BUY, Side.SELL),
        (Direction.LONG_PREMIUM, LegName.PERPETUAL, Side.SELL, Side.BUY),
        (Direction.SHORT_PREMIUM, LegName.SPOT, Side.SELL, Side.BUY),
        (Direction.SHORT_PREMIUM, LegName.PERPETUAL, Side.BUY, Side.SELL),
    ],
)
def test_each_leg_trades_its_own_way(
    direction: Direction, leg: LegName, entry: Side, leaving: Side
) -> None:
    pair = replace(a_pair("0", "0"), direction=direction)

    assert pair.side(leg, purpose_is_entry=True) is entry
    assert pair.side(leg, purpose_is_entry=False) is leaving


@pytest.mark.parametrize(
    ("spot", "perpetual", "unhedged"),
    [("0.02", "0.02", "0"), ("0.02", "0.015", "0.005"), ("0", "0.02", "0.02")],
)
def test_unhedged_is_the_difference_of_the_legs(spot: str, perpetual: str, unhedged: str) -> None:
    assert a_pair(spot, perpetual).unhedged == Decimal(unhedged)


def test_held_is_what_entered_and_did_not_leave() -> None:
    leg = PairLeg(Venue.UPBIT, "KRW", 2, LegFlow(Decimal("0.02")), LegFlow(Decimal("0.005")))

    pair = a_pair("1", "0").with_leg(LegName.SPOT, leg)

    assert pair.held(LegName.SPOT) == Decimal("0.015")
    assert pair.leg(LegName.SPOT) is leg
    assert pair.held(LegName.PERPETUAL) == 0


def test_a_changed_leg_leaves_the_other_alone() -> None:
    pair = a_pair("1", "1")
    leg = replace(pair.perpetual, attempts=3)

    changed = pair.with_leg(LegName.PERPETUAL, leg)

    assert changed.perpetual is leg
    assert changed.spot is pair.spot
    assert pair.perpetual.attempts == 0


def test_flows_add_up_and_average() -> None:
    flow = LegFlow(Decimal(1), Decimal(100), Decimal(2)) + LegFlow(
        Decimal(3), Decimal(500), Decimal(4)
    )

    assert flow == LegFlow(Decimal(4), Decimal(600), Decimal(6))
    assert flow.average_price == Decimal(150)
    assert LegFlow().average_price is None


@pytest.mark.parametrize("state", PairState)
def test_a_pair_is_open_until_nothing_can_be_held(state: PairState) -> None:
    ended = state in (PairState.CLOSED, PairState.UNWOUND, PairState.FAILED)

    assert replace(a_pair("1", "1"), state=state).is_open is not ended


def test_a_leg_knows_the_other() -> None:
    assert LegName.SPOT.other is LegName.PERPETUAL
    assert LegName.PERPETUAL.other is LegName.SPOT
