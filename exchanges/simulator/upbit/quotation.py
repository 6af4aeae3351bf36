"""The quotation API: public market data, numbers as JSON numbers, calls unsigned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from exchanges.decimal_json import plain
from exchanges.instrument import Venue
from exchanges.rules import tick_at
from exchanges.simulator.market import DEPTH, Listing
from exchanges.simulator.upbit.candle import MINUTE_UNITS, Period
from exchanges.simulator.upbit.candle_shapes import listed_candle_json
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.number_json import as_price
from exchanges.simulator.upbit.order_book import ShownBooks
from exchanges.simulator.upbit.print import Print
from exchanges.simulator.upbit.rate_limits import Group
from exchanges.simulator.upbit.refusal import bad_quotation, market_not_found
from exchanges.simulator.upbit.shapes import KST
from exchanges.simulator.upbit.ticker import ticker_json

NAMES = {
    "BTC": ("비트코인", "Bitcoin"),
    "USDT": ("테더", "Tether"),
    "USDC": ("유에스디코인", "USDC"),
}
CAUTIONS = (
    "PRICE_FLUCTUATIONS",
    "TRADING_VOLUME_SOARING",
    "DEPOSIT_AMOUNT_SOARING",
    "GLOBAL_PRICE_DIFFERENCES",
    "CONCENTRATION_OF_SMALL_ACCOUNTS",
)
FX_CODE = "FRX.KRWUSD"
MAX_DAYS_AGO = 7
Query = Mapping[str, str]


class Quotation:
    """Answers by path; values may hold Decimals, which the front writes as numbers."""

    def __init__(self, engine: UpbitEngine, books: ShownBooks) -> None:
        self._engine = engine
        self._market = engine.market
        self._shown_books = books
        self._listings = {
            listing.native: listing for listing in engine.market.listings(Venue.UPBIT)
        }
        self.routes: dict[str, tuple[Group, Callable[[Query], Any]]] = {
            "/v1/market/all": (Group.MARKET, self._markets),
            "/v1/ticker": (Group.TICKER, self._tickers),
            "/v1/ticker/all": (Group.TICKER, self._all_tickers),
            "/v1/orderbook": (Group.ORDERBOOK, self._books),
            "/v1/orderbook/instruments": (Group.ORDERBOOK, self._instruments),
            "/v1/trades/ticks": (Group.TRADE, self._trades),
            "/v1/forex/recent": (Group.MARKET, self._forex),
        }
        for period in (
            Period("seconds"), *(Period("minutes", unit) for unit in MINUTE_UNITS),
            Period("days"), Period("weeks"), Period("months"), Period("years"),
        ):  # fmt: skip
            unit = f"/{period.unit}" if period.name == "minutes" else ""
            path = f"/v1/candles/{period.name}{unit}"
            self.routes[path] = (Group.CANDLE, self._candles_of(period))

    def _named(self, query: Query) -> list[Listing]:
        """The listings of ``markets=A,B``. Raises Refusal."""
        names = [name for name in query.get("markets", "").split(",") if name]
        if not names:
            raise _missing()
        try:
            return [self._listings[name] for name in names]
        except KeyError:
            raise market_not_found() from None

    def _one(self, query: Query) -> Listing:
        if "market" not in query:
            raise _missing()
        try:
            return self._listings[query["market"]]
        except KeyError:
            raise market_not_found() from None

    def _markets(self, query: Query) -> Any:
        with_details = query.get("is_details", "false").lower() == "true"
        return [
            self._market_json(listing, with_details=with_details)
            for listing in self._listings.values()
        ]

    def _market_json(self, listing: Listing, *, with_details: bool) -> dict[str, Any]:
        korean, english = NAMES.get(listing.symbol, (listing.symbol, listing.symbol))
        row: dict[str, Any] = {
            "market": listing.native,
            "korean_name": korean,
            "english_name": english,
        }
        if with_details:
            row["market_event"] = {
                "warning": self._engine.is_halted(listing.native),
                "caution": dict.fromkeys(CAUTIONS, False),
            }
        return row

    def _tickers(self, query: Query) -> Any:
        return [self._ticker(listing) for listing in self._named(query)]

    def _all_tickers(self, query: Query) -> Any:
        wanted = query.get("quote_currencies", "").split(",")
        if wanted == [""]:
            raise _missing()
        return [
            self._ticker(listing)
            for listing in self._listings.values()
            if listing.quote_currency in wanted
        ]

    def _ticker(self, listing: Listing) -> dict[str, Any]:
        tape = self._engine.tapes[listing.native]
        kst = tape.last.time.astimezone(KST)
        return {
            "market": listing.native,
            **ticker_json(tape, self._engine.clock.now()),
            "trade_date_kst": kst.strftime("%Y%m%d"),
            "trade_time_kst": kst.strftime("%H%M%S"),
        }

    def _books(self, query: Query) -> Any:
        count = _count(query, default=DEPTH, most=DEPTH)
        level = _level(query)
        return [
            self._book(listing, level, count)
            for listing in self._named(query)
            if level in self._shown_books.levels(listing.native)
        ]

    def _book(self, listing: Listing, level: Decimal, count: int) -> dict[str, Any]:
        book = self._shown_books.of(listing.native).grouped(level)
        return {
            "market": listing.native,
            "timestamp": book.timestamp,
            "total_ask_size": book.total_ask_size,
            "total_bid_size": book.total_bid_size,
            "orderbook_units": book.units(count),
            "level": level,
        }

    def _instruments(self, query: Query) -> Any:
        return [
            {
                "market": listing.native,
                "quote_currency": listing.quote_currency,
                "tick_size": plain(self._tick(listing)),
                "supported_levels": [
                    plain(level) for level in self._shown_books.levels(listing.native)
                ],
            }
            for listing in self._named(query)
        ]

    def _tick(self, listing: Listing) -> Decimal:
        price = self._market.last_price(Venue.UPBIT, listing.native)
        return tick_at(listing.tick_bands, price)

    def _trades(self, query: Query) -> Any:
        """Without ``days_ago`` and ``to`` the newest, of whatever day."""
        listing = self._one(query)
        tape = self._engine.tapes[listing.native]
        count = _count(query, default=1, most=500)
        first, last = self._trade_span(query)
        cursor = _whole(query["cursor"], "cursor") if "cursor" in query else None

        def wanted(printed: Print) -> bool:
            return first <= printed.time < last and (cursor is None or printed.number < cursor)

        close = tape.previous_close
        return [_trade_json(listing, printed, close) for printed in tape.newest(count, wanted)]

    def _trade_span(self, query: Query) -> tuple[datetime, datetime]:
        """The day ``days_ago`` (UTC) up to the time of day ``to``, not included."""
        now = self._engine.clock.now()
        if "days_ago" not in query and "to" not in query:
            return datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        ago = _whole(query.get("days_ago", "0"), "days_ago")
        if ago > MAX_DAYS_AGO or ("days_ago" in query and ago == 0):
            raise bad_quotation(f"days_ago: expected a whole number from 1 to {MAX_DAYS_AGO}")
        day = Period.day().start_of(now) - timedelta(days=ago)
        if "to" not in query:
            return day, day + timedelta(days=1)
        return day, datetime.combine(day.date(), _time_of_day(query["to"]), UTC)

    def _candles_of(self, period: Period) -> Callable[[Query], Any]:
        def candles(query: Query) -> Any:
            listing = self._one(query)
            tape = self._engine.tapes[listing.native]
            count = _count(query, default=1, most=200)
            found = tape.candles(period, count, _moment(query))
            is_converted = "converting_price_unit" in query
            return [
                listed_candle_json(listing.native, candle, period, tape, is_converted=is_converted)
                for candle in found
            ]

        return candles

    def _forex(self, query: Query) -> Any:
        """The bank rate in the shape of Upbit's CRIX service, which serves it unsigned."""
        if query.get("codes") != FX_CODE:
            raise bad_quotation(f"codes: expected {FX_CODE}")
        rate = self._market.krw_per_usd
        now = self._engine.clock.now()
        kst = now.astimezone(KST)
        return [
            {
                "code": FX_CODE,
                "currencyCode": "USD",
                "currencyName": "달러",
                "country": "미국",
                "name": "미국 (KRW/USD)",
                "date": kst.strftime("%Y-%m-%d"),
                "time": kst.strftime("%H:%M:%S"),
                "recurrenceCount": 1,
                "basePrice": rate,
                "openingPrice": rate,
                "highPrice": rate,
                "lowPrice": rate,
                "change": "EVEN",
                "changePrice": 0,
                "currencyUnit": 1,
                "provider": "하나은행",
                "timestamp": int(now.timestamp() * 1000),
            }
        ]


