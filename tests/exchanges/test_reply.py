"""Whatever a venue sends becomes an exact value or a BadReply."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.decimal_json import parse_json, plain
from exchanges.errors import BadReply
from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.order import OrderReport, OrderStatus
from exchanges.reply import Fields, consistent, document, quoted, to_decimal
from exchanges.side import Side

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def row(value: object) -> Fields:
    return Fields(Venue.UPBIT, "row", {"x": value})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"0.1", Decimal("0.1")),
        (b"12345678901234567890.123456789", Decimal("12345678901234567890.123456789")),
        (b"1E-8", Decimal("1E-8")),
        (b"61500000", 61500000),
    ],
)
def test_json_numbers_are_read_exactly(body: bytes, expected: object) -> None:
    assert parse_json(body) == expected
    assert not isinstance(parse_json(body), float)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"NaN", b"[Infinity]", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000]
)
def test_what_is_no_json_is_a_bad_reply(body: bytes) -> None:
    with pytest.raises(BadReply):
        document(Venue.UPBIT, "accounts", body)


@given(st.binary())
def test_any_bytes_are_a_document_or_a_bad_reply(body: bytes) -> None:
    with suppress(BadReply):
        document(Venue.UPBIT, "accounts", body)


@pytest.mark.parametrize(
    "value",
    [None, True, 0.5, "", "abc", "NaN", "Infinity", "1E+60", "1E-60", [], {}, 10**70],
)
def test_what_is_no_sane_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(BadReply, match=r"row\.x: expected a number"):
        row(value).decimal("x")


@pytest.mark.parametrize("value", [True, "1", Decimal(1), 1.0, None])
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(BadReply, match="whole number"):
        row(value).integer("x")


@pytest.mark.parametrize("value", ["2026-01-01T00:00:00", "soon", "9999-12-31T23:59:59-12:00", 5])
def test_time_without_offset_or_sense_is_refused(value: object) -> None:
    with pytest.raises(BadReply, match=r"row\.x"):
        row(value).iso_time("x")


def test_korean_time_becomes_utc() -> None:
    assert row("2025-08-09T16:32:26+09:00").iso_time("x") == datetime(
        2025, 8, 9, 7, 32, 26, tzinfo=UTC
    )


@pytest.mark.parametrize("value", [10**30, -(10**30)])
def test_time_beyond_all_calendars_is_refused(value: int) -> None:
    with pytest.raises(BadReply, match="milliseconds"):
        row(value).milliseconds("x")


@pytest.mark.parametrize(("value", "accepted"), [("0.001", True), ("0", False), ("1E-13", False)])
def test_step_is_above_zero_and_not_too_fine(value: str, accepted: bool) -> None:
    if accepted:
        assert row(value).step("x") == Decimal(value)
    else:
        with pytest.raises(BadReply, match="step"):
            row(value).step("x")


@given(JSON)
def test_any_value_reads_as_a_finite_number_or_as_none(value: object) -> None:
    number = to_decimal(value)

    assert number is None or number.is_finite()


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_plain_text_has_the_same_value_and_no_exponent(value: Decimal) -> None:
    text = plain(value)

    assert Decimal(text) == value
    assert "e" not in text.lower()
    assert not (("." in text) and text.endswith(("0", ".")))


def test_quoted_words_hold_no_key_and_no_line_break() -> None:
    key = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"

    assert quoted(f"Invalid key\n {key} sent.") == "Invalid key … sent."
    assert len(quoted("word " * 200)) == 201


NOW = datetime(2026, 11, 2, tzinfo=UTC)
BOUGHT = Fill("t", "v", None, "BTC", Side.BUY, Decimal(10), Decimal(2), Decimal(0), "KRW", NOW)
ORDER = OrderReport(
    "c", "v", "BTC", Side.BUY, OrderStatus.PARTIALLY_FILLED, Decimal(3), Decimal(2), NOW, (BOUGHT,)
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"venue_order_id": ""}, "an id"),
        ({"venue_order_id": "9" * 400}, "an id"),
        ({"filled": Decimal(4)}, "no more executed than ordered"),
        ({"status": OrderStatus.FILLED}, "executed in full"),
        (
            {"status": OrderStatus.FILLED, "quantity": Decimal(0), "filled": Decimal(0)},
            "executed something",
        ),
        ({"side": Side.SELL}, "of its side"),
        ({"fills": (BOUGHT, replace(BOUGHT, trade_id="u"))}, "no more than was ordered"),
    ],
)
def test_order_that_contradicts_itself_is_a_bad_reply(
    change: dict[str, Any], expected: str
) -> None:
    with pytest.raises(BadReply, match=expected):
        consistent(Venue.UPBIT, replace(ORDER, **change))


def test_order_whose_trades_are_not_all_known_is_none_that_contradicts_itself() -> None:
    assert consistent(Venue.UPBIT, replace(ORDER, fills=())).filled == 2
    assert consistent(Venue.UPBIT, replace(ORDER, status=OrderStatus.CANCELLED)).fills == (BOUGHT,)


def test_half_of_a_character_is_no_text() -> None:
    with pytest.raises(BadReply, match="expected text"):
        row("\ud800").text("x")

    assert row("김치").text("x") == "김치"
