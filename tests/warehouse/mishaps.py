"""Journal bodies of what goes wrong with two legs, and of what the venues did by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.warehouse.examples import START, Entry, ended_pair, pair_event, snapshot, utc
from warehouse.records import RecordType


def reopened_pair(pair_id: str, closed_at: datetime) -> list[Entry]:
    """A pair that ended, traded late five minutes afterwards, and ended again 2,000 won lower."""
    ended_again = closed_at + timedelta(minutes=6)
    return [
        ended_pair(pair_id, closed_at),
        pair_event("late_fill", "closed", snapshot(pair_id, state="recovering")),
        exposure(f"{pair_id}-3", began_with="late_fill"),
        ended_pair(pair_id, ended_again, net_krw="6000", slippage_krw="-2400"),
    ]


def exposure(exposure_id: str, **changes: Any) -> Entry:
    """Half a million won for three seconds, repaired by two orders within two seconds."""
    return RecordType.EXPOSURE, {
        "exposure_id": exposure_id,
        "pair_id": exposure_id.split("-")[0],
        "symbol": "BTC",
        "began_with": "opened",
        "began_at": utc(START),
        "detected_at": utc(START + timedelta(seconds=1)),
        "ended_at": utc(START + timedelta(seconds=3)),
        "state": "hedged",
        "unhedged_krw_s": "1500000.000",
        "krw_per_coin": "100000000",
        "recovery_s": "2.000000",
        "attempts": 2,
        **changes,
    }


def adoption(found: str, **changes: Any) -> Entry:
    return RecordType.ADOPTION, {
        "adoption_id": found,
        "kind": "adl",
        "venue": "binance",
        "symbol": "BTC",
        "side": "buy",
        "quantity": "0.004",
        "price": "70000",
        "fee": "0",
        "fee_currency": "USDT",
        "trade_id": "9",
        "venue_order_id": "90",
        "time": utc(START),
        "pair_id": "p1",
        "leg": "perpetual",
        "detail": "the venue closed 0.004 BTC: auto-deleveraging",
        **changes,
    }


def margin(**changes: Any) -> Entry:
    return RecordType.MARGIN, {
        "margin_id": "m1",
        "venue": "binance",
        "symbol": "BTC",
        "amount": "120.5",
        "currency": "USDT",
        "status": "intended",
        "distance_pct": "14.2857142857142857142857142857",
        "detail": "liquidation is near: 120.5 USDT from the reserve",
        **changes,
    }