def _trade_json(listing: Listing, printed: Print, previous_close: Decimal) -> dict[str, Any]:
    return {
        "market": listing.native,
        "trade_date_utc": printed.time.strftime("%Y-%m-%d"),
        "trade_time_utc": printed.time.strftime("%H:%M:%S"),
        "timestamp": printed.time_ms,
        "trade_price": as_price(printed.price),
        "trade_volume": printed.volume,
        "prev_closing_price": as_price(previous_close),
        "change_price": as_price(printed.price - previous_close),
        "ask_bid": printed.ask_bid,
        "sequential_id": printed.number,
    }


def _missing() -> Exception:
    return bad_quotation("Missing request parameter error. Check the required parameters!")


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise bad_quotation(f"{name}: expected a whole number")
    return int(text)


def _count(query: Query, *, default: int, most: int) -> int:
    count = _whole(query.get("count", str(default)), "count")
    if not 1 <= count <= most:
        raise bad_quotation(f"count: expected a whole number from 1 to {most}")
    return count


def _level(query: Query) -> Decimal:
    try:
        level = Decimal(query.get("level", "0"))
    except InvalidOperation:
        level = Decimal(-1)
    if not (level.is_finite() and level >= 0):
        raise bad_quotation("level: expected a number")
    return level


def _moment(query: Query) -> datetime | None:
    """``to``: ISO-8601, in UTC unless it says otherwise."""
    if "to" not in query:
        return None
    try:
        moment = datetime.fromisoformat(query["to"])
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise bad_quotation("to: expected a time like 2025-06-24T04:56:53Z") from None


def _time_of_day(text: str) -> time:
    """``HHmmss`` or ``HH:mm:ss``."""
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise bad_quotation("to: expected a time like 04:56:53") from None
