"""The moving price and the books around it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchanges.instrument import Venue
from exchanges.rules import tick_at
from exchanges.side import Side
from exchanges.simulator.bars import Bar, Ohlc, PricePath
from exchanges.simulator.market import Market, Quote, UnknownMarket
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.still_market import HOUR, START, flat, still_market, still_path

MARKETS = [(Venue.UPBIT, "KRW-BTC"), (Venue.UPBIT, "KRW-USDT"), (Venue.BINANCE, "BTCUSDT")]


def ohlc(*prices: int) -> Ohlc:
    return Ohlc(*(Decimal(price) for price in prices))


def two_bars() -> Iterator[Bar]:
    """Rising, a hole of two hours, falling."""
    yield Bar(START, HOUR, ohlc(100, 120, 90, 110), ohlc(10, 13, 8, 11), Decimal(1100))
    later = START + 3 * HOUR
    yield Bar(later, HOUR, ohlc(110, 130, 80, 100), ohlc(11, 14, 7, 10), Decimal(1200))


def test_the_path_touches_every_open_high_low_and_close_together() -> None:
    path = PricePath(two_bars())
    seen = [path.here(), *path.advance(START + 4 * HOUR)]

    turns = [(int(p.spot), int(p.perpetual), p.time - START) for p in seen]

    third = HOUR / 3
    assert turns == [
        (100, 10, timedelta(0)),
        (90, 8, third),
        (120, 13, 2 * third),
        (110, 11, HOUR),
        (110, 11, 3 * HOUR),
        (110, 11, 3 * HOUR),
        (130, 14, 3 * HOUR + third),
        (80, 7, 3 * HOUR + 2 * third),
        (100, 10, 4 * HOUR),
    ]


def test_the_bank_rate_belongs_to_the_bar() -> None:
    path = PricePath(two_bars())

    list(path.advance(START + 3 * HOUR - timedelta(seconds=1)))
    before = path.here().krw_per_usd
    list(path.advance(START + 3 * HOUR))

    assert (before, path.here().krw_per_usd) == (Decimal(1100), Decimal(1200))


def test_after_the_last_bar_the_price_is_held_and_said_to_be() -> None:
    path = PricePath(two_bars())
    list(path.advance(START + 4 * HOUR - timedelta(seconds=1)))
    running = path.ended

    list(path.advance(START + 400 * HOUR))

    assert (running, path.ended, path.here().spot) == (False, True, Decimal(100))


def test_at_any_speed_subscribers_see_high_and_low() -> None:
    clock = ManualClock()
    market = Market(PricePath(two_bars()), clock, speed=100_000)
    seen: list[Decimal] = []
    market.subscribe(lambda: seen.append(market.last_price(Venue.UPBIT, "KRW-BTC")))

    clock.advance(1)
    market.tick()

    assert {Decimal(90), Decimal(120), Decimal(130), Decimal(80)} <= set(seen)


def test_a_change_of_speed_does_not_jump() -> None:
    clock = ManualClock()
    market = Market(PricePath(two_bars()), clock, speed=60)
    clock.advance(10)
    market.set_speed(1)
    at_change = market.now()
    clock.advance(5)
    market.tick()

    assert at_change - START == timedelta(minutes=10)
    assert market.now() - at_change == timedelta(seconds=5)


def test_at_speed_zero_the_market_stands_still() -> None:
    clock = ManualClock()
    market = Market(PricePath(two_bars()), clock, speed=0)

    clock.advance(1000)
    market.tick()

    assert market.now() == START


@settings(deadline=None)
@given(
    middle=st.decimals(min_value=1, max_value=200_000_000, places=3),
    spread=st.decimals(min_value=0, max_value=500, places=1),
    market_name=st.sampled_from(MARKETS),
)
@example(middle=Decimal(999_300), spread=Decimal("1"), market_name=MARKETS[0])
@example(middle=Decimal("9.996"), spread=Decimal(0), market_name=MARKETS[0])
def test_a_book_is_never_crossed_and_always_on_tick(
    middle: Decimal, spread: Decimal, market_name: tuple[Venue, str]
) -> None:
    venue, native = market_name
    market = Market(still_path(str(middle), str(middle), str(middle)), ManualClock())
    market.set_shape(venue, native, spread_bps=spread, size=Decimal("0.7"))
    bands = market.listing(venue, native).tick_bands

    quote = market.quote(venue, native)
    bids, asks = market.levels(venue, native, Side.BUY), market.levels(venue, native, Side.SELL)

    assert quote.bid <= middle <= quote.ask
    assert quote.bid < quote.ask
    assert asks[0] == (quote.ask, Decimal("0.7"))
    assert all(higher > lower for (lower, _), (higher, _) in pairwise(asks))
    assert all(lower < higher for (higher, _), (lower, _) in pairwise(bids))
    assert all(price % tick_at(bands, price) == 0 for price, _ in bids + asks)


def test_a_set_quote_is_held_until_it_is_taken_back() -> None:
    market = still_market()
    moving = market.quote(Venue.UPBIT, "KRW-BTC")
    held = Quote(Decimal(70_000_000), Decimal(70_001_000), Decimal(3))

    market.set_quote(Venue.UPBIT, "KRW-BTC", held)
    shown = market.quote(Venue.UPBIT, "KRW-BTC")
    market.set_quote(Venue.UPBIT, "KRW-BTC", None)

    assert shown == held
    assert market.quote(Venue.UPBIT, "KRW-BTC") == moving


def test_tether_follows_the_bank_rate_until_it_is_set() -> None:
    market = still_market()
    market.set_krw_per_usd(Decimal(1200))
    following = market.krw_per_usdt

    market.set_krw_per_usdt(Decimal("1250.5"))

    assert following == 1200
    assert (market.krw_per_usd, market.krw_per_usdt) == (Decimal(1200), Decimal("1250.5"))
    assert market.quote(Venue.UPBIT, "KRW-USDT").bid == 1250


def test_an_unknown_market_is_named() -> None:
    with pytest.raises(UnknownMarket, match="'KRW-ETH'"):
        still_market().quote(Venue.UPBIT, "KRW-ETH")


def test_a_bar_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="high"):
        ohlc(100, 99, 90, 95)
    with pytest.raises(ValueError, match="low"):
        ohlc(100, 110, 101, 105)
    assert flat("5").high == 5
