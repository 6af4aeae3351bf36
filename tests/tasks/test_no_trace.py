"""An order that its venue claims not to know, and what else of the venue speaks for it.

Each kind of trace alone keeps the order in doubt: the others are kept from telling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.errors import OrderNotFound
from exchanges.exchange import Exchange
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.leg_orders import leg_order
from tasks.no_trace import trace_of
from tasks.pair import LegName
from tasks.paper_desk import PaperDesk
from tasks.settled_order import LegOrder, Purpose
from tests.tasks.desks import Bench, entered, pair_of, run
from tests.tasks.reconciling.accounts import trade_by_hand

QUANTITY = Decimal("0.001")


@contextmanager
def knowing_no_order(exchange: Exchange) -> Iterator[None]:
    """The venue answers "no such order" to whoever asks by client id."""

    async def unknown(symbol: str, client_order_id: str, *, urgent: bool = False) -> None:
        raise OrderNotFound(exchange.venue, f"there is no order {client_order_id}")

    exchange.order = unknown  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del exchange.order  # the adapter's own again


async def one_more(desk: PaperDesk, leg: LegName) -> LegOrder:
    """An order that makes a leg of an open pair larger."""
    trading = desk.parts.trading
    pair = pair_of(desk, await entered(desk))
    side = pair.side(leg, purpose_is_entry=True)
    return leg_order(
        pair,
        leg,
        trading.pairs.next_attempt(pair.pair_id, leg),
        Purpose.HEDGE,
        side=side,
        quantity=QUANTITY,
        bound=Decimal(60_100_000),
        rules=trading.venues[leg].rules["BTC"],
    )


async def trace_at_venue(desk: PaperDesk, order: LegOrder) -> str | None:
    """What the order's venue has of it."""
    trading = desk.parts.trading
    return await trace_of(
        trading.venues[order.leg],
        order,
        trading.coin,
        desk.parts.books.executed,
        trading.settings.position_tolerance,
    )


def test_a_trade_that_carries_its_id_speaks_for_an_order(tmp_path: Path) -> None:
    """Somebody trades the same back by hand, so that the position looks as if nothing had been."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            order = await one_more(desk, LegName.PERPETUAL)
            bench.fault(Venue.BINANCE, "lose_reply")
            with knowing_no_order(trading.venues[LegName.PERPETUAL].exchange):
                sending = asyncio.create_task(trading.execute([order]))
                await asyncio.sleep(1)
                await trade_by_hand(desk, LegName.PERPETUAL, Side.BUY, QUANTITY)
                [settled] = await sending

            assert bench.position() == Decimal("-0.010")
            assert not settled.decided
            assert "a trade carries its id" in (settled.error or "")
            assert await trading.settle_again(order.pair_id)
            assert trading.pairs[order.pair_id].held(LegName.PERPETUAL) == Decimal("0.011")

    run(tmp_path, scenario)


@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_a_trade_of_it_that_the_journal_holds_still_speaks_for_an_order(
    tmp_path: Path, perpetual: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            for leg in LegName:
                order = await one_more(desk, leg)
                order = replace(order, baseline=trading.coin.baseline(order))
                [settled] = await trading.execute([order])
                assert settled.decided

                assert await trace_at_venue(desk, order) == "a trade carries its id"

    run(tmp_path, scenario, perpetual_venue=perpetual)


@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_orders_whose_trades_the_journal_holds_are_not_asked_about_for_another_one(
    tmp_path: Path, perpetual: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            for leg in LegName:
                order = await one_more(desk, leg)
                order = replace(order, baseline=trading.coin.baseline(order))
                until = len(bench.simulation.requests.requests())

                assert await trace_at_venue(desk, order) is None
                asked = [seen.path for seen in bench.simulation.requests.requests()[until:]]
                assert len(asked) >= 3
                assert not {"/v1/order", "/fapi/v1/order"} & {*asked}

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_an_order_that_rests_under_its_id_is_not_declared_lost(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            order = await one_more(desk, LegName.SPOT)
            resting = replace(order.order, price=Decimal(59_000_000), time_in_force=None)
            bench.fault(Venue.UPBIT, "lose_reply")
            with knowing_no_order(trading.venues[LegName.SPOT].exchange):
                [settled] = await trading.execute([replace(order, order=resting)])

            assert not settled.decided
            assert "it rests" in (settled.error or "")
            assert await trading.settle_again(order.pair_id)
            assert bench.upbit().ledger.locked("KRW") == 0

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    "endpoint", ["GET /v1/orders/closed", "GET /v1/orders/open", "GET /v1/accounts"]
)
def test_an_account_that_cannot_be_read_leaves_an_order_in_doubt(
    tmp_path: Path, endpoint: str
) -> None:
    """The order was lost on its way: as long as that cannot be seen it is not said."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            order = await one_more(desk, LegName.SPOT)
            bench.fault(Venue.UPBIT, "lose_request")
            bench.fault(Venue.UPBIT, "http_500", times=10_000, endpoint=endpoint)
            [settled] = await trading.execute([order])

            assert not settled.decided
            assert "the account cannot be read" in (settled.error or "")
            bench.simulation.faults.clear()
            assert await trading.settle_again(order.pair_id)
            assert trading.pairs[order.pair_id].held(LegName.SPOT) == Decimal("0.010")

    run(tmp_path, scenario)


def test_when_an_order_was_sent_is_not_known_neither_is_that_it_was_lost(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            order = await one_more(desk, LegName.SPOT)
            spot, tolerance = trading.venues[LegName.SPOT], bench.settings.position_tolerance
            known = desk.parts.books.executed
            dated = replace(order, baseline=trading.coin.baseline(order))

            assert await trace_of(spot, dated, trading.coin, known, tolerance) is None
            trace = await trace_of(spot, order, trading.coin, known, tolerance)
            assert trace == "it is not known when it was sent"

    run(tmp_path, scenario)
