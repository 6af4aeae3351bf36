"""Replies in Upbit's shapes."""

from __future__ import annotations

from typing import Any

ACCOUNTS = [
    {
        "currency": "KRW",
        "balance": "1000000.5",
        "locked": "20010.0",
        "avg_buy_price": "0",
        "avg_buy_price_modified": True,
        "unit_currency": "KRW",
    },
    {
        "currency": "BTC",
        "balance": "0.1",
        "locked": "0.02",
        "avg_buy_price": "61500000.25",
        "avg_buy_price_modified": False,
        "unit_currency": "KRW",
    },
]
CHANCE = {
    "bid_fee": "0.0005",
    "ask_fee": "0.0006",
    "maker_bid_fee": "0.0003",
    "maker_ask_fee": "0.0002",
    "market": {
        "id": "KRW-BTC",
        "bid": {"currency": "KRW", "min_total": "5000"},
        "ask": {"currency": "BTC", "min_total": "5500"},
        "state": "active",
    },
}
INSTRUMENTS = [
    {
        "market": "KRW-BTC",
        "quote_currency": "KRW",
        "tick_size": "1000",
        "supported_levels": ["0", "10000"],
    }
]
ORDERBOOK = (
    b'[{"market":"KRW-BTC","timestamp":1793588645123,"total_ask_size":1.5,"total_bid_size":2.5,'
    b'"orderbook_units":[{"ask_price":61501000,"bid_price":61500000.0,"ask_size":0.12345678,'
    b'"bid_size":0.3},{"ask_price":61502000,"bid_price":61499000,"ask_size":1.0,"bid_size":2e-8},'
    b'{"ask_price":61503000,"bid_price":0,"ask_size":1.0,"bid_size":0}],"level":0}]'
)


def order(**changes: Any) -> dict[str, Any]:
    """A resting limit buy of 0.01 BTC."""
    return {
        "market": "KRW-BTC",
        "uuid": "cdd92199-2897-4e14-9448-f923320408ad",
        "side": "bid",
        "ord_type": "limit",
        "price": "61501000",
        "state": "wait",
        "created_at": "2026-11-02T12:04:05+09:00",
        "volume": "0.01",
        "remaining_volume": "0.01",
        "executed_volume": "0",
        "reserved_fee": "307.505",
        "remaining_fee": "307.505",
        "paid_fee": "0",
        "locked": "615317.505",
        "trades_count": 0,
        "identifier": "kimp-p1-s001",
        "time_in_force": "ioc",
        **changes,
    }


def trade(uuid: str, price: str, volume: str, funds: str, time: str) -> dict[str, Any]:
    return {
        "market": "KRW-BTC",
        "uuid": uuid,
        "price": price,
        "volume": volume,
        "funds": funds,
        "trend": "up",
        "created_at": time,
        "side": "bid",
    }


FILLED = order(
    state="done",
    executed_volume="0.01",
    remaining_volume="0",
    paid_fee="307.507",
    trades_count=2,
    trades=[
        trade("t-2", "61502000", "0.004", "246008", "2026-11-02T12:04:05.350+09:00"),
        trade("t-1", "61501000", "0.006", "369006", "2026-11-02T12:04:05.120+09:00"),
    ],
)
