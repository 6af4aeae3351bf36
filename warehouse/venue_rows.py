"""The rows of what happens at a venue beside the desk's orders."""

from __future__ import annotations

from warehouse.amounts import Body, money, money_or_none, ratio_or_none
from warehouse.record_line import Record
from warehouse.stream import Staging
from warehouse.tables import ADOPTIONS, BALANCES, CIRCUITS, FUNDING, MARGINS


def adoption(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        ADOPTIONS,
        (
            body["adoption_id"],
            body["kind"],
            body["venue"],
            body["symbol"],
            body["side"],
            *money(body, "quantity"),
            *money_or_none(body, "price"),
            *money(body, "fee"),
            body["fee_currency"],
            body.get("trade_id"),
            body.get("venue_order_id"),
            body["time"],
            body.get("pair_id"),
            body.get("leg"),
            body["detail"],
            record.time,
        ),
    )


def balance(record: Record, body: Body, staging: Staging) -> None:
    row = (body["venue"], body["currency"], *money(body, "total", "available"))
    staging.add(BALANCES, (record.seq, record.time, *row))


def funding(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        FUNDING,
        (
            body["venue"],
            body["transaction_id"],
            body["symbol"],
            *money(body, "amount"),
            body["currency"],
            body["time"],
            record.time,
        ),
    )


def circuit(record: Record, body: Body, staging: Staging) -> None:
    row = (body["venue"], body["state"], body["since"])
    staging.add(CIRCUITS, (record.seq, record.time, *row))


def margin(record: Record, body: Body, staging: Staging) -> None:
    staging.add(
        MARGINS,
        (
            body["margin_id"],
            body["venue"],
            body["symbol"],
            *money(body, "amount"),
            body["currency"],
            body["status"],
            *ratio_or_none(body, "distance_pct"),
            body["detail"],
            record.time,
        ),
    )
