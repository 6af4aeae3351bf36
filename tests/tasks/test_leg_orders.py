"""Which order a leg is traded with; its price never passes the bound."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.order import OrderType, TimeInForce
from exchanges.rules import Rules, TickBand
from exchanges.side import Side
from tasks.leg_orders import leg_order, price_bound, within_bound
from tasks.pair import LegName
from tasks.settled_order import LegOrder, Purpose
from tasks.signal import Direction
from tests.tasks.pairs import flow, pair_of, reference

LEG = (flow("1", "1"), flow("0", "0"))
RULES = Rules(
    symbol="BTC",
    tick_bands=(TickBand(Decimal(0), Decimal(1)), TickBand(Decimal(1_000_000), Decimal(1_000))),
    quantity_step=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    max_market_quantity=None,
    min_notional=Decimal(5),
    maker_fee=Decimal(0),
    taker_fee=Decimal(0),
    is_trading=True,
)


def order_of(leg: LegName, side: Side, direction: Direction, bound: Decimal) -> LegOrder:
    pair = pair_of(direction, reference(1, "1", 1), LEG, LEG)
    return leg_order(
        pair, leg, 3, Purpose.HEDGE, side=side, quantity=Decimal(1), bound=bound, rules=RULES
    )


@given(st.decimals(min_value=2, max_value=10**9, places=4), st.sampled_from(Side))
def test_a_spot_order_is_a_tick_inside_its_bound(bound: Decimal, side: Side) -> None:
    order = order_of(LegName.SPOT, side, Direction.LONG_PREMIUM, bound).order

    assert order.type is OrderType.LIMIT
    assert order.time_in_force is TimeInForce.IOC
    assert order.price is not None
    assert within_bound(side, order.price, bound)
    assert order.price % RULES.tick(order.price) == 0
    assert abs(order.price - bound) < RULES.tick(max(order.price, bound))


@pytest.mark.parametrize(
    ("direction", "side", "reduce_only"),
    [
        (Direction.LONG_PREMIUM, Side.SELL, False),
        (Direction.LONG_PREMIUM, Side.BUY, True),
        (Direction.SHORT_PREMIUM, Side.BUY, False),
        (Direction.SHORT_PREMIUM, Side.SELL, True),
    ],
)
def test_a_perpetual_order_against_the_entry_can_only_reduce(
    direction: Direction, side: Side, reduce_only: bool
) -> None:
    order = order_of(LegName.PERPETUAL, side, direction, Decimal(1)).order

    assert order.type is OrderType.MARKET
    assert order.price is None
    assert order.reduce_only is reduce_only
    assert order.client_order_id == "kimp-p0123456789ab-p003"


def test_a_bound_lies_on_the_worse_side() -> None:
    assert price_bound(Side.BUY, Decimal(1_000), 20) == 1_002
    assert price_bound(Side.SELL, Decimal(1_000), 20) == 998
    assert within_bound(Side.BUY, Decimal(1_002), Decimal(1_002))
    assert not within_bound(Side.SELL, Decimal("997.9"), Decimal(998))
