"""The rows of what happens to a pair: its state, its events, its results, its exposure."""

from __future__ import annotations

from typing import Any

from warehouse.amounts import Body, money, money_or_none, ratio_or_none
from warehouse.record_line import Record
from warehouse.records import ENDED_STATES
from warehouse.stream import Staging
from warehouse.tables import EXPOSURES, PAIR_EVENTS, PAIRS, PNL_REOPENINGS, PNL_RESULTS


def _leg(leg: Body) -> tuple[Any, ...]:
    flows = (leg["entry"], leg["exit"])
    figures = [text for flow in flows for text in money(flow, "quantity", "value", "fee")]
    return leg["venue"], leg["fee_currency"], leg["attempts"], *figures


def _reference(reference: Body | None) -> tuple[str | None, ...]:
    if reference is None:
        return (None,) * 6
    return (
        *money(reference, "spot_price", "perpetual_price", "krw_per_usdt"),
        *money_or_none(reference, "krw_per_usd"),
        *ratio_or_none(reference, "premium_pct", "premium_fx_pct"),
    )


def pair_event(record: Record, body: Body, staging: Staging) -> None:
    pair, pair_id = body["pair"], body["pair_id"]
    event = (
        record.seq,
        record.time,
        pair_id,
        body["event"],
        body.get("from_state"),
        body["to_state"],
        body["detail"],
    )
    state = (
        pair_id,
        pair["signal_id"],
        pair.get("strategy"),
        pair["symbol"],
        pair["direction"],
        pair["state"],
        *money(pair, "target_quantity"),
        pair["opened_at"],
        pair.get("closed_at"),
        *_leg(pair["spot"]),
        *_leg(pair["perpetual"]),
        *_reference(pair.get("entry_reference")),
        *_reference(pair.get("exit_reference")),
        body["detail"],
        record.time,
    )
    result = body.get("result")
    if result is not None:
        staging.add(PNL_RESULTS, _result(record, pair, result))
    if body.get("from_state") in ENDED_STATES and body["to_state"] not in ENDED_STATES:
        staging.add(PNL_REOPENINGS, (record.seq, record.time, pair_id))
    # Staged last: a record is booked whole or not at all.
    staging.add(PAIR_EVENTS, event)
    staging.add(PAIRS, state)


def _result(record: Record, pair: Body, result: Body) -> tuple[Any, ...]:
    return (
        record.seq,
        record.time,
        pair["pair_id"],
        pair.get("closed_at") or record.time,
        pair["symbol"],
        pair["direction"],
        pair.get("strategy"),
        pair["state"],
        *money(result, "net_krw", "premium_krw", "fx_krw"),
        *money_or_none(result, "funding_krw"),
        *money(result, "fees_krw", "slippage_krw"),
        *ratio_or_none(result, "entry_premium_pct", "exit_premium_pct"),
        *money(result, "krw_per_usdt"),
    )


def exposure(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        EXPOSURES,
        (
            body["exposure_id"],
            body["pair_id"],
            body["symbol"],
            body["began_with"],
            body["began_at"],
            body.get("detected_at"),
            body["ended_at"],
            body["state"],
            *money(body, "unhedged_krw_s", "krw_per_coin"),
            *money_or_none(body, "recovery_s"),
            body["attempts"],
        ),
    )
