"""What is refused before it is sent, each with a sentence that names the field."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.order import Order, OrderType, TimeInForce
from exchanges.order_check import first_breach
from exchanges.rules import Rules, TickBand
from exchanges.side import Side
from exchanges.upbit.ticks import KRW_LADDER

RULES = Rules(
    symbol="BTC",
    tick_bands=(TickBand(Decimal(0), Decimal("0.1")),),
    quantity_step=Decimal("0.001"),
    min_quantity=Decimal("0.002"),
    max_market_quantity=Decimal(120),
    min_notional=Decimal(50),
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0005"),
    is_trading=True,
)
LIMIT = Order("kimp-p1-s001", "BTC", Side.BUY, OrderType.LIMIT, Decimal("0.01"), Decimal("60000.1"))
MARKET = Order("kimp-p1-s001", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.01"))
ID = re.compile(r"[a-z0-9-]{1,36}")


@pytest.mark.parametrize("order", [LIMIT, MARKET, replace(LIMIT, time_in_force=TimeInForce.IOC)])
def test_order_within_the_rules_passes(order: Order) -> None:
    assert first_breach(order, RULES, id_pattern=ID) is None


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (replace(LIMIT, client_order_id=""), "client_order_id: expected"),
        (replace(LIMIT, client_order_id="a b"), "client_order_id: expected"),
        (replace(LIMIT, client_order_id="x" * 37), "client_order_id: expected"),
        (replace(LIMIT, client_order_id="a\n"), "client_order_id: expected"),
        (replace(LIMIT, quantity=Decimal(0)), "quantity: expected a number above 0"),
        (replace(LIMIT, quantity=Decimal(-1)), "quantity: expected a number above 0"),
        (replace(LIMIT, quantity=Decimal("NaN")), "quantity: expected a number above 0"),
        (replace(LIMIT, quantity=Decimal("1E30")), "quantity: expected a number above 0"),
        (replace(LIMIT, quantity=Decimal("0.0015")), "quantity: expected a multiple of 0.001"),
        (replace(LIMIT, quantity=Decimal("0.001")), "quantity: expected at least 0.002"),
        (replace(MARKET, quantity=Decimal(121)), "quantity: expected at most 120"),
        (replace(LIMIT, price=None), "price: expected one"),
        (replace(LIMIT, price=Decimal("60000.15")), "price: expected a multiple of the tick 0.1"),
        (replace(LIMIT, price=Decimal("Infinity")), "price: expected a number above 0"),
        (replace(LIMIT, price=Decimal("4999.9")), "value: expected at least 50, got 49.999"),
        (replace(MARKET, price=Decimal(1)), "price: expected none"),
        (replace(MARKET, time_in_force=TimeInForce.IOC), "time_in_force: expected none"),
    ],
)
def test_breach_is_named(order: Order, sentence: str) -> None:
    breach = first_breach(order, RULES, id_pattern=ID)

    assert breach is not None
    assert breach.startswith(sentence)


def test_nothing_is_sent_before_the_rules_are_read() -> None:
    assert first_breach(LIMIT, None, id_pattern=ID) == (
        "the rules of BTC have not been read, so nothing can be sent"
    )


def test_reduce_only_order_may_be_worth_less_than_the_minimum() -> None:
    order = replace(LIMIT, price=Decimal("4999.9"), reduce_only=True)

    assert first_breach(order, RULES, id_pattern=ID) is None


def test_order_may_be_worth_the_greatest_value_and_no_more() -> None:
    rules = replace(RULES, max_notional=Decimal("600.001"))

    assert first_breach(LIMIT, rules, id_pattern=ID) is None
    assert first_breach(replace(LIMIT, quantity=Decimal("0.011")), rules, id_pattern=ID) == (
        "value: expected at most 600.001, got 660.0011"
    )


def test_limit_order_may_exceed_the_largest_market_order() -> None:
    assert first_breach(replace(LIMIT, quantity=Decimal(121)), RULES, id_pattern=ID) is None


@given(
    st.decimals("0.0001", "300000000", places=6),
    st.decimals("0.00000001", "1000", places=8),
    st.sampled_from([RULES, replace(RULES, tick_bands=KRW_LADDER)]),
)
def test_rounded_price_and_quantity_are_always_on_tick_and_lot(
    price: Decimal, quantity: Decimal, rules: Rules
) -> None:
    down, up = rules.price_down(price), rules.price_up(price)
    lots = rules.quantity_down(quantity)

    assert down <= price <= up
    assert up - down in (0, rules.tick(price))
    for rounded in (down, up):
        assert rounded == 0 or rounded % rules.tick(rounded) == 0
    assert 0 <= quantity - lots < rules.quantity_step
    assert lots % rules.quantity_step == 0


@given(
    st.decimals("1", "300000000", places=6), st.decimals("0.01", "1000", places=8), st.booleans()
)
def test_rounded_order_is_never_denied_for_tick_or_lot(
    price: Decimal, quantity: Decimal, is_krw: bool
) -> None:
    rules = replace(RULES, tick_bands=KRW_LADDER) if is_krw else RULES
    rules = replace(rules, min_notional=Decimal(0))
    order = replace(LIMIT, price=rules.price_up(price), quantity=rules.quantity_down(quantity))

    assert first_breach(order, rules, id_pattern=ID) is None


@given(st.decimals(), st.decimals() | st.none(), st.sampled_from(OrderType))
def test_any_number_is_judged_without_an_error(
    quantity: Decimal, price: Decimal | None, kind: OrderType
) -> None:
    order = replace(LIMIT, quantity=quantity, price=price, type=kind)

    breach = first_breach(order, replace(RULES, tick_bands=KRW_LADDER), id_pattern=ID)

    assert breach is None or ": expected" in breach
