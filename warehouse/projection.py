"""What each record type means to the books: record in, rows out.

A type that no table shows (a lease, a switch) and a type of a later version
are passed over. A record that lacks a field of its contract, or holds a value
that a column cannot hold exactly, raises BadRecord with the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from warehouse.errors import BadRecord
from warehouse.exact import is_plain, money_text, ratio_text
from warehouse.record_line import Record
from warehouse.records import RecordType
from warehouse.stream import Staging
from warehouse.tables import (
    ALERTS,
    BALANCES,
    DENIALS,
    FILLS,
    FUNDING,
    FX_RATES,
    HEALTH,
    ORDER_OUTCOMES,
    ORDERS,
    PAIR_EVENTS,
    PAIRS,
    PNL_RESULTS,
    PREMIUMS,
    RECONCILIATIONS,
    SIGNALS_DECIDED,
    SIGNALS_DENIED,
    SIGNALS_RECEIVED,
)

Body = Mapping[str, Any]

_CODE: Final = re.compile(r"([A-Za-z0-9_.-]+): +(.+)", re.DOTALL)


def project(record: Record, staging: Staging) -> None:
    """Stage the rows of one record. Raises BadRecord."""
    projection = _PROJECTIONS.get(record.type)
    if projection is None:
        return
    try:
        projection(record, record.body, staging)
    except KeyError as error:
        raise BadRecord(_place(record, f"the field {error} is missing")) from error
    except (TypeError, AttributeError, ValueError) as error:
        raise BadRecord(_place(record, str(error))) from error


def _place(record: Record, problem: str) -> str:
    return f"Journal record {record.seq} ({record.type}) cannot be booked: {problem}."


def _money(body: Body, *names: str) -> list[str]:
    """Amounts that must be there, as their columns take them."""
    return [
        text if is_plain(text := body[name]) else _checked(money_text, name, text) for name in names
    ]


def _money_or_none(body: Body, *names: str) -> list[str | None]:
    """Amounts, each of which may be missing."""
    return [
        text
        if (text := body.get(name)) is None or is_plain(text)
        else _checked(money_text, name, text)
        for name in names
    ]


def _ratio_or_none(body: Body, *names: str) -> list[str | None]:
    """Percentages, each of which may be missing."""
    return [
        text
        if (text := body.get(name)) is None or is_plain(text)
        else _checked(ratio_text, name, text)
        for name in names
    ]


def _checked(convert: Callable[[str], str], name: str, text: str) -> str:
    try:
        return convert(text)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _signal_received(record: Record, body: Body, staging: Staging) -> None:
    signal = body["signal"]
    asked = (
        "action",
        "symbol",
        "direction",
        "quantity",
        "notional_krw",
        "premium_limit_pct",
        "max_slippage_bps",
        "created_at",
        "ttl_ms",
        "strategy",
        "key_id",
    )
    staging.add(
        SIGNALS_RECEIVED,
        (
            signal["id"],
            record.time,
            body["door"],
            *(signal.get(name) for name in asked),
            _json(signal),
        ),
    )


def _signal_decided(record: Record, body: Body, staging: Staging) -> None:
    outcome = body["outcome"]
    signal_id, status, reason = outcome["signal_id"], outcome["status"], outcome.get("reason")
    if status == "duplicate":  # The first decision stands.
        return
    match = _CODE.fullmatch(reason or "")
    code, message = (match[1], match[2]) if match else (status, reason or status)
    staging.add(
        SIGNALS_DENIED if status == "denied" else SIGNALS_DECIDED,
        (
            signal_id,
            record.time,
            status,
            code if reason else None,
            message if reason else None,
            outcome.get("pair_id"),
            _json(outcome),
        ),
    )
    if status in ("denied", "held"):
        staging.add(
            DENIALS,
            (record.seq, record.time, signal_id, status, code, message, outcome.get("pair_id")),
        )


def _order_intended(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        ORDERS,
        (
            body["client_order_id"],
            body["pair_id"],
            body["leg"],
            body["attempt"],
            body["purpose"],
            body["venue"],
            body["symbol"],
            body["side"],
            body["type"],
            *_money(body, "quantity"),
            *_money_or_none(body, "price"),
            body.get("time_in_force"),
            body["reduce_only"],
            record.time,
        ),
    )


def _order_outcome(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        ORDER_OUTCOMES,
        (
            body["client_order_id"],
            body["outcome"],
            body["final"],
            body.get("status"),
            body.get("venue_order_id"),
            *_money_or_none(body, "filled", "value", "fee"),
            body.get("error"),
            record.time,
        ),
    )


def _fill(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        FILLS,
        (
            body["venue"],
            body["symbol"],
            body["trade_id"],
            body.get("client_order_id"),
            body["venue_order_id"],
            body.get("pair_id"),
            body.get("leg"),
            body["side"],
            *_money(body, "price", "quantity", "fee"),
            body["fee_currency"],
            body["time"],
            record.time,
        ),
    )


def _leg(leg: Body) -> tuple[Any, ...]:
    flows = (leg["entry"], leg["exit"])
    figures = [text for flow in flows for text in _money(flow, "quantity", "value", "fee")]
    return leg["venue"], leg["fee_currency"], leg["attempts"], *figures


def _reference(reference: Body | None) -> tuple[str | None, ...]:
    if reference is None:
        return (None,) * 6
    return (
        *_money(reference, "spot_price", "perpetual_price", "krw_per_usdt"),
        *_money_or_none(reference, "krw_per_usd"),
        *_ratio_or_none(reference, "premium_pct", "premium_fx_pct"),
    )


def _pair_event(record: Record, body: Body, staging: Staging) -> None:
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
        *_money(pair, "target_quantity"),
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
        *_money(result, "net_krw", "premium_krw", "fx_krw"),
        *_money_or_none(result, "funding_krw"),
        *_money(result, "fees_krw", "slippage_krw"),
        *_ratio_or_none(result, "entry_premium_pct", "exit_premium_pct"),
        *_money(result, "krw_per_usdt"),
    )


def _premium(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        PREMIUMS,
        (
            record.seq,
            record.time,
            body["symbol"],
            *_money(body, "quantity"),
            *_ratio_or_none(
                body, "enter_fx_pct", "enter_tether_pct", "leave_fx_pct", "leave_tether_pct"
            ),
            *_money_or_none(body, "krw_per_usd", "krw_per_usdt"),
        ),
    )


def _fx_rate(record: Record, body: Body, staging: Staging) -> None:
    row = (body["source"], body["pair"], *_money(body, "rate"), body["observed_at"])
    staging.add(FX_RATES, (record.seq, record.time, *row))


def _balance(record: Record, body: Body, staging: Staging) -> None:
    row = (body["venue"], body["currency"], *_money(body, "total", "available"))
    staging.add(BALANCES, (record.seq, record.time, *row))


def _funding(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        FUNDING,
        (
            body["venue"],
            body["transaction_id"],
            body["symbol"],
            *_money(body, "amount"),
            body["currency"],
            body["time"],
            record.time,
        ),
    )


def _reconciliation(record: Record, body: Body, staging: Staging) -> None:
    differences = body["differences"]
    unexplained = sum(difference.get("explained") is None for difference in differences)
    staging.add(
        RECONCILIATIONS,
        (
            body["reconciliation_id"],
            record.time,
            body["agreed"],
            unexplained,
            _json(differences),
        ),
    )


def _alert(record: Record, body: Body, staging: Staging) -> None:
    row = (body["alert_id"], record.time, body["type"], body["level"], body["message"])
    staging.add(ALERTS, (*row, body.get("pair_id")))


def _health(record: Record, body: Body, staging: Staging) -> None:
    staging.add(HEALTH, (record.seq, record.time, body["ok"], _json(body["components"])))


_PROJECTIONS: Final[dict[str, Callable[[Record, Body, Staging], None]]] = {
    RecordType.SIGNAL_RECEIVED: _signal_received,
    RecordType.SIGNAL_DECIDED: _signal_decided,
    RecordType.ORDER_INTENDED: _order_intended,
    RecordType.ORDER_OUTCOME: _order_outcome,
    RecordType.FILL: _fill,
    RecordType.PAIR_EVENT: _pair_event,
    RecordType.PREMIUM: _premium,
    RecordType.FX_RATE: _fx_rate,
    RecordType.BALANCE: _balance,
    RecordType.FUNDING: _funding,
    RecordType.RECONCILIATION: _reconciliation,
    RecordType.ALERT: _alert,
    RecordType.HEALTH: _health,
}
