"""What our streams make of ccxt's when these go wrong; real WebSockets, on the machine's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from exchanges.ccxt_adapter.adapter import CcxtExchange
from exchanges.ccxt_adapter.watching import News, watching
from exchanges.credentials import Credentials
from exchanges.errors import AuthenticationFailed
from exchanges.instrument import Venue
from exchanges.web_socket import Disconnected, NotConnected
from tests.exchanges.running_clock import RunningClock
from tests.exchanges.simulated_desk import TOUCH, Desk, open_desk
from tests.exchanges.test_streams_on_simulators import at, ended, move, orders_heard
from tests.exchanges.upbit.hearing import hearing, until

PATIENCE_S = 10.0


@pytest_asyncio.fixture(params=list(Venue))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(request.param, stack, RunningClock(), "ccxt")


@pytest.mark.parametrize("venue", [Venue.UPBIT, Venue.BINANCE])
async def test_wrong_key_ends_the_stream_of_orders(venue: Venue) -> None:
    async with AsyncExitStack() as stack:
        desk = await open_desk(venue, stack, RunningClock(), "ccxt")
        stranger = desk.connect(Credentials("wrong-key", "wrong-secret"))

        with pytest.raises(AuthenticationFailed) as caught:
            await asyncio.wait_for(anext(stranger.stream_orders()), PATIENCE_S)

    assert "wrong" not in str(caught.value)


async def test_message_that_ccxt_cannot_read_costs_one_connection(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hearing(desk.exchange.stream_books(["BTC"])) as heard:
        await heard.until(at(TOUCH[desk.venue].bid))
        assert isinstance(desk.exchange, CcxtExchange)
        [client] = desk.exchange._sessions._clients
        monkeypatch.setattr(client, "safe_string", None)

        later = await heard.until(at(move(desk, 3)))

        assert not later.is_crossed
        assert desk.exchange._sessions._clients != [client]


async def test_connection_that_breaks_between_two_news_is_not_opened_again_by_ccxt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would tell nobody of the gap, and Upbit takes a token for one connection only."""
    async with orders_heard(desk) as heard:
        assert isinstance(desk.exchange, CcxtExchange)
        [client] = desk.exchange._sessions._clients
        told = client.handle_order

        def told_and_failed(socket: object, message: object) -> None:
            told(socket, message)
            raise TypeError

        monkeypatch.setattr(client, "handle_order", told_and_failed)

        await desk.exchange.submit(breaking := desk.order("breaking"))
        await heard.until(ended(breaking))
        sessions = desk.exchange._sessions
        await until(lambda: sessions._clients not in ([client], []))
        await desk.exchange.submit(after := desk.order("after"))

        assert (await heard.until(ended(after))).filled == after.quantity


async def test_news_are_the_latest_of_each_kind_and_then_the_failure() -> None:
    news: News[str, int] = News(lambda refused: refused)
    for key, value in (("a", 1), ("b", 2), ("a", 3)):
        news.put(key, value)
    news.fail(RuntimeError("a text that may hold a key"))

    assert await news.take(1) == {"a": 3, "b": 2}
    with pytest.raises(Disconnected, match=r"RuntimeError$") as caught:
        await news.take(1)

    assert "may hold" not in str(caught.value)


async def test_nothing_new_is_told_as_nothing() -> None:
    assert await News[str, int](lambda refused: refused).take(0.01) == {}


async def test_refusal_of_a_connection_is_the_venues_to_explain() -> None:
    async def refused() -> None:
        raise NotConnected("refused with HTTP 401", status=401)

    news: News[str, int] = News(lambda error: PermissionError(error.status))
    async with watching([(refused, lambda _: None)], news):
        with pytest.raises(PermissionError, match="401"):
            await news.take(PATIENCE_S)


async def test_upbit_is_sent_no_more_messages_than_a_connection_may() -> None:
    async with AsyncExitStack() as stack:
        desk = await open_desk(Venue.UPBIT, stack, RunningClock(), "ccxt")
        assert isinstance(desk.exchange, CcxtExchange)
        markets = ("BTC/KRW", "USDT/KRW", "USDC/KRW")
        async with desk.exchange._sessions.open() as client:
            watches = [
                watch(market)
                for watch in (client.watch_order_book, client.watch_ticker)
                for market in markets
            ]

            async with asyncio.timeout(PATIENCE_S):
                news = await asyncio.gather(*watches)

        assert [one["symbol"] for one in news] == [*markets, *markets]


async def test_stream_of_orders_at_binance_asks_for_no_positions() -> None:
    async with AsyncExitStack() as stack:
        desk = await open_desk(Venue.BINANCE, stack, RunningClock(), "ccxt")
        async with hearing(desk.exchange.stream_orders()) as heard:
            await desk.exchange.submit(desk.order("alone"))
            await heard.until(lambda report: report.is_terminal and report.fills_complete)

        paths = {one.path for one in desk.simulation.requests.requests()}
        assert "/fapi/v1/listenKey" in paths
        assert not paths & {"/fapi/v3/positionRisk", "/fapi/v1/leverageBracket"}
