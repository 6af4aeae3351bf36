"""What our wire under ccxt makes sure of."""

from __future__ import annotations

import decimal
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from typing import Any

import ccxt.pro
import pytest
import pytest_asyncio

from exchanges.ccxt_adapter.adapter import CcxtExchange
from exchanges.ccxt_adapter.client import exact_json
from exchanges.errors import AuthenticationFailed, OrderDenied, OutcomeUnknown, RateLimited
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from exchanges.order_tracking import OrderKey
from exchanges.simulator.faults import Fault, FaultKind
from tests.exchanges.simulated_desk import CREDENTIALS, TOUCH, Desk, open_desk


@pytest_asyncio.fixture(params=list(Venue))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(request.param, stack, adapter="ccxt")


def client_of(desk: Desk) -> Any:
    """The ccxt client of an adapter."""
    assert isinstance(desk.exchange, CcxtExchange)
    return desk.exchange._ask.client


def test_fractions_stay_as_they_are_written() -> None:
    assert exact_json(b'{"size": 123456789.12345678, "id": 12345678901234567890}') == {
        "size": "123456789.12345678",
        "id": 12345678901234567890,
    }


@pytest.mark.parametrize("precision", [str(10**30), str(-(10**30))])
async def test_precision_beyond_all_measure_is_not_written_out(desk: Desk, precision: str) -> None:
    with pytest.raises(ValueError, match="beyond all measure"):
        client_of(desk).parse_precision(precision)


async def test_longest_numbers_reach_the_venue_whole(desk: Desk) -> None:
    rules = await desk.exchange.rules("BTC")
    order = replace(desk.resting("exact"), quantity=Decimal("0.1") + rules.quantity_step)

    report = await desk.exchange.submit(order)

    assert report.quantity == order.quantity


async def test_arithmetic_is_as_it_was_afterwards(desk: Desk) -> None:
    before = decimal.getcontext().copy()

    await desk.exchange.submit(desk.order("rounded"))
    await desk.exchange.order("BTC", "kimp-rounded")

    after = decimal.getcontext()
    assert (after.rounding, after.prec, after.traps) == (before.rounding, before.prec, before.traps)


async def test_order_that_ccxt_would_round_is_not_sent(desk: Desk) -> None:
    for market in client_of(desk).markets.values():
        market["precision"]["amount"] = "0.1"

    with pytest.raises(OrderDenied, match="ccxt would send"):
        await desk.exchange.submit(desk.order("coarse", "0.11"))

    assert desk.actions() == []


async def test_order_that_nobody_asked_for_is_not_sent(desk: Desk) -> None:
    client = client_of(desk)
    market = next(name for name in client.markets if name.startswith("BTC/"))

    with pytest.raises(AssertionError, match="nobody asked for"):
        await client.create_order(market, "limit", "buy", "0.01", str(TOUCH[desk.venue].bid))

    assert desk.actions() == []


async def test_denied_order_gives_its_place_back(desk: Desk) -> None:
    room = desk.exchange.order_room()
    order = replace(desk.order("crooked"), quantity=Decimal("0.0100000001"))

    with pytest.raises(OrderDenied):
        await desk.exchange.submit(order, desk.exchange.book_order())

    assert desk.exchange.order_room() == room


async def test_limits_are_kept_without_asking_the_venue(desk: Desk) -> None:
    asked = len(desk.simulation.requests.requests())
    while desk.exchange.order_room():
        desk.exchange.book_order()

    with pytest.raises(RateLimited):
        desk.exchange.book_order()

    assert len(desk.simulation.requests.requests()) == asked


async def test_asking_too_often_silences_the_account(desk: Desk) -> None:
    fault = Fault(desk.venue, "*", FaultKind.RATE_LIMITED, 1, {"seconds": 60})
    desk.simulation.faults.add(fault)
    with pytest.raises(RateLimited):
        await desk.exchange.balances()
    asked = len(desk.simulation.requests.requests())

    with pytest.raises(RateLimited):
        await desk.exchange.balances()

    assert len(desk.simulation.requests.requests()) == asked


async def test_no_error_and_no_log_line_shows_a_secret(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.fault(FaultKind.LOSE_REPLY)

    with pytest.raises(OutcomeUnknown) as caught:
        await desk.exchange.submit(desk.order("secret"))

    chain: list[BaseException] = [caught.value]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    shown = " ".join(f"{error!s}{error!r}" for error in chain) + caplog.text
    assert CREDENTIALS[desk.venue].secret_key not in shown
    assert "signature" not in shown.lower()
    assert "bearer" not in shown.lower()


async def test_reply_that_ccxt_cannot_read_leaves_the_order_unknown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise ccxt.ExchangeError("https://venue/order?signature=abc")

    monkeypatch.setattr(client_of(desk), "parse_order", broken)

    with pytest.raises(OutcomeUnknown) as caught:
        await desk.exchange.submit(desk.order("garbled"))

    assert "abc" not in str(caught.value)
    assert caught.value.__context__ is None


async def test_without_a_key_only_the_market_is_seen(desk: Desk) -> None:
    stranger = create_exchange(
        desk.venue, adapter="ccxt", credentials=None, endpoints=desk.endpoints, clock=desk.clock
    )
    desk.stack.push_async_callback(stranger.aclose)

    assert (await stranger.book("BTC")).best_bid is not None
    with pytest.raises(AuthenticationFailed) as caught:
        await stranger.balances()

    assert caught.value.code == "no_key"


async def test_hyperliquid_signs_nothing_for_the_library_itself() -> None:
    async with AsyncExitStack() as stack:
        desk = await open_desk(Venue.HYPERLIQUID, stack, adapter="ccxt")
        await desk.exchange.submit(desk.resting("alone"))
        await desk.exchange.cancel("BTC", "kimp-alone")

        paths = [one.path for one in desk.simulation.requests.requests()]
        assert paths.count("/exchange") == 2


@pytest.mark.parametrize(
    "number",
    [
        "1e999999999999999999999",
        '"1e999999999999999999999"',
        '"-1_0.5e9_999"',
        '".5e9999"',
        '" 1e+ 9999 "',
        r'"1\u00659999"',
        r'"1e\t9999"',
        '[["1E-9999"]]',
    ],
)
def test_number_beyond_all_measure_is_no_json(number: str) -> None:
    with pytest.raises(ValueError, match="beyond all measure"):
        exact_json(f'{{"price": {number}}}')


def test_hash_that_looks_like_a_number_at_its_end_is_a_text() -> None:
    assert exact_json('{"hash": "0x1a2e12345", "price": "1e-8"}') == {
        "hash": "0x1a2e12345",
        "price": "1e-8",
    }


def test_document_nested_without_end_is_no_json() -> None:
    with pytest.raises(ValueError, match="too deeply"):
        exact_json(b"[" * 100_000)


async def test_trades_of_all_orders_of_a_gap_are_one_question_at_hyperliquid() -> None:
    async with AsyncExitStack() as stack:
        desk = await open_desk(Venue.HYPERLIQUID, stack, adapter="ccxt")
        exchange = desk.exchange
        assert isinstance(exchange, CcxtExchange)
        names = [f"gap-{number}" for number in range(3)]
        for name in names:
            await exchange.submit(desk.order(name))
        asked = len(desk.simulation.requests.requests())

        reports = [await exchange.read_order(OrderKey("BTC", f"kimp-{name}", "")) for name in names]

        assert all(report.fills and report.fills_complete for report in reports)
        assert len(desk.simulation.requests.requests()) - asked == len(names) + 1
