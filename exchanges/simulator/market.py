"""The simulated markets: one moving price behind both venues, and books built around it.

Liquidity is the same for everybody and comes back at once: taking from a book
does not move it. A book has equal quantities on levels that go away from the
touch in steps of the market's ``level_bps``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.rules import TickBand, tick_at
from exchanges.side import Side
from exchanges.simulator.bars import PricePath
from exchanges.simulator.market_snapshot import BookShape, HeldQuote, MarketSnapshot
from exchanges.simulator.ticks import (
    BINANCE_BTCUSDT_TICKS,
    HYPERLIQUID_BTC_TICKS,
    UPBIT_KRW_TICKS,
)

MAX_SPEED = 100_000
DEPTH = 30
"""Levels that orders can trade against on each side."""
ONE = Decimal(1)
_BPS = Decimal("0.0001")
Ladder = tuple[tuple[Decimal, Decimal], ...]
"""(price, quantity) of one side of a book, best first."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The touch. ``size`` is the quantity on each level of each side, coin."""

    bid: Decimal
    ask: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True)
class Listing:
    """One market and the shape of its book when no quote is set."""

    venue: Venue
    native: str
    symbol: str
    quote_currency: str
    tick_bands: tuple[TickBand, ...]
    spread_bps: Decimal
    size: Decimal
    level_bps: Decimal
    """Distance between levels, basis points of the touch, at least one tick."""


LISTINGS = (
    Listing(
        Venue.UPBIT, "KRW-BTC", "BTC", "KRW", UPBIT_KRW_TICKS,
        spread_bps=Decimal(2), size=Decimal("0.5"), level_bps=Decimal("0.5"),
    ),
    Listing(
        Venue.UPBIT, "KRW-USDT", "USDT", "KRW", UPBIT_KRW_TICKS,
        spread_bps=Decimal(0), size=Decimal(50_000), level_bps=Decimal("0.5"),
    ),
    Listing(
        Venue.UPBIT, "KRW-USDC", "USDC", "KRW", UPBIT_KRW_TICKS,
        spread_bps=Decimal(0), size=Decimal(20_000), level_bps=Decimal("0.5"),
    ),
    Listing(
        Venue.BINANCE, "BTCUSDT", "BTC", "USDT", BINANCE_BTCUSDT_TICKS,
        spread_bps=Decimal("0.2"), size=Decimal(2), level_bps=Decimal("0.2"),
    ),
    Listing(
        Venue.HYPERLIQUID, "BTC", "BTC", "USDC", HYPERLIQUID_BTC_TICKS,
        spread_bps=Decimal("0.2"), size=Decimal(1), level_bps=Decimal("0.2"),
    ),
)  # fmt: skip


class UnknownMarket(LookupError):
    """No such market at that venue; ``str()`` is one sentence."""


