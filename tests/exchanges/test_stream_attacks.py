"""Streams of the direct adapters against venues and wires that misbehave, in virtual time."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from itertools import pairwise

import pytest

from exchanges.exchange import Exchange
from exchanges.instrument import Venue
from exchanges.order import Order, OrderReport
from exchanges.simulator.binance.streams import connection as binance_connection
from exchanges.simulator.faults import FaultKind
from exchanges.simulator.front import Channel, Conversation
from exchanges.upbit import streams as upbit_streams
from tests.exchanges.upbit.hearing import Hearing, hearing
from tests.exchanges.weak_wires import World, virtually

ORDER_EVENTS = {
    Venue.UPBIT: ("myOrder",),
    Venue.BINANCE: ("ORDER_TRADE_UPDATE",),
    Venue.HYPERLIQUID: ("orderUpdates", "userFills"),
}
QUESTION = {
    Venue.UPBIT: "GET /v1/orders/open",
    Venue.BINANCE: "GET /fapi/v1/openOrders",
    Venue.HYPERLIQUID: "POST /info",
}
"""The first one that closes a gap."""


def ended(order: Order) -> Callable[[OrderReport], bool]:
    return lambda report: (
        report.client_order_id == order.client_order_id
        and report.is_terminal
        and report.fills_complete
    )


async def lateness_s(
    world: World, heard: Hearing[OrderReport], sender: Exchange, name: str, patience_s: float = 60
) -> float:
    """From the trade of a new order to its telling."""
    order = world.order(name)
    await asyncio.sleep(0.01)  # two adapters of one Hyperliquid key must not sign in the same ms
    began = world.clock.monotonic()
    await sender.submit(order)
    await heard.until(ended(order), patience_s)
    return world.clock.monotonic() - began


@pytest.mark.parametrize("venue", list(Venue))
@pytest.mark.parametrize("way", ["is_refusing", "is_hanging"])
def test_orders_are_told_at_once_while_rest_is_down(venue: Venue, way: str) -> None:
    """An order rests quietly all the time, so there is something to ask REST for in vain."""

    async def scenario(world: World) -> tuple[list[float], int]:
        other = await world.another()
        await world.exchange.submit(world.order("rests", rests=True))
        async with hearing(world.exchange.stream_orders()) as heard:
            await asyncio.sleep(15)
            setattr(world.transport, way, True)
            late: list[float] = []
            for number in range(30):
                late.append(await lateness_s(world, heard, other.exchange, f"{number}"))
                await asyncio.sleep(0.77)
            setattr(world.transport, way, False)
        return late, world.connector.dials

    late, dials = virtually(venue, scenario)

    assert max(late) <= 0.1
    assert dials == 1


@pytest.mark.parametrize("venue", list(Venue))
@pytest.mark.parametrize("way", ["is_refusing", "is_hanging"])
def test_gap_is_closed_when_rest_comes_back(venue: Venue, way: str) -> None:
    async def scenario(world: World) -> float:
        other = await world.another()
        async with hearing(world.exchange.stream_orders()) as heard:
            await lateness_s(world, heard, world.exchange, "first")
            setattr(world.transport, way, True)
            await world.connector.cut()
            theirs = world.order("theirs", rests=True)
            await asyncio.sleep(1)
            await other.exchange.submit(theirs)
            await asyncio.sleep(30)
            setattr(world.transport, way, False)
            began = world.clock.monotonic()
            await heard.until(lambda report: report.client_order_id == theirs.client_order_id, 60)
            return world.clock.monotonic() - began

    took_s = virtually(venue, scenario)

    assert took_s <= 11


@pytest.mark.parametrize("venue", list(Venue))
def test_nothing_is_lost_while_streams_are_down(venue: Venue) -> None:
    async def scenario(world: World) -> float:
        async with hearing(world.exchange.stream_orders()) as heard:
            await lateness_s(world, heard, world.exchange, "first")
            world.connector.is_down = True
            await world.connector.cut()
            orders = [world.order(str(number)) for number in range(10)]
            for order in orders:
                await world.exchange.submit(order)
                await asyncio.sleep(3)
            world.connector.is_down = False
            began = world.clock.monotonic()
            for order in orders:
                await heard.until(ended(order), 60)
            return world.clock.monotonic() - began

    took_s = virtually(venue, scenario)

    assert took_s <= 11


@pytest.mark.parametrize("venue", list(Venue))
def test_two_adapters_on_one_account_tell_all_of_both(venue: Venue) -> None:
    async def scenario(world: World) -> list[set[str]]:
        other = await world.another()
        orders: list[Order] = []
        async with (
            hearing(world.exchange.stream_orders()) as here,
            hearing(other.exchange.stream_orders()) as there,
        ):
            await asyncio.sleep(2)
            for number in range(20):
                for desk, letter in ((world, "a"), (other, "b")):
                    order = world.order(f"{letter}{number}")
                    await desk.exchange.submit(order)
                    orders.append(order)
                    await asyncio.sleep(0.5)
                if number % 5 == 4:
                    await (world if number % 2 else other).connector.cut()
                    await asyncio.sleep(1)
            for order in orders:
                for heard in (here, there):
                    await heard.until(ended(order), 60)
        return [{each.client_order_id for each in heard.items} for heard in (here, there)]

    here, there = virtually(venue, scenario)

    assert here == there
    assert len(here) == 40


@pytest.mark.parametrize("venue", list(Venue))
def test_rate_limit_in_a_gap_is_waited_for(venue: Venue) -> None:
    async def scenario(world: World) -> tuple[float, int]:
        async with hearing(world.exchange.stream_orders()) as heard:
            await lateness_s(world, heard, world.exchange, "first")
            world.connector.is_down = True
            await world.connector.cut()
            order = world.order("unheard")
            await world.exchange.submit(order)
            world.fault(FaultKind.RATE_LIMITED, QUESTION[venue], 3, seconds=4)
            world.connector.is_down = False
            began = world.clock.monotonic()
            await heard.until(ended(order), 60)
            return world.clock.monotonic() - began, world.transport.limited

    took_s, limited = virtually(venue, scenario)

    assert limited == 3
    assert took_s <= 20


@pytest.mark.parametrize("venue", list(Venue))
def test_venue_clock_that_jumps_loses_nothing(venue: Venue) -> None:
    async def scenario(world: World) -> tuple[list[float], list[OrderReport]]:
        other = await world.another()
        engine = world.simulation.engines[venue]
        late: list[float] = []
        last: list[OrderReport] = []
        async with (
            hearing(world.exchange.stream_orders()) as heard,
            hearing(world.exchange.stream_books(["BTC"])) as books,
        ):
            await asyncio.sleep(2)
            for number, offset_ms in enumerate((0, 3_600_000, 0, -3_600_000, 0)):
                engine.set_clock_offset(offset_ms)
                for each in (world, other):
                    await each.exchange.server_time()
                await world.connector.cut()
                await asyncio.sleep(2)
                late.append(await lateness_s(world, heard, other.exchange, f"up{number}"))
                world.fault(FaultKind.DROP_EVENT, ORDER_EVENTS[venue][-1], 2)
                late.append(await lateness_s(world, heard, world.exchange, f"lost{number}"))
                await asyncio.sleep(5)
                assert books.items[-1].received >= world.clock.monotonic() - 5
            for name in {each.client_order_id for each in heard.items}:
                told = [each for each in heard.items if each.client_order_id == name][-1]
                read = await world.exchange.order("BTC", name)
                assert (read.filled, read.status) == (told.filled, told.status)
                last.append(told)
        return late, last

    late, last = virtually(venue, scenario)

    assert len(last) == 10
    assert max(late) <= 15


def _is_of_an_adapter(found: object) -> bool:
    module = type(found).__module__
    return isinstance(module, str) and (
        module.startswith("exchanges.") and not module.startswith("exchanges.simulator")
    )


@pytest.mark.parametrize("venue", list(Venue))
def test_drops_leave_no_tasks_and_no_memory_behind(venue: Venue) -> None:
    async def scenario(world: World) -> list[tuple[int, int]]:
        counts: list[tuple[int, int]] = []
        await world.exchange.submit(world.order("rests", rests=True))
        async with (
            hearing(world.exchange.stream_orders()) as orders,
            hearing(world.exchange.stream_books(["BTC"])) as books,
        ):
            for second in range(0, 1_200, 10):
                await world.connector.cut()
                await asyncio.sleep(10)
                orders.items.clear()
                books.items.clear()
                if second % 400 == 390:
                    gc.collect()
                    own = sum(map(_is_of_an_adapter, gc.get_objects()))
                    counts.append((len(asyncio.all_tasks()), own))
        return counts

    counts = virtually(venue, scenario)

    assert len(counts) == 3
    (tasks, own), *_, (tasks_later, own_later) = counts
    assert tasks_later == tasks
    assert own_later - own < 40  # an object a cut would be 80


def test_listen_key_that_expires_unrenewed_loses_nothing() -> None:
    """Neither renewed nor made anew until half a minute after its end."""

    async def scenario(world: World) -> tuple[float, int]:
        async with hearing(world.exchange.stream_orders()) as heard:
            await lateness_s(world, heard, world.exchange, "first")
            dials = world.connector.dials
            world.transport.barred = "/fapi/v1/listenKey"
            await asyncio.sleep(3_590)
            orders = [world.order(str(number)) for number in range(8)]
            for order in orders:
                await world.exchange.submit(order)
                await asyncio.sleep(5)
            world.transport.barred = ""
            began = world.clock.monotonic()
            for order in orders:
                await heard.until(ended(order), 60)
            return world.clock.monotonic() - began, world.connector.dials - dials

    took_s, dials = virtually(Venue.BINANCE, scenario)

    assert dials == 1
    assert took_s <= 14


def test_connection_that_the_venue_ends_at_its_age_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(binance_connection, "LIFE_MS", 60_000)

    async def scenario(world: World) -> tuple[list[float], float]:
        late: list[float] = []
        async with (
            hearing(world.exchange.stream_orders()) as heard,
            hearing(world.exchange.stream_books(["BTC"])) as books,
        ):
            await asyncio.sleep(2)
            for number in range(60):
                late.append(await lateness_s(world, heard, world.exchange, str(number)))
                await asyncio.sleep(5)
            times = [book.received for book in books.items]
        return late, max(later - earlier for earlier, later in pairwise(times))

    late, pause_s = virtually(Venue.BINANCE, scenario)

    assert max(late) <= 4.5
    assert pause_s <= 2.5


async def _mute(channel: Channel) -> None:
    while True:
        await channel.receive()


async def _rare(channel: Channel) -> None:
    while True:
        await asyncio.sleep(10)
        await channel.send('{"channel":"pong"}')


@pytest.mark.parametrize("venue", list(Venue))
@pytest.mark.parametrize("stranger", [_mute, _rare])
def test_subscription_that_is_never_answered_hides_nothing(
    venue: Venue, stranger: Conversation
) -> None:
    async def scenario(world: World) -> tuple[float, float]:
        world.connector.strangers = [stranger, stranger]
        async with (
            hearing(world.exchange.stream_orders()) as heard,
            hearing(world.exchange.stream_books(["BTC"])) as books,
        ):
            await asyncio.sleep(0.5)
            late = await lateness_s(world, heard, world.exchange, "first")
            began = world.clock.monotonic()
            await books.until(lambda book: True, 60)
            return late, world.clock.monotonic() - began

    late, books_after_s = virtually(venue, scenario)

    assert late <= 6
    assert books_after_s <= 25


def test_upbit_tells_an_order_soon_of_which_every_event_was_lost() -> None:
    async def scenario(world: World) -> list[float]:
        late: list[float] = []
        async with hearing(world.exchange.stream_orders()) as heard:
            await lateness_s(world, heard, world.exchange, "first")
            for number in range(5):
                world.fault(FaultKind.DROP_EVENT, "myOrder", 3)
                late.append(await lateness_s(world, heard, world.exchange, str(number)))
                world.simulation.faults.clear()
        return late

    late = virtually(Venue.UPBIT, scenario)

    assert max(late) <= upbit_streams.QUIET_S + 2 <= 5


def test_upbit_asks_once_for_all_orders_that_rest() -> None:
    async def scenario(world: World) -> int:
        for number in range(40):
            await world.exchange.submit(world.order(str(number), rests=True))
            await asyncio.sleep(0.1)
        async with hearing(world.exchange.stream_orders()) as heard:
            await heard.until(lambda report: report.client_order_id == "kimp-39", 60)
            before = len(world.simulation.requests.requests())
            await asyncio.sleep(60)
            return len(world.simulation.requests.requests()) - before

    asked = virtually(Venue.UPBIT, scenario)

    assert 15 <= asked <= 22
