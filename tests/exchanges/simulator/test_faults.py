"""Which request takes which fault, and what cannot be set."""

from __future__ import annotations

from typing import Any

import pytest

from exchanges.instrument import Venue
from exchanges.simulator.faults import BadFault, Fault, FaultKind, Faults


def fault(endpoint: str, kind: FaultKind = FaultKind.LOSE_REPLY, times: int = 1) -> Fault:
    args = {"fraction": "0.5"} if kind is FaultKind.PARTIAL else {}
    return Fault(Venue.UPBIT, endpoint, kind, times, args)


@pytest.mark.parametrize(
    ("endpoint", "matches"),
    [
        ("*", True),
        ("POST /v1/orders", True),
        ("GET /v1/orders", False),
        ("POST /v1/orders/test", False),
        ("/v1/order", True),
        ("/v1/accounts", False),
    ],
)
def test_an_endpoint_is_a_call_a_prefix_or_everything(endpoint: str, matches: bool) -> None:
    faults = Faults()
    faults.add(fault(endpoint))

    assert (faults.take(Venue.UPBIT, "POST", "/v1/orders") is not None) is matches


def test_a_fault_stays_with_its_venue() -> None:
    faults = Faults()
    faults.add(fault("*"))

    assert faults.take(Venue.BINANCE, "POST", "/fapi/v1/order") is None


def test_the_oldest_fault_is_taken_first_and_counts_down() -> None:
    faults = Faults()
    faults.add(fault("*", FaultKind.LOSE_REPLY, times=2))
    faults.add(fault("*", FaultKind.LOSE_REQUEST))

    taken = [faults.take(Venue.UPBIT, "GET", "/v1/order") for _ in range(4)]

    assert [found.kind if found else None for found in taken] == [
        "lose_reply", "lose_reply", "lose_request", None,
    ]  # fmt: skip


def test_a_read_does_not_use_up_a_partial_fill() -> None:
    faults = Faults()
    faults.add(fault("*", FaultKind.PARTIAL))

    assert faults.take(Venue.UPBIT, "GET", "/v1/orderbook") is None
    assert faults.take(Venue.UPBIT, "POST", "/v1/orders") is not None


@pytest.mark.parametrize(
    ("venue", "kind", "args", "field"),
    [
        (Venue.UPBIT, FaultKind.DELAY, {}, "args.ms"),
        (Venue.UPBIT, FaultKind.DELAY, {"ms": True}, "args.ms"),
        (Venue.UPBIT, FaultKind.DELAY, {"ms": -1}, "args.ms"),
        (Venue.UPBIT, FaultKind.PARTIAL, {"fraction": "1"}, "args.fraction"),
        (Venue.UPBIT, FaultKind.PARTIAL, {"fraction": "NaN"}, "args.fraction"),
        (Venue.UPBIT, FaultKind.PARTIAL, {"fraction": []}, "args.fraction"),
        (Venue.UPBIT, FaultKind.PARTIAL, {"fraction": "0", "rests": 1}, "args.rests"),
        (Venue.BINANCE, FaultKind.PARTIAL, {"fraction": "0", "rests": True}, "args.rests"),
        (Venue.UPBIT, FaultKind.LOSE_REPLY, {"ms": 1}, "args.ms"),
        (Venue.UPBIT, FaultKind.REJECT, {"code": -2019}, "args.code"),
        (Venue.BINANCE, FaultKind.REJECT, {"code": "insufficient"}, "args.code"),
    ],
)
def test_bad_args_are_refused_when_the_fault_is_set(
    venue: Venue, kind: FaultKind, args: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadFault, match=f"^{field}: "):
        Fault(venue, "*", kind, 1, args)
