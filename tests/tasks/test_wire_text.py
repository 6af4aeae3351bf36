"""Decimals and times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.wire_text import decimal_text, read_utc, short_decimal_text, utc_text


@pytest.mark.parametrize(
    ("value", "kept", "short"),
    [
        ("0.0000001", "0.0000001", "0.0000001"),
        ("1E+3", "1000", "1000"),
        ("0.10", "0.10", "0.1"),
        ("100", "100", "100"),
        ("-0.00", "-0.00", "0"),
        ("5.000", "5.000", "5"),
    ],
)
def test_decimals_are_written_without_exponent(value: str, kept: str, short: str) -> None:
    assert decimal_text(Decimal(value)) == kept
    assert short_decimal_text(Decimal(value)) == short


def test_times_are_written_in_utc_with_six_digits() -> None:
    seoul = timezone(timedelta(hours=9))
    assert utc_text(datetime(2026, 1, 31, 18, 30, tzinfo=seoul)) == "2026-01-31T09:30:00.000000Z"
    assert utc_text(datetime(1, 1, 2, tzinfo=UTC)) == "0001-01-02T00:00:00.000000Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_written_time_reads_back(moment: datetime) -> None:
    assert read_utc(utc_text(moment)) == moment


@pytest.mark.parametrize("text", ["2026-01-31T09:30:00", "soon", "0001-01-01T00:00:00+09:00"])
def test_a_time_that_is_not_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_utc(text)
