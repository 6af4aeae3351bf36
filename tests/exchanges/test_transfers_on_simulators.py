"""One suite for every adapter: what comes to an account and leaves it, over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.errors import AuthenticationFailed
from exchanges.order import Order, OrderType
from exchanges.side import Side
from exchanges.simulator.binance.records import IncomeType
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.transfer import TransferKind
from tests.exchanges.simulated_desk import CREDENTIALS, QUOTE, Desk


def move(desk: Desk, amount: str) -> None:
    account = CREDENTIALS[desk.venue].access_key
    engine = desk.simulation.engines[desk.venue]
    engine.transfer(account, QUOTE[desk.venue], Decimal(amount))


async def test_money_that_comes_and_goes_is_in_the_venues_list_once(desk: Desk) -> None:
    start, currency = desk.clock.now(), QUOTE[desk.venue]
    await desk.exchange.submit(desk.order("traded"))
    before = (await desk.money())[currency]
    desk.clock.advance(60)
    move(desk, "2500.5")
    desk.clock.advance(60)
    move(desk, "-1000")

    paid_in, paid_out = await desk.exchange.transfers(start)

    assert (paid_in.amount, paid_in.fee, paid_in.currency) == (
        Decimal("2500.5"),
        Decimal(0),
        currency,
    )
    assert paid_out.amount == -1_000
    assert {it.kind for it in (paid_in, paid_out)} == {TransferKind.PAYMENT}
    assert paid_in.time == start + timedelta(minutes=1)
    assert (await desk.money())[currency] == before + paid_in.change + paid_out.change
    assert await desk.exchange.transfers(start + timedelta(seconds=61)) == [paid_out]
    assert await desk.exchange.transfers(start) == [paid_in, paid_out]


async def test_more_transfers_than_a_page_holds_are_all_found(desk: Desk) -> None:
    start = desk.clock.now()
    for _ in range(203):
        desk.clock.advance(1)
        move(desk, "1")

    found = await desk.exchange.transfers(start)

    assert len({it.transfer_id for it in found}) == len(found) == 203
    assert [it.time for it in found] == sorted(it.time for it in found)


async def test_coin_under_way_is_no_transfer_yet(upbit: Desk) -> None:
    start, engine, account = upbit.clock.now(), upbit.simulation.upbit, "access-key"
    begun = engine.begin_transfer(account, "BTC", Decimal("0.5"))
    assert await upbit.exchange.transfers(start) == []
    upbit.clock.advance(3_600)
    engine.finish_transfer(account, begun)
    leaving = engine.begin_transfer(account, "BTC", Decimal("-0.2"), fee=Decimal("0.0002"))
    upbit.clock.advance(60)
    engine.finish_transfer(account, leaving)

    # When it began does not matter: it was done after this.
    arrived, left = await upbit.exchange.transfers(start + timedelta(minutes=30))

    assert (arrived.transfer_id, arrived.amount) == (begun.uuid, Decimal("0.5"))
    assert arrived.time == start + timedelta(hours=1)
    assert left.change == Decimal("-0.2002")
    assert (await upbit.money())["BTC"] == Decimal("1.2998")


async def test_a_key_that_may_not_see_deposits_is_told_from_a_venue_that_is_ill(
    upbit: Desk,
) -> None:
    refused = Fault(upbit.venue, "GET /v1/deposits", FaultKind.REJECT, 1, {"code": "out_of_scope"})
    upbit.simulation.faults.add(refused)

    with pytest.raises(AuthenticationFailed):
        await upbit.exchange.transfers(upbit.clock.now())


async def test_what_a_liquidation_costs_besides_is_told_apart(binance: Desk) -> None:
    start = binance.clock.now()
    await binance.exchange.submit(
        Order("kimp-short", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.100"))
    )
    binance.simulation.binance.force_close("access-key", "BTCUSDT", Decimal("0.1"), "liquidation")

    (fee,) = await binance.exchange.transfers(start)

    assert (fee.kind, fee.symbol, fee.currency) == (TransferKind.LIQUIDATION_FEE, "BTC", "USDT")
    income = binance.simulation.binance.account("access-key").income
    [booked] = [one.amount for one in income if one.type is IncomeType.INSURANCE_CLEAR]
    assert fee.change == booked < 0
