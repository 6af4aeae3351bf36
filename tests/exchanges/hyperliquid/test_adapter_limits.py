"""What the Hyperliquid adapter does not send, to stay within the limits."""

from __future__ import annotations

import pytest

from exchanges.errors import AuthenticationFailed, BadReply, RateLimited
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.wired import LIMIT, RULES, build, build_ready
from tests.exchanges.scripted_transport import reply


async def test_rules_tell_how_many_actions_are_left() -> None:
    use = {"cumVlm": "0.0", "nRequestsUsed": 9_700, "nRequestsCap": 10_000}
    exchange, _, _ = build(*RULES[:2], reply(use), reply(samples.resting()))
    await exchange.rules("BTC")

    await exchange.submit(LIMIT)

    assert exchange.order_room() == 300 - 100 - 1


async def test_address_without_actions_sends_no_order_for_ten_seconds() -> None:
    used_up = samples.err("Too many cumulative requests sent (37986 > 10436) for …")
    exchange, wire, clock = await build_ready(reply(used_up), reply(samples.resting()))

    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            await exchange.submit(LIMIT)
    assert len(wire.requests) == 1
    clock.advance(10)
    await exchange.submit(LIMIT)

    assert caught.value.retry_after_s == 10
    assert exchange.order_room() == 0
    with pytest.raises(RateLimited):
        exchange.book_order()


async def test_too_much_weight_silences_everything_until_it_ends() -> None:
    exchange, wire, clock = await build_ready(reply(None, 429), reply(samples.BOOK))

    with pytest.raises(RateLimited):
        await exchange.position("BTC")
    with pytest.raises(RateLimited):
        await exchange.submit(LIMIT)
    assert exchange.order_room() == 0
    clock.advance(10)
    await exchange.book("BTC")

    assert len(wire.requests) == 2


@pytest.mark.parametrize(("rows", "weight"), [(0, 20), (1, 21), (48, 23), (499, 45), (2_000, 120)])
async def test_history_weighs_the_rows_that_came(rows: int, weight: int) -> None:
    hours = [{**samples.funding(), "time": samples.MADE_MS} for _ in range(rows)]
    exchange, _, clock = await build_ready(reply(hours), *([reply([])] * (rows >= 500)))
    room = exchange.order_room()
    clock.advance(1)

    await exchange.funding("BTC", clock.now())

    assert room - exchange.order_room() == weight + 20 * (rows >= 500)


async def test_history_that_cannot_be_read_weighs_what_was_booked() -> None:
    exchange, _, clock = await build_ready(reply(b"[{]"))
    room = exchange.order_room()

    with pytest.raises(BadReply):
        await exchange.funding("BTC", clock.now())

    assert room - exchange.order_room() == 45


async def test_booked_place_is_used_once() -> None:
    exchange, _, _ = await build_ready(reply(samples.resting()))
    room = exchange.order_room()

    booking = exchange.book_order()
    await exchange.submit(LIMIT, booking)
    booking.release()

    assert exchange.order_room() == room - 1


async def test_order_that_came_too_late_has_cost_five_actions() -> None:
    use = {"cumVlm": "0.0", "nRequestsUsed": 9_700, "nRequestsCap": 10_000}
    late = reply(samples.err("Action already expired"))
    exchange, _, _ = build(*RULES[:2], reply(use), late)
    await exchange.rules("BTC")

    with pytest.raises(AuthenticationFailed):
        await exchange.submit(LIMIT)

    assert exchange.order_room() == 300 - 100 - 5


async def test_cancel_may_use_the_reserve_of_weight() -> None:
    exchange, wire, _ = await build_ready(reply(samples.CANCELLED))
    while exchange.order_room():
        exchange.book_order()

    await exchange.cancel("BTC", samples.ID)

    assert [request.path for request in wire.requests] == ["/exchange"]
    with pytest.raises(RateLimited):
        exchange.book_order()


async def test_cancel_is_an_action_of_the_address_like_any_other() -> None:
    use = {"cumVlm": "0.0", "nRequestsUsed": 9_700, "nRequestsCap": 10_000}
    exchange, _, _ = build(*RULES[:2], reply(use), reply(samples.CANCELLED))
    await exchange.rules("BTC")

    await exchange.cancel("BTC", samples.ID)

    assert exchange.order_room() == 300 - 100 - 1


async def test_cancel_that_finds_the_address_without_actions_keeps_orders_back() -> None:
    used_up = samples.err("Too many cumulative requests sent (37986 > 10436) for …")
    exchange, wire, _ = await build_ready(reply(used_up))

    with pytest.raises(RateLimited):
        await exchange.cancel("BTC", samples.ID)
    with pytest.raises(RateLimited):
        await exchange.submit(LIMIT)

    assert exchange.order_room() == 0
    assert len(wire.requests) == 1


async def test_order_on_the_reserve_asks_for_the_time_out_of_it() -> None:
    answers = (reply(samples.err("Action already expired")), reply(samples.STATE))
    exchange, wire, _ = await build_ready(*answers, reply(samples.resting()))
    while exchange.order_room():
        exchange.book_order()

    with pytest.raises(AuthenticationFailed):
        await exchange.submit(LIMIT)
    await exchange.submit(LIMIT)

    assert [request.path for request in wire.requests[1:]] == ["/info", "/exchange"]
