"""Journal bodies as the executor writes them: the whole life of a pair, and single records.

Figures are chosen so that every sum can be done by hand; see :func:`closed_pair`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from warehouse.records import (
    LegFlow,
    LegSnapshot,
    PairEventRecord,
    PairResult,
    PairSnapshot,
    PriceReference,
    RecordType,
)

START = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
"""Wednesday 10:00 in Korea."""

Entry = tuple[RecordType, dict[str, Any]]


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def signal(signal_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": signal_id,
        "action": "enter",
        "symbol": "BTC",
        "direction": "long_premium",
        "quantity": "0.010",
        "notional_krw": None,
        "pair_id": None,
        "premium_limit_pct": "3",
        "max_slippage_bps": 20,
        "created_at": utc(START),
        "ttl_ms": 3000,
        "strategy": "basis",
        "key_id": "research",
        "signature": "30440220",
        **changes,
    }


def received(signal_id: str, door: str = "prefect", **changes: Any) -> Entry:
    body = {"signal": signal(signal_id, **changes), "door": door}
    return RecordType.SIGNAL_RECEIVED, body


def decided(signal_id: str, status: str, reason: str | None = None, **more: Any) -> Entry:
    outcome = {
        "signal_id": signal_id,
        "status": status,
        "reason": reason,
        "pair_id": None,
        "direction": "long_premium",
        "legs": [],
        "premium_pct": None,
        "timings_us": {},
        **more,
    }
    return RecordType.SIGNAL_DECIDED, {"outcome": outcome}


def intended(client_order_id: str, pair_id: str, **changes: Any) -> Entry:
    return RecordType.ORDER_INTENDED, {
        "client_order_id": client_order_id,
        "pair_id": pair_id,
        "leg": "spot",
        "attempt": 1,
        "purpose": "entry",
        "venue": "upbit",
        "symbol": "BTC",
        "side": "buy",
        "type": "limit",
        "quantity": "0.010",
        "price": "100200000",
        "time_in_force": "ioc",
        "reduce_only": False,
        **changes,
    }


def order_outcome(client_order_id: str, **changes: Any) -> Entry:
    return RecordType.ORDER_OUTCOME, {
        "client_order_id": client_order_id,
        "outcome": "reported",
        "final": True,
        "status": "filled",
        "venue_order_id": f"v-{client_order_id}",
        "filled": "0.010",
        "value": "1000000",
        "fee": "500",
        "error": None,
        **changes,
    }


def fill(trade_id: str, client_order_id: str | None, pair_id: str | None, **changes: Any) -> Entry:
    return RecordType.FILL, {
        "venue": "upbit",
        "symbol": "BTC",
        "trade_id": trade_id,
        "client_order_id": client_order_id,
        "venue_order_id": f"v-{client_order_id}",
        "pair_id": pair_id,
        "leg": "spot",
        "side": "buy",
        "price": "100000000",
        "quantity": "0.010",
        "fee": "500",
        "fee_currency": "KRW",
        "time": utc(START),
        **changes,
    }


def flow(quantity: str = "0", value: str = "0", fee: str = "0") -> LegFlow:
    return {"quantity": quantity, "value": value, "fee": fee}


def leg(venue: str, entry: LegFlow | None = None, exit_: LegFlow | None = None) -> LegSnapshot:
    return {
        "venue": venue,
        "fee_currency": "KRW" if venue == "upbit" else "USDT",
        "attempts": 1,
        "entry": entry or flow(),
        "exit": exit_ or flow(),
    }


def reference(spot: str, perpetual: str, premium: str) -> PriceReference:
    return {
        "spot_price": spot,
        "perpetual_price": perpetual,
        "krw_per_usdt": "1400",
        "krw_per_usd": "1390.5",
        "premium_pct": premium,
        "premium_fx_pct": None,
    }


def snapshot(pair_id: str, **changes: Any) -> PairSnapshot:
    pair: dict[str, Any] = {
        "pair_id": pair_id,
        "signal_id": f"s-{pair_id}",
        "strategy": "basis",
        "symbol": "BTC",
        "direction": "long_premium",
        "state": "opening",
        "target_quantity": "0.010",
        "opened_at": utc(START),
        "closed_at": None,
        "spot": leg("upbit"),
        "perpetual": leg("binance"),
        "entry_reference": reference("100000000", "70000", "2.0408163265306122448979591836735"),
        "exit_reference": None,
        **changes,
    }
    return pair  # type: ignore[return-value]


def pair_event(
    event: str,
    from_state: str | None,
    pair: PairSnapshot,
    result: PairResult | None = None,
    detail: str = "as it should be",
) -> Entry:
    record: PairEventRecord = {
        "pair_id": pair["pair_id"],
        "event": event,
        "from_state": from_state,
        "to_state": pair["state"],
        "detail": detail,
        "pair": pair,
    }
    if result is not None:
        record["result"] = result
    return RecordType.PAIR_EVENT, dict(record)


def result(**changes: Any) -> PairResult:
    """10,000 + 500 + 300 − 2,400 − 400 = 8,000 KRW."""
    parts: dict[str, Any] = {
        "net_krw": "8000",
        "premium_krw": "10000",
        "fx_krw": "500",
        "funding_krw": "300",
        "fees_krw": "-2400",
        "slippage_krw": "-400",
        "entry_premium_pct": "2.0408163265306122448979591836735",
        "exit_premium_pct": "3.0612244897959183673469387755102",
        "krw_per_usdt": "1400",
        **changes,
    }
    return parts  # type: ignore[return-value]


def ended_pair(pair_id: str, closed_at: datetime, **changes: Any) -> Entry:
    """Just the event that ends a pair, with a result of which ``changes`` are the parts."""
    state = changes.pop("state", "closed")
    pair = snapshot(pair_id, state=state, closed_at=utc(closed_at))
    return pair_event("flat", "closing", pair, result(**changes))


def closed_pair(pair_id: str, opened_at: datetime = START) -> list[Entry]:
    """A pair from its signal to its result, an hour long.

    0.010 BTC. In: bought at 100,000,000 KRW (1,000,000, fee 500), sold at 70,000 USDT (700, fee
    0.35). Out: sold at 102,000,000 KRW (1,020,000, fee 510), bought at 70,714.2 USDT (707.142,
    fee 0.353571).
    """
    in_spot, in_perpetual = f"kimp-{pair_id}-s001", f"kimp-{pair_id}-p001"
    out_spot, out_perpetual = f"kimp-{pair_id}-s002", f"kimp-{pair_id}-p002"
    closed_at = opened_at + timedelta(hours=1)
    spot_in, perpetual_in = flow("0.010", "1000000", "500"), flow("0.010", "700", "0.35")
    spot_out, perpetual_out = flow("0.010", "1020000", "510"), flow("0.010", "707.142", "0.353571")
    perpetual: dict[str, Any] = {
        "leg": "perpetual",
        "venue": "binance",
        "side": "sell",
        "type": "market",
        "price": None,
        "time_in_force": None,
    }
    usdt: dict[str, Any] = {
        "leg": "perpetual",
        "venue": "binance",
        "fee_currency": "USDT",
        "side": "sell",
        "price": "70000",
        "fee": "0.35",
    }
    opening = snapshot(pair_id, opened_at=utc(opened_at))
    hedged = snapshot(
        pair_id,
        state="hedged",
        opened_at=utc(opened_at),
        spot=leg("upbit", spot_in),
        perpetual=leg("binance", perpetual_in),
    )
    closed = snapshot(
        pair_id,
        state="closed",
        opened_at=utc(opened_at),
        closed_at=utc(closed_at),
        spot=leg("upbit", spot_in, spot_out),
        perpetual=leg("binance", perpetual_in, perpetual_out),
        exit_reference=reference("102000000", "70714.2", "3.0300112"),
    )
    out_id = f"x-{pair_id}"
    return [
        received(f"s-{pair_id}"),
        pair_event("opened", None, opening),
        intended(in_spot, pair_id),
        intended(in_perpetual, pair_id, **perpetual),
        order_outcome(in_spot),
        order_outcome(in_perpetual, value="700", fee="0.35"),
        fill(f"t1-{pair_id}", in_spot, pair_id, time=utc(opened_at)),
        fill(f"t2-{pair_id}", in_perpetual, pair_id, **usdt, time=utc(opened_at)),
        pair_event("both_filled", "opening", hedged),
        decided(f"s-{pair_id}", "hedged", pair_id=pair_id, premium_pct="2.0408163265"),
        received(out_id, "operator", action="exit", quantity=None, pair_id=pair_id),
        intended(out_spot, pair_id, attempt=2, purpose="exit", side="sell", price="101800000"),
        intended(
            out_perpetual,
            pair_id,
            **{**perpetual, "side": "buy"},
            attempt=2,
            purpose="exit",
            reduce_only=True,
        ),
        order_outcome(out_spot, value="1020000", fee="510"),
        order_outcome(out_perpetual, value="707.142", fee="0.353571"),
        fill(f"t3-{pair_id}", out_spot, pair_id, side="sell", price="102000000", fee="510"),
        fill(
            f"t4-{pair_id}",
            out_perpetual,
            pair_id,
            **{**usdt, "side": "buy", "price": "70714.2", "fee": "0.353571"},
        ),
        pair_event("flat", "closing", closed, result()),
        decided(out_id, "closed", pair_id=pair_id),
    ]


def premium(**changes: Any) -> Entry:
    return RecordType.PREMIUM, {
        "symbol": "BTC",
        "quantity": "0.010",
        "enter_fx_pct": "2.7183000001",
        "enter_tether_pct": "2.0408163265306122448979591836735",
        "leave_fx_pct": None,
        "leave_tether_pct": "1.9",
        "krw_per_usd": "1390.5",
        "krw_per_usdt": "1400",
        **changes,
    }
