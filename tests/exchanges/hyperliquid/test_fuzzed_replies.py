"""Whatever the venue answers, the adapter ends in a value or in an error of the protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.errors import ExchangeError
from exchanges.hyperliquid.adapter import HyperliquidPerpetual
from exchanges.transport import Response
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.test_parsing import altered
from tests.exchanges.hyperliquid.wired import RULES, SELL, build
from tests.exchanges.scripted_transport import reply
from tests.exchanges.test_reply import JSON

Call = Callable[[HyperliquidPerpetual], Awaitable[object]]
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
LAST_YEAR_MS = 253_402_300_799_000
"""The last second of year 9999, after which there are no more times."""

CALLS: list[tuple[Call, list[Any]]] = [
    (lambda exchange: exchange.order("BTC", samples.ID), [samples.order_status(), samples.FILLS]),
    (lambda exchange: exchange.open_orders("BTC"), [[samples.basic_order()]]),
    (lambda exchange: exchange.fills("BTC", SINCE), [samples.FILLS]),
    (lambda exchange: exchange.funding("BTC", SINCE), [[samples.funding()]]),
    (lambda exchange: exchange.balances(), [samples.STATE]),
    (lambda exchange: exchange.position("BTC"), [samples.STATE]),
    (lambda exchange: exchange.book("BTC"), [samples.BOOK]),
    (lambda exchange: exchange.server_time(), [samples.STATE]),
    (
        lambda exchange: exchange.rules("BTC"),
        [samples.META, samples.FEES, samples.RATE_LIMIT],
    ),
    (lambda exchange: exchange.cancel("BTC", samples.ID), [samples.META, samples.CANCELLED]),
]


def answered(call: Call, answers: list[Response]) -> None:
    async def run() -> None:
        exchange, _, _ = build(*answers, *[reply([])] * 3)
        with suppress(ExchangeError):
            await call(exchange)

    asyncio.run(run())


@settings(deadline=None)
@given(which=st.sampled_from(CALLS), data=st.data(), value=JSON, status=st.integers(200, 599))
def test_any_answers_are_a_value_or_an_error_of_the_protocol(
    which: tuple[Call, list[Any]], data: st.DataObject, value: object, status: int
) -> None:
    call, samples_ = which
    answers = [reply(each) for each in samples_]
    place = data.draw(st.sampled_from(range(len(answers))))
    body = altered(deepcopy(samples_[place]), data, value)
    answers[place] = reply(json.dumps(body).encode(), data.draw(st.sampled_from([200, status])))

    answered(call, answers)


@settings(deadline=None)
@given(data=st.data(), value=JSON, status=st.integers(200, 599))
def test_any_answer_to_an_order_is_a_report_or_an_error_of_the_protocol(
    data: st.DataObject, value: object, status: int
) -> None:
    sample = data.draw(st.sampled_from([samples.filled(), samples.resting(), samples.refused("?")]))
    body = json.dumps(altered(deepcopy(sample), data, value)).encode()
    answer = reply(body, data.draw(st.sampled_from([200, status])))

    async def submit(exchange: HyperliquidPerpetual) -> None:
        await exchange.rules("BTC")
        await exchange.submit(SELL)

    answered(submit, [*RULES, reply(samples.BOOK), answer])


@pytest.mark.parametrize("field", ["timestamp", "statusTimestamp"])
async def test_time_at_the_end_of_all_times_is_no_trouble(field: str) -> None:
    told = samples.order_status()
    where = told["order"] if field == "statusTimestamp" else told["order"]["order"]
    where[field] = LAST_YEAR_MS
    exchange, _, _ = build(reply(told), reply(samples.FILLS))

    report = await exchange.order("BTC", samples.ID)

    assert report.client_order_id == samples.ID
