"""What becomes of an order, what is held and what a repair would cost can be asked for when
ordinary questions have used their limits up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from exchanges.errors import RateLimited
from exchanges.instrument import Venue
from exchanges.rate_budget import RateBudget
from tests.exchanges.simulated_desk import Desk

Ask = Callable[[Desk, bool], Awaitable[Any]]


def use_up_all_but_the_reserve(desk: Desk) -> None:
    """As many ordinary questions would."""
    exchange: Any = desk.exchange
    client = exchange._client if desk.adapter == "direct" else exchange._ask
    [budget] = {it for it in vars(client).values() if isinstance(it, RateBudget)}
    for pool in ("default", "orderbook") if desk.venue is Venue.UPBIT else ("weight",):
        budget.take({pool: budget.room(pool)}, urgent=False).use()


def ask_for_the_order(desk: Desk, urgent: bool) -> Awaitable[Any]:
    return desk.exchange.order("BTC", "kimp-done", urgent=urgent)


def ask_for_what_rests(desk: Desk, urgent: bool) -> Awaitable[Any]:
    return desk.exchange.open_orders("BTC", urgent=urgent)


def ask_for_trades(desk: Desk, urgent: bool) -> Awaitable[Any]:
    since = desk.clock.now() - timedelta(minutes=1)
    return desk.exchange.fills("BTC", since, urgent=urgent)


def ask_for_the_book(desk: Desk, urgent: bool) -> Awaitable[Any]:
    return desk.exchange.book("BTC", urgent=urgent)


def ask_for_the_position(desk: Desk, urgent: bool) -> Awaitable[Any]:
    return desk.exchange.position("BTC", urgent=urgent)


QUESTIONS = [
    ask_for_the_order,
    ask_for_what_rests,
    ask_for_trades,
    ask_for_the_book,
    ask_for_the_position,
]


@pytest.mark.parametrize("ask", QUESTIONS)
async def test_only_an_urgent_question_uses_the_reserve(desk: Desk, ask: Ask) -> None:
    await desk.exchange.submit(desk.order("done"))
    expected = await ask(desk, False)
    use_up_all_but_the_reserve(desk)

    with pytest.raises(RateLimited, match="not sent"):
        await ask(desk, False)
    answer = await ask(desk, True)

    assert answer == expected
