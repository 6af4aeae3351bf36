"""The quotation API: public market data, numbers as JSON numbers, markets unsigned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from exchanges.instrument import Venue
from exchanges.rules import tick_at
from exchanges.side import Side
from exchanges.simulator.market import DEPTH, Listing
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.rate_limits import Group
from exchanges.simulator.upbit.refusal import bad_quotation, market_not_found
from exchanges.simulator.upbit.shapes import KST
from exchanges.simulator.upbit.tape import Candle

NAMES = {"BTC": ("비트코인", "Bitcoin"), "USDT": ("테더", "Tether")}
CANDLE_UNITS = (1, 3, 5, 10, 15, 30, 60, 240)
FX_CODE = "FRX.KRWUSD"
Query = Mapping[str, str]


class Quotation:
    """Answers by path; values may hold Decimals, which the front writes as numbers."""

    def __init__(self, engine: UpbitEngine) -> None:
        self._engine = engine
        self._market = engine.market
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
        for unit in CANDLE_UNITS:
            self.routes[f"/v1/candles/minutes/{unit}"] = (Group.CANDLE, self._candles_of(unit))

    def _named(self, query: Query) -> list[Listing]:
        """The listings of ``markets=A,B``. Raises Refusal."""
        names = [name for name in query.get("markets", "").split(",") if name]
        if not names:
            raise bad_quotation("Missing request parameter error. Check the required parameters!")
        try:
            return [self._listings[name] for name in names]
        except KeyError:
            raise market_not_found() from None

    def _one(self, query: Query) -> Listing:
        if "market" not in query:
            raise bad_quotation("Missing request parameter error. Check the required parameters!")
        try:
            return self._listings[query["market"]]
        except KeyError:
            raise market_not_found() from None

    def _markets(self, query: Query) -> Any:
        return [
            {
                "market": listing.native,
                "korean_name": NAMES[listing.symbol][0],
                "english_name": NAMES[listing.symbol][1],
            }
            for listing in self._listings.values()
        ]

    def _tickers(self, query: Query) -> Any:
        return [self._ticker(listing) for listing in self._named(query)]

    def _all_tickers(self, query: Query) -> Any:
        wanted = query.get("quote_currencies", "KRW").split(",")
        return [
            self._ticker(listing)
            for listing in self._listings.values()
            if listing.quote_currency in wanted
        ]

    def _ticker(self, listing: Listing) -> dict[str, Any]:
        """What the tape remembers (a day at most) stands for the day and for the year."""
        tape = self._engine.tapes[listing.native]
        minutes, last = tape.minutes, tape.last
        opening = minutes[0].open
        high = max(minute.high for minute in minutes)
        low = min(minute.low for minute in minutes)
        volume = sum(minute.volume for minute in minutes)
        value = sum(minute.value for minute in minutes)
        change = last.price - opening
        rate = (change / opening).quantize(Decimal("0.0000000001"))
        utc, kst = last.time, last.time.astimezone(KST)
        day = kst.date().isoformat()
        return {
            "market": listing.native,
            "trade_date": utc.strftime("%Y%m%d"),
            "trade_time": utc.strftime("%H%M%S"),
            "trade_date_kst": kst.strftime("%Y%m%d"),
            "trade_time_kst": kst.strftime("%H%M%S"),
            "trade_timestamp": _milliseconds(utc.timestamp()),
            "opening_price": opening,
            "high_price": high,
            "low_price": low,
            "trade_price": last.price,
            "prev_closing_price": opening,
            "change": "RISE" if change > 0 else "FALL" if change < 0 else "EVEN",
            "change_price": abs(change),
            "change_rate": abs(rate),
            "signed_change_price": change,
            "signed_change_rate": rate,
            "trade_volume": last.volume,
            "acc_trade_price": value,
            "acc_trade_price_24h": value,
            "acc_trade_volume": volume,
            "acc_trade_volume_24h": volume,
            "highest_52_week_price": high,
            "highest_52_week_date": day,
            "lowest_52_week_price": low,
            "lowest_52_week_date": day,
            "timestamp": self._engine.clock.now_ms(),
        }

    def _books(self, query: Query) -> Any:
        count = _count(query, default=DEPTH, most=DEPTH)
        return [self._book(listing, count) for listing in self._named(query)]

    def _book(self, listing: Listing, count: int) -> dict[str, Any]:
        asks = self._market.levels(Venue.UPBIT, listing.native, Side.SELL, count)
        bids = self._market.levels(Venue.UPBIT, listing.native, Side.BUY, count)
        return {
            "market": listing.native,
            "timestamp": self._engine.clock.now_ms(),
            "total_ask_size": sum(size for _, size in asks),
            "total_bid_size": sum(size for _, size in bids),
            "orderbook_units": [
                {
                    "ask_price": ask_price,
                    "bid_price": bid_price,
                    "ask_size": ask_size,
                    "bid_size": bid_size,
                }
                for (ask_price, ask_size), (bid_price, bid_size) in zip(asks, bids, strict=False)
            ],
            "level": 0,
        }

    def _instruments(self, query: Query) -> Any:
        return [
            {
                "market": listing.native,
                "quote_currency": listing.quote_currency,
                "tick_size": str(
                    tick_at(
                        listing.tick_bands, self._market.last_price(Venue.UPBIT, listing.native)
                    )
                ),
                "supported_levels": ["0"],
            }
            for listing in self._named(query)
        ]

    def _trades(self, query: Query) -> Any:
        listing = self._one(query)
        tape = self._engine.tapes[listing.native]
        opening = tape.minutes[0].open
        newest_first = list(tape.prints)[::-1][: _count(query, default=1, most=500)]
        return [
            {
                "market": listing.native,
                "trade_date_utc": printed.time.strftime("%Y-%m-%d"),
                "trade_time_utc": printed.time.strftime("%H:%M:%S"),
                "timestamp": _milliseconds(printed.time.timestamp()),
                "trade_price": printed.price,
                "trade_volume": printed.volume,
                "prev_closing_price": opening,
                "change_price": printed.price - opening,
                "ask_bid": "BID" if printed.taker is Side.BUY else "ASK",
                "sequential_id": printed.number,
            }
            for printed in newest_first
        ]

    def _candles_of(self, unit: int) -> Callable[[Query], Any]:
        def candles(query: Query) -> Any:
            listing = self._one(query)
            wanted = _count(query, default=1, most=200)
            found = self._engine.tapes[listing.native].candles(unit)[:wanted]
            return [_candle_json(listing, candle, unit) for candle in found]

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
                "timestamp": _milliseconds(now.timestamp()),
            }
        ]


def _candle_json(listing: Listing, candle: Candle, unit: int) -> dict[str, Any]:
    end = candle.start + timedelta(minutes=unit)
    return {
        "market": listing.native,
        "candle_date_time_utc": candle.start.strftime("%Y-%m-%dT%H:%M:%S"),
        "candle_date_time_kst": candle.start.astimezone(KST).strftime("%Y-%m-%dT%H:%M:%S"),
        "opening_price": candle.open,
        "high_price": candle.high,
        "low_price": candle.low,
        "trade_price": candle.close,
        "timestamp": _milliseconds(end.timestamp()) - 1,
        "candle_acc_trade_price": candle.value,
        "candle_acc_trade_volume": candle.volume,
        "unit": unit,
    }


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _count(query: Query, *, default: int, most: int) -> int:
    text = query.get("count", str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= most):
        raise bad_quotation(f"count: expected a whole number from 1 to {most}")
    return int(text)
