"""What is a signal, what is not, and the bytes under its signature."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.errors import BadSignal
from tasks.signal import (
    EXPECTED,
    Direction,
    Signal,
    SignalAction,
    canonical_bytes,
    parse_signal,
)

ENTER: dict[str, Any] = {
    "id": "s-1",
    "action": "ENTER",
    "symbol": "BTC",
    "quantity": "0.01",
    "created_at": "2026-01-31T09:30:00.25Z",
}
EXIT: dict[str, Any] = {
    "id": "s-2",
    "action": "EXIT",
    "symbol": "BTC",
    "created_at": "2026-01-31T09:30:00Z",
}


def without(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}


def test_an_entry_is_read_with_its_defaults() -> None:
    signal = parse_signal(orjson.dumps(ENTER))

    assert signal.action is SignalAction.ENTER
    assert signal.direction is Direction.LONG_PREMIUM
    assert signal.quantity == Decimal("0.01")
    assert signal.ttl_ms == 3_000
    assert signal.created_at == datetime(2026, 1, 31, 9, 30, 0, 250_000, UTC)
    assert signal.signature is None


def test_an_exit_needs_no_size() -> None:
    assert parse_signal(EXIT | {"pair_id": "p0123456789ab"}).pair_id == "p0123456789ab"
    assert parse_signal(EXIT).pair_id is None


def test_a_json_number_is_its_shortest_decimal_text() -> None:
    signal = parse_signal(
        b'{"id":"s","action":"ENTER","symbol":"BTC","quantity":0.10,"created_at":'
        b'"2026-01-31T09:30:00Z","premium_limit_pct":1e-2}'
    )

    assert signal.quantity == Decimal("0.1")
    assert signal.premium_limit_pct == Decimal("0.01")


@pytest.mark.parametrize("quantity", ["0.01", "0.0100", "1e-2", ".01", "+0.01", 0.01])
def test_canonical_bytes_do_not_depend_on_how_a_decimal_was_written(quantity: object) -> None:
    assert canonical_bytes(parse_signal(ENTER | {"quantity": quantity})) == (
        b'{"action":"ENTER","created_at":"2026-01-31T09:30:00.250000Z",'
        b'"direction":"long_premium","id":"s-1","quantity":"0.01","symbol":"BTC","ttl_ms":3000}'
    )


def test_canonical_bytes_do_not_depend_on_the_offset_nulls_or_order() -> None:
    other = {
        "created_at": "2026-01-31T18:30:00.250+09:00",
        "strategy": None,
        "ttl_ms": 3_000,
        "direction": "long_premium",
        **without(ENTER, "created_at"),
    }

    assert canonical_bytes(parse_signal(other)) == canonical_bytes(parse_signal(ENTER))


def test_canonical_bytes_hold_every_field_but_the_signature() -> None:
    full = ENTER | {
        "direction": "short_premium",
        "premium_limit_pct": -1.5,
        "max_slippage_bps": 20,
        "ttl_ms": 5_000,
        "strategy": 'a "b"/c',
        "key_id": "alpha",
        "signature": "ab",
    }

    assert canonical_bytes(parse_signal(full)) == (
        b'{"action":"ENTER","created_at":"2026-01-31T09:30:00.250000Z",'
        b'"direction":"short_premium","id":"s-1","key_id":"alpha","max_slippage_bps":20,'
        b'"premium_limit_pct":"-1.5","quantity":"0.01","strategy":"a \\"b\\"/c","symbol":"BTC",'
        b'"ttl_ms":5000}'
    )


def test_every_field_has_its_sentence() -> None:
    assert set(EXPECTED) == set(Signal.model_fields)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (ENTER | {"quantity": "-1"}, 'quantity: expected a positive decimal, got "-1"'),
        (ENTER | {"quantity": "0.00"}, "quantity: expected a positive decimal"),
        (ENTER | {"quantity": "1_0"}, 'quantity: expected a positive decimal, got "1_0"'),
        (ENTER | {"quantity": "NaN"}, "quantity: expected a positive decimal"),
        (ENTER | {"quantity": float("inf")}, "quantity: expected a positive decimal"),
        (ENTER | {"quantity": True}, "quantity: expected a positive decimal, got true"),
        (ENTER | {"quantity": "1e999"}, "quantity: expected a positive decimal"),
        (ENTER | {"quantity": "0.0000000000001"}, "quantity: expected a positive decimal"),
        (ENTER | {"quantity": 10**5_000}, "quantity: expected a positive decimal, got a int"),
        (
            ENTER | {"notional_krw": 1},
            "quantity: expected exactly one of quantity and notional_krw",
        ),
        (without(ENTER, "quantity"), "quantity: expected exactly one of quantity and notional_krw"),
        (ENTER | {"pair_id": "p0123456789ab"}, "pair_id: expected only with EXIT"),
        (EXIT | {"quantity": 1}, "quantity: expected only with ENTER"),
        (EXIT | {"premium_limit_pct": 1}, "premium_limit_pct: expected only with ENTER"),
        (EXIT | {"pair_id": "1"}, 'pair_id: expected "p" and 12 hexadecimal digits, got "1"'),
        (ENTER | {"id": "a b"}, "id: expected 1 to 64 printable ASCII characters without spaces"),
        (ENTER | {"id": "x" * 65}, "id: expected 1 to 64"),
        (ENTER | {"id": 7}, "id: expected 1 to 64"),
        (
            without(ENTER, "id"),
            "id: expected 1 to 64 printable ASCII characters without spaces, but",
        ),
        (ENTER | {"action": "BUY"}, 'action: expected ENTER or EXIT, got "BUY"'),
        (ENTER | {"symbol": "btc"}, "symbol: expected an upper-case coin name"),
        (ENTER | {"symbol": "BTC\n"}, "symbol: expected an upper-case coin name"),
        (ENTER | {"direction": "up"}, "direction: expected long_premium or short_premium"),
        (ENTER | {"ttl_ms": 0}, "ttl_ms: expected a whole number from 1 to 60000, got 0"),
        (ENTER | {"ttl_ms": 60_001}, "ttl_ms: expected"),
        (ENTER | {"ttl_ms": "3000"}, "ttl_ms: expected"),
        (ENTER | {"max_slippage_bps": 1_001}, "max_slippage_bps: expected"),
        (ENTER | {"created_at": "2026-01-31T09:30:00"}, "created_at: expected an ISO-8601 time"),
        (ENTER | {"created_at": 1_700_000_000}, "created_at: expected an ISO-8601 time"),
        (ENTER | {"key_id": "../x"}, "key_id: expected 1 to 64 letters"),
        (ENTER | {"size": 1}, "size: expected one of id, action"),
        (ENTER | {5: 1}, "5: expected one of id, action"),
    ],
)
def test_a_bad_field_gets_one_sentence_that_names_it(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadSignal) as caught:
        parse_signal(fields)

    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'"x"', b"\xff", b"{"])
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(BadSignal, match=r"^signal: expected a JSON object, got "):
        parse_signal(data)


def test_a_signal_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        parse_signal(ENTER).quantity = Decimal(2)  # type: ignore[misc]


amounts = st.decimals(min_value="0.000001", max_value=10**9, places=6)


@given(
    quantity=amounts,
    created_at=st.datetimes(timezones=st.timezones(), min_value=datetime(2000, 1, 1)),  # noqa: DTZ001
    strategy=st.none()
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=64),
)
def test_what_is_written_reads_back_the_same(
    quantity: Decimal, created_at: datetime, strategy: str | None
) -> None:
    signal = Signal.model_validate(
        ENTER | {"quantity": quantity, "created_at": created_at, "strategy": strategy}
    )

    again = parse_signal(orjson.dumps(signal.to_json()))

    assert again == signal
    assert canonical_bytes(again) == canonical_bytes(signal)
    assert parse_signal(canonical_bytes(signal)) == signal
