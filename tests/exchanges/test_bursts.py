"""Many requests at once: each counts in the limits when it is sent, not when it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from exchanges.errors import RateLimited
from exchanges.exchange import Exchange
from exchanges.instrument import Venue
from tests.exchanges.simulated_desk import Desk, choices, open_desk

OF_ANOTHER_PROGRAM = {Venue.UPBIT: 12, Venue.BINANCE: 40}


@pytest_asyncio.fixture(params=choices(Venue.UPBIT, Venue.BINANCE))
async def telling(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """At a venue that says with each answer what is used."""
    async with AsyncExitStack() as stack:
        venue, adapter = request.param
        yield await open_desk(venue, stack, adapter=adapter)


def dear(desk: Desk, exchange: Exchange) -> Awaitable[Any]:
    """An ordinary question; of those there is the dearest."""
    if desk.venue is Venue.UPBIT:
        return exchange.balances()
    return exchange.transfers(desk.clock.now() - timedelta(minutes=1))


def urgent(desk: Desk, exchange: Exchange) -> Awaitable[Any]:
    if desk.venue is Venue.UPBIT:
        return exchange.position("BTC", urgent=True)
    return exchange.fills("BTC", desk.clock.now() - timedelta(minutes=1), urgent=True)


async def burst(ask: Callable[[], Awaitable[Any]], times: int) -> tuple[int, Sequence[str]]:
    """``times`` at once: how many were answered, and why the others were not."""
    answers = await asyncio.gather(*(ask() for _ in range(times)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert all(isinstance(error, RateLimited) for error in refused), refused
    return len(answers) - len(refused), [str(error) for error in refused]


async def test_a_burst_ends_at_the_limit_before_its_first_answer_is_here(desk: Desk) -> None:
    asked, held_back = await burst(lambda: dear(desk, desk.exchange), 80)
    more, held_back_too = await burst(lambda: urgent(desk, desk.exchange), 100)

    assert (asked > 0, more > 0) == (True, True)
    assert held_back
    assert held_back_too
    for why in (*held_back, *held_back_too):
        assert "not sent: the rate budget" in why
        assert "closed by the venue" not in why


async def test_a_burst_beside_another_program_ends_at_the_limit_once_the_venue_has_told_of_it(
    telling: Desk,
) -> None:
    other = telling.connect()
    await burst(lambda: dear(telling, other), OF_ANOTHER_PROGRAM[telling.venue])
    await dear(telling, telling.exchange)

    asked, held_back = await burst(lambda: dear(telling, telling.exchange), 80)

    assert asked > 0
    assert held_back
    for why in held_back:
        assert "not sent: the rate budget" in why
        assert "closed by the venue" not in why
