"""Orders as the rules make them, and an account in the wrong position mode."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchanges.binance import limits
from exchanges.binance.client import BinanceClient
from exchanges.errors import BadReply, OrderDenied, OrderRejected
from exchanges.http_transport import HttpTransport
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from tests.exchanges.binance.at_simulator import ACCOUNT, scene

AMOUNTS = st.lists(
    st.tuples(
        st.sampled_from(list(Side)),
        st.sampled_from([None, TimeInForce.IOC, TimeInForce.GTC]),
        st.decimals("0.0001", "3", places=7),
        st.decimals("48100", "51900", places=6),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)
NOT_QUANTISED = {"-1111", "-4003", "-4004", "-4005", "-4014", "-4023", "-4164"}
HEDGE_MODE = "the account is in hedge mode, and the desk trades one-way"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wanted=AMOUNTS)
async def test_quantised_order_is_never_refused_for_tick_lot_or_minimum(
    wanted: list[tuple[Side, TimeInForce | None, Decimal, Decimal, bool]],
) -> None:
    async with scene() as stage:
        exchange = stage.connect()
        rules = await exchange.rules("BTC")
        sent = 0

        for number, (side, time_in_force, quantity, price, down) in enumerate(wanted):
            order = Order(
                f"kimp-{number}",
                "BTC",
                side,
                OrderType.MARKET,
                rules.quantity_down(quantity),
            )
            if time_in_force is not None:
                rounded = rules.price_down(price) if down else rules.price_up(price)
                order = replace(
                    order, type=OrderType.LIMIT, price=rounded, time_in_force=time_in_force
                )
            elif quantity * price < rules.min_notional * 2:
                continue  # a market order's value is not ours to know
            refusal = None
            with suppress(OrderDenied):  # too small: nothing to be refused
                try:
                    await exchange.submit(order)
                except OrderRejected as error:
                    refusal = error.code
                sent += 1
            assert refusal not in NOT_QUANTISED
        assert sent == stage.asked("POST", "/fapi/v1/order")


async def test_account_in_hedge_mode_is_refused_in_words() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        await exchange.rules("BTC")
        stage.desk.simulation.binance.account(ACCOUNT.access_key).hedge_mode = True

        with pytest.raises(OrderRejected, match=HEDGE_MODE) as caught:
            await exchange.submit(stage.desk.order("hedged"))

        assert caught.value.code == "-4061"


async def test_position_of_an_account_in_hedge_mode_is_not_taken_for_a_net_one() -> None:
    async with scene() as stage:
        stage.desk.simulation.binance.account(ACCOUNT.access_key).hedge_mode = True
        by_hand = BinanceClient(HttpTransport(stage.desk.endpoints), ACCOUNT, stage.desk.clock, 3)
        stage.stack.push_async_callback(by_hand.aclose)
        order = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "positionSide": "LONG",
            "type": "MARKET",
            "quantity": "0.01",
        }
        await by_hand.ask("POST", "/fapi/v1/order", list(order.items()), limits.ONE)

        with pytest.raises(BadReply, match=HEDGE_MODE):
            await stage.connect().position("BTC")


async def test_flat_position_is_no_row_and_no_error() -> None:
    async with scene() as stage:
        position = await stage.connect().position("BTC")

        assert (position.quantity, position.entry_price) == (Decimal(0), None)


async def test_account_that_pays_in_bnb_has_no_rules_to_trade_by() -> None:
    async with scene() as stage:
        account = stage.desk.simulation.binance.account(ACCOUNT.access_key)
        exchange = stage.connect()
        account.pays_in_bnb = True

        with pytest.raises(BadReply, match="pays its fees in BNB"):
            await exchange.rules("BTC")

        account.pays_in_bnb = False
        assert (await exchange.rules("BTC")).taker_fee > 0
