"""The rows of alerts, of their acknowledgement and of their delivery."""

from __future__ import annotations

import orjson

from warehouse.amounts import Body
from warehouse.record_line import Record
from warehouse.stream import Staging
from warehouse.tables import ALERT_ACKNOWLEDGEMENTS, ALERT_DELIVERIES, ALERT_ROWS, ALERTS


def alert(record: Record, body: Body, staging: Staging) -> None:
    row = body.get("row") or {"row_id": body["alert_id"], "level": body["level"], "alerts": 1}
    what = (body["type"], body["level"], body["message"], body.get("pair_id"))
    is_over = body.get("is_over", False)
    staging.add(
        ALERTS,
        (body["alert_id"], record.time, *what, body.get("subject"), is_over, row["row_id"]),
    )
    staging.add(
        ALERT_ROWS,
        (
            row["row_id"],
            body["type"],
            body.get("pair_id"),
            body.get("subject"),
            row["level"],
            body["message"],
            row["alerts"],
            record.time,
            record.time,
            record.time if is_over else None,
        ),
    )


def acknowledged(record: Record, body: Body, staging: Staging) -> None:
    staging.add(ALERT_ACKNOWLEDGEMENTS, (body["row_id"], record.time, body["by"]))


def delivered(record: Record, body: Body, staging: Staging) -> None:
    alerts = sum(last - first + 1 for first, last in body["settled"])
    settled = orjson.dumps(body["settled"]).decode()
    how = (body["channel"], body["how"], alerts, settled, body["attempts"], body["error"])
    staging.add(ALERT_DELIVERIES, (record.seq, record.time, *how))