class Market:
    """Prices of all simulated markets at the market's own time.

    The market's time runs ``speed`` times as fast as ``clock``. Whoever drives it calls
    :meth:`tick` (the server does many times a second; a front also before it answers); between
    two ticks prices stand still.
    """

    def __init__(self, path: PricePath, clock: Clock, *, speed: float = 1.0) -> None:
        self._path = path
        self._clock = clock
        self._prices = path.here()
        self._listings = {(listing.venue, listing.native): listing for listing in LISTINGS}
        self._quotes: dict[tuple[Venue, str], Quote] = {}
        self._moving: dict[tuple[Venue, str], tuple[Listing, Decimal, Quote]] = {}
        self._ladders: dict[
            tuple[Venue, str, Side, Decimal | None], tuple[Listing, Quote, Ladder]
        ] = {}
        self._krw_per_usd: Decimal | None = None
        self._krw_per_usdt: Decimal | None = None
        self._listeners: list[Callable[[], None]] = []
        self._speed = _checked_speed(speed)
        self._anchor = (clock.monotonic(), path.now)
        self.overrides = 0
        """How often something was set by hand."""

    # ---- time

    @property
    def speed(self) -> float:
        """Market seconds per second of the clock."""
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Change the pace from here on; the market's time does not jump."""
        checked = _checked_speed(speed)
        self.tick()
        self._anchor = (self._clock.monotonic(), self._path.now)
        self._speed = checked

    def now(self) -> datetime:
        """The market's time (in a replay: of the history), as of the last tick."""
        return self._path.now

    @property
    def ended(self) -> bool:
        """The history is used up; its last price is held."""
        return self._path.ended

    def tick(self) -> None:
        """Catch up with the clock. Every turn of the price since the last tick is shown to the
        subscribers, so that no high and no low is jumped over at any speed."""
        started, market_start = self._anchor
        passed = timedelta(seconds=(self._clock.monotonic() - started) * self._speed)
        for prices in self._path.advance(market_start + passed):
            self._prices = prices
            self._notify()

    def subscribe(self, callback: Callable[[], None]) -> None:
        """``callback()`` is called after every move of a price."""
        self._listeners.append(callback)

    # ---- prices

    def listings(self, venue: Venue) -> tuple[Listing, ...]:
        return tuple(listing for listing in self._listings.values() if listing.venue is venue)

    def listing(self, venue: Venue, native: str) -> Listing:
        """Raises UnknownMarket."""
        try:
            return self._listings[venue, native]
        except KeyError:
            raise UnknownMarket(f"{venue} has no market {native!r}") from None

    @property
    def krw_per_usd(self) -> Decimal:
        """Bank rate."""
        return self._prices.krw_per_usd if self._krw_per_usd is None else self._krw_per_usd

    @property
    def krw_per_usdt(self) -> Decimal:
        """What KRW-USDT and KRW-USDC trade around; the bank rate as long as it is not set."""
        return self.krw_per_usd if self._krw_per_usdt is None else self._krw_per_usdt

    def quote(self, venue: Venue, native: str) -> Quote:
        """Best bid, best ask and size. Raises UnknownMarket."""
        listing = self.listing(venue, native)
        fixed = self._quotes.get((venue, native))
        if fixed is not None:
            return fixed
        middle = self._middle(listing)
        known = self._moving.get((venue, native))
        if known is None or known[0] is not listing or known[1] != middle:
            known = self._moving[venue, native] = (listing, middle, _around(middle, listing))
        return known[2]

    def last_price(self, venue: Venue, native: str) -> Decimal:
        """The middle of the market, down to its tick. Raises UnknownMarket."""
        listing = self.listing(venue, native)
        fixed = self._quotes.get((venue, native))
        middle = (fixed.bid + fixed.ask) / 2 if fixed else self._middle(listing)
        return _round(middle, listing.tick_bands, ROUND_FLOOR)

    def levels(
        self,
        venue: Venue,
        native: str,
        side: Side,
        count: int = DEPTH,
        *,
        lot: Decimal | None = None,
    ) -> Ladder:
        """(price, quantity), best first, of the resting ``side``: BUY lists bids, SELL asks.
        ``lot``: quantities in whole lots of so much coin, and no level with less than one.

        An order that buys therefore trades against ``levels(…, Side.SELL)``. Raises UnknownMarket.
        """
        listing = self.listing(venue, native)
        quote = self.quote(venue, native)
        key = venue, native, side, lot
        known = self._ladders.get(key)
        if known is not None and known[0] is listing and known[1] == quote:
            return known[2][:count]
        size = quote.size if lot is None else quote.size // lot * lot
        ladder = tuple((price, size) for price in _prices(listing, quote, side)) if size else ()
        self._ladders[key] = (listing, quote, ladder)
        return ladder[:count]

    # ---- overrides

    def set_quote(self, venue: Venue, native: str, quote: Quote | None) -> None:
        """Hold ``quote`` until it is replaced; None follows the moving price again.

        Raises what :meth:`check_quote` raises.
        """
        if quote is None:
            self.listing(venue, native)
            self._quotes.pop((venue, native), None)
        else:
            self.check_quote(venue, native, quote)
            self._quotes[venue, native] = quote
        self._overridden()

    def check_quote(self, venue: Venue, native: str, quote: Quote) -> None:
        """Raises UnknownMarket, and ValueError for a quote that is crossed, not positive or off
        the market's tick."""
        bands = self.listing(venue, native).tick_bands
        for name, price in (("bid", quote.bid), ("ask", quote.ask)):
            tick = tick_at(bands, price)
            if price <= 0 or price % tick:
                raise ValueError(f"{native}.{name}: expected a positive multiple of {tick}")
        if quote.bid >= quote.ask:
            raise ValueError(f"{native}.ask: expected more than the bid {quote.bid}")
        if quote.size <= 0:
            raise ValueError(f"{native}.size: expected a quantity above 0")

    def set_shape(
        self, venue: Venue, native: str, *, spread_bps: Decimal | None, size: Decimal | None
    ) -> None:
        """Change spread and depth of the book around the moving price; None leaves as it is.

        Raises UnknownMarket, and ValueError for a negative spread or a size that is not positive.
        """
        old = self.listing(venue, native)
        spread_bps = old.spread_bps if spread_bps is None else spread_bps
        size = old.size if size is None else size
        if not 0 <= spread_bps <= 1_000:
            raise ValueError(f"{native}.spread_bps: expected a number from 0 to 1000")
        if size <= 0:
            raise ValueError(f"{native}.size: expected a quantity above 0")
        self._listings[venue, native] = replace(old, spread_bps=spread_bps, size=size)
        self._overridden()

    def set_krw_per_usd(self, rate: Decimal | None) -> None:
        """Hold a bank rate; None follows the history again. Raises ValueError."""
        self._krw_per_usd = _checked_rate("krw_per_usd", rate)
        self._overridden()

    def set_krw_per_usdt(self, rate: Decimal | None) -> None:
        """Hold a tether rate; None follows the bank rate again. Raises ValueError."""
        self._krw_per_usdt = _checked_rate("krw_per_usdt", rate)
        self._overridden()

    # ---- over a restart

    def snapshot(self) -> MarketSnapshot:
        """Where the market stands; its pace is not remembered."""
        return MarketSnapshot(
            time=self._path.now,
            quotes=tuple(
                HeldQuote(venue=venue, native=native, bid=held.bid, ask=held.ask, size=held.size)
                for (venue, native), held in self._quotes.items()
            ),
            shapes=tuple(
                BookShape(
                    venue=listing.venue,
                    native=listing.native,
                    spread_bps=listing.spread_bps,
                    size=listing.size,
                )
                for listing in self._listings.values()
            ),
            krw_per_usd=self._krw_per_usd,
            krw_per_usdt=self._krw_per_usdt,
        )

    def restore(self, snapshot: MarketSnapshot) -> None:
        """Go on where ``snapshot`` was taken, on the same path of prices.

        Raises UnknownMarket, and ValueError for what could not have been set.
        """
        self._path.skip(snapshot.time)
        self._prices = self._path.here()
        self._anchor = (self._clock.monotonic(), self._path.now)
        for shape in snapshot.shapes:
            self.set_shape(shape.venue, shape.native, spread_bps=shape.spread_bps, size=shape.size)
        for held in snapshot.quotes:
            self.set_quote(held.venue, held.native, Quote(held.bid, held.ask, held.size))
        self.set_krw_per_usd(snapshot.krw_per_usd)
        self.set_krw_per_usdt(snapshot.krw_per_usdt)

    def _middle(self, listing: Listing) -> Decimal:
        if listing.symbol in ("USDT", "USDC"):
            return self.krw_per_usdt
        if listing.venue is Venue.UPBIT:
            return self._prices.spot
        return self._prices.perpetual

    def _overridden(self) -> None:
        self.overrides += 1
        self._notify()

    def _notify(self) -> None:
        for listener in self._listeners:
            listener()


