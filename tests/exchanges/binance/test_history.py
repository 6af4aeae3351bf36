from __future__ import annotations

from decimal import Decimal

import pytest

from exchanges.errors import BadReply
from exchanges.order_tracking import OrderKey
from tests.exchanges.binance import samples
from tests.exchanges.binance.wired import NOW_MS, build, parameters
from tests.exchanges.scripted_transport import reply

DAY_MS = 86_400_000


async def test_trades_of_an_order_that_rested_for_weeks_are_asked_for_week_by_week() -> None:
    made = NOW_MS - 10 * DAY_MS
    exchange, wire, _ = build(
        reply(samples.order(time=made, updateTime=NOW_MS)),
        reply([samples.trade(time=made + DAY_MS)]),
        reply([samples.trade(id=698760, price="60000", qty="0.004", time=NOW_MS)]),
    )

    report = await exchange.order("BTC", "kimp-p1-p001")

    first, second = (parameters(request) for request in wire.requests[1:])
    assert report.fills_complete
    assert [fill.quantity for fill in report.fills] == [Decimal("0.006"), Decimal("0.004")]
    assert int(first["startTime"]) == made
    assert int(first["endTime"]) - int(first["startTime"]) <= 7 * DAY_MS
    assert second["startTime"] == first["endTime"]


async def test_order_of_more_trades_than_a_page_is_read_to_its_end() -> None:
    page = [
        samples.trade(id=number, qty="0.00001", time=NOW_MS + number // 100)
        for number in range(1_000)
    ]
    exchange, wire, _ = build(
        reply(samples.order(executedQty="0.01001", origQty="0.01001", time=NOW_MS)),
        reply(page),
        reply([page[-1], samples.trade(id=1_000, qty="0.00001", time=NOW_MS + 10)]),
    )

    report = await exchange.order("BTC", "kimp-p1-p001")

    assert len(report.fills) == 1_001
    assert report.fills_complete
    assert parameters(wire.requests[2])["startTime"] == str(NOW_MS + 9)


@pytest.mark.parametrize(
    "times", [{"time": 0}, {"time": NOW_MS, "updateTime": NOW_MS + 100 * 366 * DAY_MS}]
)
async def test_order_of_impossible_times_costs_no_question_for_each_week_of_them(
    times: dict[str, int],
) -> None:
    exchange, wire, _ = build(reply(samples.order(**times)), *[reply([])] * 20)

    report = await exchange.order("BTC", "kimp-p1-p001")

    assert not report.fills_complete
    assert len(wire.requests) <= 1 + 14


async def test_order_of_another_id_than_was_asked_for_is_a_bad_reply() -> None:
    exchange, _, _ = build(reply(samples.order(orderId=2)))

    with pytest.raises(BadReply, match="orderId: expected 1"):
        await exchange.read_order(OrderKey("BTC", "", "1"))
