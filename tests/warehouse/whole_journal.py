"""Journals with every type of record, for comparing whole books."""

from __future__ import annotations

from datetime import timedelta

from tests.warehouse.examples import START, Entry, closed_pair, decided, premium, received, utc
from tests.warehouse.mishaps import adoption, exposure, margin, reopened_pair
from warehouse.records import RecordType


def surroundings() -> list[Entry]:
    """One record of each type that stands beside the pairs."""
    at = utc(START)
    return [
        premium(),
        (
            RecordType.FX_RATE,
            {"source": "crix", "pair": "USDKRW", "rate": "1390.5", "observed_at": at},
        ),
        (
            RecordType.BALANCE,
            {"venue": "upbit", "currency": "KRW", "total": "9000000", "available": "8000000.5"},
        ),
        (
            RecordType.FUNDING,
            {
                "venue": "binance",
                "transaction_id": "77",
                "symbol": "BTC",
                "amount": "-0.0712",
                "currency": "USDT",
                "time": at,
            },
        ),
        (
            RecordType.RECONCILIATION,
            {
                "reconciliation_id": "r1",
                "agreed": False,
                "differences": [
                    {
                        "kind": "position",
                        "venue": "binance",
                        "symbol": "BTC",
                        "journal": "-0.010",
                        "venue_says": "0",
                        "difference": "0.010",
                        "explained": None,
                    }
                ],
            },
        ),
        (
            RecordType.ALERT,
            {
                "alert_id": "a1",
                "type": "ONE_LEG",
                "level": "critical",
                "message": "the perpetual leg is missing",
                "pair_id": "p1",
            },
        ),
        *alerts_of_an_outage(),
        (
            RecordType.HEALTH,
            {"ok": True, "components": {"upbit": {"ok": True, "detail": "circuit closed"}}},
        ),
        exposure("p0-1"),
        adoption("x1"),
        margin(),
        (RecordType.CIRCUIT, {"venue": "upbit", "state": "open", "since": at}),
        (RecordType.SWITCH, {"switch": "kill", "reason": "drill", "liquidate": False}),
    ]


def alerts_of_an_outage() -> list[Entry]:
    """One row of three alerts: lost, lost again, back; seen by a person, told in Slack."""
    said = {"type": "API_CONNECTION_LOST", "pair_id": None, "subject": "upbit"}
    alerts = [
        {
            **said,
            "alert_id": f"a{number}",
            "level": level,
            "message": f"number {number}",
            "is_over": number == 4,
            "row": {"row_id": "a2", "level": "critical", "alerts": number - 1},
        }
        for number, level in ((2, "warning"), (3, "critical"), (4, "info"))
    ]
    seen = (RecordType.ALERT_ACKNOWLEDGED, {"row_id": "a2", "by": "Kim"})
    told = {"channel": "slack", "settled": [[1, 2], [4, 4]], "how": "sent", "attempts": 3}
    return [
        *((RecordType.ALERT, alert) for alert in alerts[:2]),
        seen,
        (RecordType.ALERT, alerts[2]),
        (RecordType.ALERTS_DELIVERED, {**told, "error": None}),
    ]


def denials() -> list[Entry]:
    """Two denied entries for one reason and a refused exit."""
    return [
        received("d1"),
        decided("d1", "denied", "premium_too_high: 3.2 % is above the limit of 3 %"),
        received("d2"),
        decided("d2", "denied", "premium_too_high: 3.3 % is above the limit of 3 %"),
        received("h1", action="exit"),
        decided("h1", "held", "not_in_profit: closing now would lose 1,200 KRW", pair_id="p1"),
    ]


def everything(pairs: int) -> list[Entry]:
    """So many closed pairs, seven hours apart, and one of all else: for comparing whole books."""
    lives = (closed_pair(f"p{place}", START + timedelta(hours=7 * place)) for place in range(pairs))
    reopened = reopened_pair("reopened", START + timedelta(minutes=30))
    return [*(entry for life in lives for entry in life), *reopened, *surroundings(), *denials()]
