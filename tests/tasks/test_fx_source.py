"""The bank rate's source may say anything: it is a rate, or FxUnreadable and nothing else."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.transport import Interrupted, Request, Response
from tasks.errors import FxUnreadable
from tasks.fx_source import HIGHEST, LOWEST, FxSource, parse_crix

GOOD = b'[{"code":"FRX.KRWUSD","basePrice":1391.5,"timestamp":1769850000000}]'

numbers = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.decimals().map(str),
    st.sampled_from(["NaN", "sNaN", "Infinity", "1e999999999999999999999", "1391.5", "１３９１"]),
)
rows = st.fixed_dictionaries(
    {"code": st.just("FRX.KRWUSD"), "basePrice": numbers, "timestamp": numbers}
)


class Scripted:
    def __init__(self, answer: Response | Exception) -> None:
        self._answer = answer

    async def send(self, request: Request, *, timeout_s: float) -> Response:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("price", ["1391.5", '"1391.5"', "1391.50", "13915e-1"])
def test_the_rate_is_read_exactly(price: str) -> None:
    reading = parse_crix(GOOD.replace(b"1391.5", price.encode()), "bank")

    assert reading.krw_per_usd == Decimal("1391.5")
    assert reading.observed_at.isoformat() == "2026-01-31T09:00:00+00:00"
    assert reading.source == "bank"


@given(
    st.one_of(st.binary(), st.recursive(numbers, st.lists).map(lambda x: json.dumps(x).encode()))
)
def test_garbage_is_unreadable(body: bytes) -> None:
    with pytest.raises(FxUnreadable):
        parse_crix(body, "bank")


@given(rows)
def test_a_row_of_anything_is_a_sane_rate_or_unreadable(row: dict[str, object]) -> None:
    with suppress(FxUnreadable):
        assert LOWEST <= parse_crix(json.dumps([row]).encode(), "bank").krw_per_usd <= HIGHEST


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'[{"code":"FRX.KRWUSD","basePrice":NaN,"timestamp":1}]',
        b'[{"code":"FRX.KRWUSD","basePrice":1e999999999999999999999,"timestamp":1}]',
        b'[{"code":"FRX.KRWUSD","basePrice":' + b"9" * 5_000 + b',"timestamp":1}]',
        b'[{"code":"FRX.KRWUSD","basePrice":1391.' + b"3" * 500 + b',"timestamp":1}]',
        b'[{"code":"FRX.KRWUSD","basePrice":1391.5,"timestamp":1e30}]',
        b'[{"code":"FRX.KRWUSD","basePrice":1391.5}]',
        b'[{"code":"FRX.JPYUSD","basePrice":1391.5,"timestamp":1}]',
        b"\xff\xfe",
    ],
)
def test_hostile_answers_are_unreadable_with_a_short_sentence(body: bytes) -> None:
    with pytest.raises(FxUnreadable, match=r"^bank: ") as caught:
        parse_crix(body, "bank")
    assert len(str(caught.value)) < 200


async def test_an_answer_that_is_no_success_or_never_comes_is_unreadable() -> None:
    for answer in (Response(503, {}, GOOD), Interrupted("the line broke")):
        source = FxSource("http://bank/rates?codes=x", Scripted(answer), 1.0)
        with pytest.raises(FxUnreadable, match=r"^bank: "):
            await source.read()


async def test_a_good_answer_is_a_reading() -> None:
    source = FxSource("http://bank/rates?codes=x", Scripted(Response(200, {}, GOOD)), 1.0)
    assert (await source.read()).krw_per_usd == Decimal("1391.5")
