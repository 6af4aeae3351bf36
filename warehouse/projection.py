"""What each record type means to the books: record in, rows out.

A type that no table shows (a lease, a switch) and a type of a later version
are passed over. A record that lacks a field of its contract, or holds a value
that a column cannot hold exactly, raises BadRecord with the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from warehouse import alert_projection
from warehouse.amounts import Body, money, money_or_none, ratio_or_none
from warehouse.errors import BadRecord
from warehouse.pair_rows import exposure, pair_event
from warehouse.record_line import Record
from warehouse.records import RecordType
from warehouse.stream import Staging
from warehouse.tables import (
    DENIALS,
    FILLS,
    FX_RATES,
    HEALTH,
    ORDER_OUTCOMES,
    ORDERS,
    PREMIUMS,
    RECONCILIATIONS,
    SIGNALS_DECIDED,
    SIGNALS_DENIED,
    SIGNALS_RECEIVED,
)
from warehouse.venue_rows import adoption, balance, circuit, funding, margin

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
            *money(body, "quantity"),
            *money_or_none(body, "price"),
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
            *money_or_none(body, "filled", "value", "fee"),
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
            *money(body, "price", "quantity", "fee"),
            body["fee_currency"],
            body["time"],
            record.time,
        ),
    )


def _premium(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        PREMIUMS,
        (
            record.seq,
            record.time,
            body["symbol"],
            *money(body, "quantity"),
            *ratio_or_none(
                body, "enter_fx_pct", "enter_tether_pct", "leave_fx_pct", "leave_tether_pct"
            ),
            *money_or_none(body, "krw_per_usd", "krw_per_usdt"),
        ),
    )


def _fx_rate(record: Record, body: Body, staging: Staging) -> None:
    row = (body["source"], body["pair"], *money(body, "rate"), body["observed_at"])
    staging.add(FX_RATES, (record.seq, record.time, *row))


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


def _health(record: Record, body: Body, staging: Staging) -> None:
    staging.add(HEALTH, (record.seq, record.time, body["ok"], _json(body["components"])))


_PROJECTIONS: Final[dict[str, Callable[[Record, Body, Staging], None]]] = {
    RecordType.SIGNAL_RECEIVED: _signal_received,
    RecordType.SIGNAL_DECIDED: _signal_decided,
    RecordType.ORDER_INTENDED: _order_intended,
    RecordType.ORDER_OUTCOME: _order_outcome,
    RecordType.FILL: _fill,
    RecordType.PAIR_EVENT: pair_event,
    RecordType.PREMIUM: _premium,
    RecordType.FX_RATE: _fx_rate,
    RecordType.BALANCE: balance,
    RecordType.FUNDING: funding,
    RecordType.RECONCILIATION: _reconciliation,
    RecordType.ALERT: alert_projection.alert,
    RecordType.ALERT_ACKNOWLEDGED: alert_projection.acknowledged,
    RecordType.ALERTS_DELIVERED: alert_projection.delivered,
    RecordType.HEALTH: _health,
    RecordType.EXPOSURE: exposure,
    RecordType.ADOPTION: adoption,
    RecordType.CIRCUIT: circuit,
    RecordType.MARGIN: margin,
}
