"""How much of the rate limit it takes to find out what a stream left out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from exchanges.errors import OrderNotFound, RateLimited
from exchanges.fill import Fill
from exchanges.hyperliquid import limits
from exchanges.hyperliquid.order_parsing import ToldOrder, changed_order
from exchanges.hyperliquid.order_stream import QUIET_S, OrderStream
from exchanges.instrument import Venue
from exchanges.order import OrderReport
from exchanges.order_tracking import OrderKey, OrderTracker
from exchanges.reply import fields
from exchanges.simulator.faults import FaultKind
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import Frame
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.in_memory import Desk, at_simulator, first, is_over
from tests.exchanges.hyperliquid.test_stream_frames import FILLS, READY, UPDATE, USER
from tests.exchanges.upbit.hearing import Hearing, hearing

ORDERS = 40
LISTING, STATUS = limits.QUESTION[limits.WEIGHT], limits.LIGHT[limits.WEIGHT]
CANCEL = limits.ACTION[limits.WEIGHT]
TRADES = limits.ORDER_FILLS[limits.WEIGHT]
SOON_S = 3.0
PONG = json.dumps({"channel": "pong"})


async def rest_many(desk: Desk) -> list[str]:
    """So many orders that a fall of the price fills, told to be live."""
    names = [f"many{number}" for number in range(ORDERS)]
    for name in names:
        await desk.exchange.submit(desk.limit(name, "49900"))
    return [f"kimp-{name}" for name in names]


async def all_over(heard: Hearing[OrderReport], names: Sequence[str]) -> None:
    async with asyncio.timeout(SOON_S):
        for name in names:
            await heard.until(is_over(name))


@pytest.mark.parametrize("has_snapshot", [True, False])
def test_orders_filled_in_a_gap_are_told_soon_for_few_questions(has_snapshot: bool) -> None:
    async def story(desk: Desk) -> None:
        async with hearing(desk.exchange.stream_orders()) as heard:
            names = await rest_many(desk)
            for name in names:
                await heard.until(lambda report, name=name: report.client_order_id == name)  # type: ignore[misc]
            room = desk.exchange.order_room()
            desk.fault(FaultKind.DROP_STREAM, "orderUpdates")
            if not has_snapshot:
                desk.fault(FaultKind.DROP_EVENT, "userFills", times=2)
            desk.quote("49800", "49802", "1")
            await all_over(heard, names)

            spent = room - desk.exchange.order_room()
            assert desk.asked("/ws") == 2
            assert spent <= LISTING + ORDERS * STATUS + (0 if has_snapshot else TRADES)

    at_simulator(story)


def test_orders_that_rest_through_a_gap_cost_one_question() -> None:
    async def story(desk: Desk) -> None:
        async with hearing(desk.exchange.stream_orders()) as heard:
            names = await rest_many(desk)
            await heard.until(lambda report: report.client_order_id == names[-1])
            room = desk.exchange.order_room()
            desk.fault(FaultKind.DROP_STREAM, "orderUpdates")
            await desk.exchange.cancel("BTC", names[0])
            await all_over(heard, names[:1])

            assert desk.asked("/ws") == 2
            assert room - desk.exchange.order_room() <= CANCEL + LISTING + STATUS

    at_simulator(story)


def test_lost_trades_of_many_orders_are_one_question() -> None:
    async def story(desk: Desk) -> None:
        async with hearing(desk.exchange.stream_orders()) as heard:
            names = await rest_many(desk)
            await heard.until(lambda report: report.client_order_id == names[-1])
            room = desk.exchange.order_room()
            desk.fault(FaultKind.DROP_EVENT, "userFills", times=ORDERS)
            desk.quote("49800", "49802", "1")
            await all_over(heard, names)

            assert desk.asked("/ws") == 1
            assert room - desk.exchange.order_room() <= ORDERS * STATUS + TRADES

    at_simulator(story)


def test_trades_that_the_stream_begins_with_are_not_asked_for() -> None:
    async def story(desk: Desk) -> None:
        order = replace(desk.limit("before", "50100"), quantity=Decimal("1.2"))
        await desk.exchange.submit(order)
        room = desk.exchange.order_room()

        told = await first(desk.exchange.stream_orders(), is_over("kimp-before"))

        assert len(told.fills) > 1
        assert room - desk.exchange.order_room() == LISTING + STATUS

    at_simulator(story)


class Account:
    """One order that has traded, as REST tells it; ``failures`` come first."""

    def __init__(self, fills: Sequence[Fill], *failures: Exception) -> None:
        self._fills = fills
        self._failures = list(failures)
        self.read = 0
        self.asked_for_trades = 0

    async def listing(self) -> bytes:
        return b"[]"

    async def told(self, key: OrderKey) -> ToldOrder:
        self.read += 1
        if self._failures:
            raise self._failures.pop(0)
        row = fields(Venue.HYPERLIQUID, "order", samples.changed())
        report = changed_order(row, "BTC", "BTC")
        return ToldOrder(report, report.updated_at)

    async def trades_of(self, orders: Collection[int], since: datetime) -> Sequence[Fill]:
        assert orders == {samples.OID}
        self.asked_for_trades += 1
        return self._fills


class Mute:
    """A connection that tells some frames, and then nothing."""

    def __init__(self, *frames: Frame) -> None:
        self._frames = list(frames)

    async def send(self, frame: Frame) -> None: ...

    async def receive(self) -> Frame:
        if self._frames:
            return self._frames.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def aclose(self) -> None: ...


def told_within(seconds: float, account: Account, *frames: Frame) -> list[OrderReport]:
    """What a connection that says ``frames`` and no more leads to."""
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC))
    stream = OrderStream(USER, OrderTracker(clock), account, lambda: ("BTC",))
    told: list[OrderReport] = []

    async def main() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), aclosing(stream.serve(Mute(*frames))) as reports:
                async for report in reports:
                    told.append(report)

    run_virtually(main(), loop)
    return told


def test_trades_that_never_add_up_do_not_eat_up_the_rate_limit() -> None:
    account = Account(())

    told = told_within(600, account, *READY, json.dumps(UPDATE), PONG)

    assert not told[-1].fills_complete
    assert 10 <= account.asked_for_trades <= 600 / QUIET_S + 5


def test_order_known_by_a_trade_alone_is_read_when_there_is_room() -> None:
    account = Account(
        (), *(RateLimited(Venue.HYPERLIQUID, "?", retry_after_s=1, banned=False) for _ in range(2))
    )

    told = told_within(5, account, *READY, json.dumps(FILLS))

    assert told[-1].fills_complete
    assert (account.read, account.asked_for_trades) == (3, 0)


def test_order_that_rest_does_not_know_is_not_asked_for_again() -> None:
    account = Account((), OrderNotFound(Venue.HYPERLIQUID, "?"))

    assert told_within(60, account, *READY, json.dumps(FILLS)) == []
    assert account.read == 1
