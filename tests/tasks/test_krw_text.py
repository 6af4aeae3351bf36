"""Amounts of KRW for people."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasks.krw_text import krw_text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("12345.5", "12,346"),
        ("-12345678", "−12,345,678"),
        ("99.994", "99.99"),
        ("-0.3", "−0.30"),
        ("100", "100"),
        ("0", "0"),
        ("-0.00", "0"),
        ("1E+6", "1,000,000"),
    ],
)
def test_large_amounts_are_whole_and_small_ones_exact(amount: str, text: str) -> None:
    assert krw_text(Decimal(amount)) == text
