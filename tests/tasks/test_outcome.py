"""The answer to a signal."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest
from pydantic import ValidationError

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.outcome import Outcome, OutcomeLeg, OutcomeStatus
from tasks.signal import Direction

HEDGED = Outcome(
    signal_id="s-1",
    status=OutcomeStatus.HEDGED,
    pair_id="p0123456789ab",
    direction=Direction.LONG_PREMIUM,
    legs=(
        OutcomeLeg(
            venue=Venue.UPBIT,
            side=Side.BUY,
            quantity=Decimal("0.0000001"),
            average_price=Decimal("1E+8"),
            fee=Decimal("0.50"),
            fee_currency="KRW",
            client_order_ids=("kimp-p0123456789ab-s001",),
        ),
    ),
    premium_pct=Decimal("1.25"),
    timings_us={"gate": 40},
)


def test_json_has_the_agreed_shape_and_decimals_as_strings() -> None:
    assert HEDGED.to_json() == {
        "signal_id": "s-1",
        "status": "hedged",
        "reason": None,
        "pair_id": "p0123456789ab",
        "direction": "long_premium",
        "legs": [
            {
                "venue": "upbit",
                "side": "buy",
                "quantity": "0.0000001",
                "average_price": "100000000",
                "fee": "0.50",
                "fee_currency": "KRW",
                "client_order_ids": ["kimp-p0123456789ab-s001"],
            }
        ],
        "premium_pct": "1.25",
        "timings_us": {"gate": 40},
    }


def test_json_reads_back_the_same() -> None:
    duplicate = Outcome(signal_id="s-1", status=OutcomeStatus.DUPLICATE, first=HEDGED)

    again = Outcome.model_validate(orjson.loads(orjson.dumps(duplicate.to_json())))

    assert again == duplicate


@pytest.mark.parametrize(
    ("status", "fails"),
    [
        (OutcomeStatus.HEDGED, False),
        (OutcomeStatus.CLOSED, False),
        (OutcomeStatus.HELD, False),
        (OutcomeStatus.DENIED, False),
        (OutcomeStatus.FAILED, True),
        (OutcomeStatus.UNWOUND, True),
        (OutcomeStatus.NAKED, True),
    ],
)
def test_a_duplicate_counts_as_its_first(status: OutcomeStatus, fails: bool) -> None:
    first = Outcome(signal_id="s-1", status=status)
    duplicate = Outcome(signal_id="s-1", status=OutcomeStatus.DUPLICATE, first=first)

    assert first.is_failure is fails
    assert duplicate.is_failure is fails
    assert duplicate.settled == first


def test_only_a_duplicate_carries_a_first() -> None:
    with pytest.raises(ValidationError):
        Outcome(signal_id="s-1", status=OutcomeStatus.DUPLICATE)
    with pytest.raises(ValidationError):
        Outcome(signal_id="s-1", status=OutcomeStatus.CLOSED, first=HEDGED)