def _around(middle: Decimal, listing: Listing) -> Quote:
    half = middle * listing.spread_bps * _BPS / 2
    bid = _round(middle - half, listing.tick_bands, ROUND_FLOOR)
    ask = _round(middle + half, listing.tick_bands, ROUND_CEILING)
    if bid == ask:
        ask += tick_at(listing.tick_bands, ask)
    return Quote(bid, ask, listing.size)


def _prices(listing: Listing, quote: Quote, side: Side) -> Iterator[Decimal]:
    price = quote.bid if side is Side.BUY else quote.ask
    step = price * listing.level_bps * _BPS
    direction = -1 if side is Side.BUY else 1
    tick = tick_at(listing.tick_bands, price)
    for _ in range(DEPTH):
        if price <= 0:
            return
        yield price
        price += direction * max((step / tick).to_integral_value(ROUND_CEILING), ONE) * tick
        tick = tick_at(listing.tick_bands, price)
        if price % tick:  # rose into a band with a coarser tick
            price += tick - price % tick


def _round(price: Decimal, bands: tuple[TickBand, ...], rounding: str) -> Decimal:
    tick = tick_at(bands, price)
    return (price / tick).to_integral_value(rounding=rounding) * tick


def _checked_speed(speed: float) -> float:
    if not 0 <= speed <= MAX_SPEED:
        raise ValueError(f"speed: expected a number from 0 to {MAX_SPEED}")
    return speed


def _checked_rate(name: str, rate: Decimal | None) -> Decimal | None:
    if rate is not None and not (rate.is_finite() and rate > 0):
        raise ValueError(f"{name}: expected a rate above 0")
    return rate
