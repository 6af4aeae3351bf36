"""JSON of what streams carry, every number a number, and the short names of the SIMPLE format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exchanges.simulator.upbit.candle import Candle
from exchanges.simulator.upbit.candle_shapes import candle_json
from exchanges.simulator.upbit.events import AssetEvent, OrderEvent
from exchanges.simulator.upbit.number_json import as_price
from exchanges.simulator.upbit.order_book import ShownBook
from exchanges.simulator.upbit.print import Print
from exchanges.simulator.upbit.subscription import LIST_SUBSCRIPTIONS, Feed
from exchanges.simulator.upbit.tape import Tape
from exchanges.simulator.upbit.ticker import change_json, taken_today, ticker_json
from exchanges.simulator.venue_clock import VenueClock

_COMMON = {"type": "ty", "code": "cd", "timestamp": "tms", "stream_type": "st"}
_PRICES = {"opening_price": "op", "high_price": "hp", "low_price": "lp", "trade_price": "tp"}
_TRADED = {
    "trade_volume": "tv", "ask_bid": "ab", "prev_closing_price": "pcp", "change": "c",
    "change_price": "cp", "trade_time": "ttm", "trade_timestamp": "ttms",
}  # fmt: skip
_TICKER = _COMMON | _PRICES | _TRADED | {
    "signed_change_price": "scp", "change_rate": "cr", "signed_change_rate": "scr",
    "acc_trade_volume": "atv", "acc_trade_volume_24h": "atv24h", "acc_trade_price": "atp",
    "acc_trade_price_24h": "atp24h", "trade_date": "tdt", "acc_ask_volume": "aav",
    "acc_bid_volume": "abv", "highest_52_week_price": "h52wp", "highest_52_week_date": "h52wdt",
    "lowest_52_week_price": "l52wp", "lowest_52_week_date": "l52wdt", "market_state": "ms",
    "delisting_date": "dd",
}  # fmt: skip
_BOOK = _COMMON | {
    "total_ask_size": "tas", "total_bid_size": "tbs", "level": "lv", "orderbook_units": "obu",
    "ask_price": "ap", "bid_price": "bp", "ask_size": "as", "bid_size": "bs",
}  # fmt: skip
_TRADE = _COMMON | _TRADED | {
    "trade_date": "td", "trade_price": "tp", "best_ask_price": "bap", "best_ask_size": "bas",
    "best_bid_price": "bbp", "best_bid_size": "bbs", "sequential_id": "sid",
}  # fmt: skip
_CANDLE = _COMMON | _PRICES | {
    "candle_date_time_utc": "cdttmu", "candle_date_time_kst": "cdttmk",
    "candle_acc_trade_volume": "catv", "candle_acc_trade_price": "catp",
}  # fmt: skip
_MY_ORDER = _COMMON | {
    "uuid": "uid", "ask_bid": "ab", "order_type": "ot", "state": "s", "trade_uuid": "tuid",
    "price": "p", "avg_price": "ap", "volume": "v", "remaining_volume": "rv",
    "executed_volume": "ev", "trades_count": "tc", "reserved_fee": "rsf", "remaining_fee": "rmf",
    "paid_fee": "pf", "locked": "l", "executed_funds": "ef", "time_in_force": "tif",
    "trade_fee": "tf", "is_maker": "im", "identifier": "id", "smp_type": "smpt",
    "prevented_volume": "pv", "prevented_locked": "pl", "trade_timestamp": "ttms",
    "order_timestamp": "otms",
}  # fmt: skip
_MY_ASSET = _COMMON | {
    "asset_uuid": "astuid", "assets": "ast", "currency": "cu", "balance": "b", "locked": "l",
    "asset_timestamp": "asttms",
}  # fmt: skip
_SUBSCRIPTIONS = {
    "method": "mthd", "result": "rslt", "ticket": "tckt", "type": "ty", "codes": "cds",
    "level": "lv",
}  # fmt: skip
_SHORT: Mapping[str, Mapping[str, str]] = {
    "ticker": _TICKER,
    "orderbook": _BOOK,
    "trade": _TRADE,
    "myOrder": _MY_ORDER,
    "myAsset": _MY_ASSET,
    LIST_SUBSCRIPTIONS: _SUBSCRIPTIONS,
}


def shortened(shape: Mapping[str, Any]) -> Any:
    """``shape`` with the names of the SIMPLE format."""
    kind = shape.get("type", LIST_SUBSCRIPTIONS)
    return _renamed(shape, _SHORT.get(kind, _CANDLE))


def ticker_event(tape: Tape, native: str, clock: VenueClock, *, is_halted: bool) -> dict[str, Any]:
    now = clock.now()
    from_asks, from_bids = taken_today(tape, now)
    return {
        "type": "ticker",
        "code": native,
        **ticker_json(tape, now),
        "ask_bid": tape.last.ask_bid,
        "acc_ask_volume": from_bids,
        "acc_bid_volume": from_asks,
        "market_state": "PREVIEW" if is_halted else "ACTIVE",
        "delisting_date": None,
    }


def book_event(book: ShownBook, native: str, feed: Feed) -> dict[str, Any]:
    shown = book.grouped(feed.level)
    return {
        "type": "orderbook",
        "code": native,
        "timestamp": shown.timestamp,
        "total_ask_size": shown.total_ask_size,
        "total_bid_size": shown.total_bid_size,
        "orderbook_units": shown.units(feed.units[native]),
        "level": feed.level,
    }


def trade_event(
    printed: Print, native: str, tape: Tape, book: ShownBook, now_ms: int
) -> dict[str, Any]:
    (ask, ask_size), (bid, bid_size) = book.asks[0], book.bids[0]
    return {
        "type": "trade",
        "code": native,
        "timestamp": now_ms,
        "trade_date": printed.time.strftime("%Y-%m-%d"),
        "trade_time": printed.time.strftime("%H:%M:%S"),
        "trade_timestamp": printed.time_ms,
        "trade_price": as_price(printed.price),
        "trade_volume": printed.volume,
        "ask_bid": printed.ask_bid,
        **change_json(printed.price, tape.previous_close),
        "sequential_id": printed.number,
        "best_ask_price": ask,
        "best_ask_size": ask_size,
        "best_bid_price": bid,
        "best_bid_size": bid_size,
    }


def candle_event(kind: str, native: str, candle: Candle) -> dict[str, Any]:
    """``kind``: ``candle.1m``"""
    return {"type": kind, "code": native, **candle_json(candle)}


def order_event(event: OrderEvent) -> dict[str, Any]:
    """``price`` and ``volume`` are the trade's where there is one, else the order's."""
    order, trade = event.order, event.trade
    request = order.request
    by_total = request.volume is None
    return {
        "type": "myOrder",
        "code": request.market,
        "uuid": order.uuid,
        "ask_bid": request.wire_side.upper(),
        "order_type": request.kind.value,
        "state": event.news.value,
        "trade_uuid": None if trade is None else trade.uuid,
        "price": request.price if trade is None else trade.price,
        "avg_price": order.average_price,
        "volume": request.volume if trade is None else trade.volume,
        "remaining_volume": None if by_total else order.remaining_volume,
        "executed_volume": order.executed_volume,
        "trades_count": len(order.trades),
        "reserved_fee": order.reserved_fee,
        "remaining_fee": order.remaining_fee,
        "paid_fee": order.paid_fee,
        "locked": order.locked,
        "executed_funds": order.executed_funds,
        "time_in_force": None if request.tif is None else request.tif.value,
        "trade_fee": None if trade is None else trade.fee,
        "is_maker": None if trade is None else trade.is_maker,
        "identifier": request.identifier,
        "smp_type": request.smp.value,
        "prevented_volume": order.prevented_volume,
        "prevented_locked": order.prevented_locked,
        "trade_timestamp": None if trade is None else int(trade.time.timestamp() * 1000),
        "order_timestamp": int(order.created_at.timestamp() * 1000),
        "timestamp": event.time_ms,
    }


def asset_event(event: AssetEvent, asset_uuid: str) -> dict[str, Any]:
    return {
        "type": "myAsset",
        "asset_uuid": asset_uuid,
        "assets": [
            {"currency": currency, "balance": available, "locked": locked}
            for currency, available, locked in event.assets
        ],
        "asset_timestamp": event.time_ms,
        "timestamp": event.time_ms,
    }


def subscriptions_json(feeds: tuple[Feed, ...], ticket: str) -> dict[str, Any]:
    """The answer to ``LIST_SUBSCRIPTIONS``."""
    rows: list[dict[str, Any]] = []
    for feed in feeds:
        row: dict[str, Any] = {"type": feed.type}
        if feed.codes:
            row["codes"] = list(feed.codes)
        if feed.type == "orderbook":
            row["level"] = feed.level
        rows.append(row)
    return {"method": LIST_SUBSCRIPTIONS, "result": rows, "ticket": ticket}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {names.get(name, name): _renamed(item, names) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value
