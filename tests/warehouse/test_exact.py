"""Money goes into the books and comes out the same, or does not go in."""

from __future__ import annotations

from decimal import Context, Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.exact import money_text, plain_text, ratio_text

FITTING = st.integers(-(10**38) + 1, 10**38 - 1).map(
    lambda units: Decimal(units).scaleb(-18, Context(prec=60))
)
"""Every value that a DECIMAL(38, 18) column has."""


@pytest.fixture(scope="module")
def column() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE amounts (amount DECIMAL(38, 18))")
    return connection


def booked(column: duckdb.DuckDBPyConnection, text: str) -> Decimal:
    column.execute("DELETE FROM amounts")
    column.execute("INSERT INTO amounts VALUES (?)", [text])
    row = column.execute("SELECT amount FROM amounts").fetchone()
    assert row is not None
    value = row[0]
    assert isinstance(value, Decimal)
    return value


@settings(max_examples=200, deadline=None)
@given(amount=FITTING, style=st.sampled_from(["plain", "scientific", "zeros"]))
def test_any_amount_in_range_comes_back_exactly(
    column: duckdb.DuckDBPyConnection, amount: Decimal, style: str
) -> None:
    text = {
        "plain": format(amount, "f"),
        "scientific": format(amount, "E"),
        "zeros": format(amount, "f") + "000",
    }[style]

    assert booked(column, money_text(text)) == amount


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_money_either_keeps_its_value_or_is_refused(amount: Decimal) -> None:
    wide = Context(prec=5000)
    units = wide.scaleb(amount, 18)
    fits = wide.abs(amount) < 10**20 and units == units.to_integral_value()

    if fits:
        assert Decimal(money_text(str(amount))) == amount
    else:
        with pytest.raises(ValueError):
            money_text(str(amount))


@pytest.mark.parametrize("text", ["", "1,5", "NaN", "Infinity", "-Infinity", "0x1", "1e30", "1 2"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        money_text(text)
    with pytest.raises(ValueError):
        ratio_text(text)


def test_a_percentage_of_any_length_is_cut_to_18_decimals(
    column: duckdb.DuckDBPyConnection,
) -> None:
    quotient = "-2.0408163265306122448979591836735"

    assert booked(column, ratio_text(quotient)) == Decimal("-2.040816326530612244")
    assert booked(column, ratio_text("9E-19")) == 0
    assert booked(column, ratio_text("1.5E-3")) == Decimal("0.0015")


@given(FITTING)
def test_plain_text_keeps_every_digit_that_counts(amount: Decimal) -> None:
    text = plain_text(amount)

    assert Decimal(text) == amount
    assert "E" not in text
    assert text == "0" or not ("." in text and text.endswith("0"))


def test_the_migrations_hold_money_in_that_type_only() -> None:
    folder = Path(__file__).parents[2] / "warehouse" / "migrations"
    sql = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.sql"))

    assert "DOUBLE" not in sql
    assert "FLOAT" not in sql
    assert sql.count("DECIMAL(") == sql.count("DECIMAL(38, 18)")
