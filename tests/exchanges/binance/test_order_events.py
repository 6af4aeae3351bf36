from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from exchanges.binance.markets import perpetual, perpetual_named
from exchanges.binance.order_events import order_update
from exchanges.binance.stream_frames import event_of
from exchanges.order import OrderReport, OrderStatus
from tests.exchanges.binance import samples

NO_TRADE: dict[str, Any] = {"x": "NEW", "X": "NEW", "l": "0", "z": "0", "L": "0", "t": 0}


def report_of(**changes: Any) -> OrderReport:
    return order_update(event_of(json.dumps(samples.order_event(**changes))), perpetual("BTC"))


def test_trade_is_told_with_price_quantity_and_fee() -> None:
    report = report_of()

    (fill,) = report.fills
    assert (report.client_order_id, report.venue_order_id) == ("kimp-p1-p001", "22542179")
    assert (report.status, report.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.006"))
    assert (fill.trade_id, fill.client_order_id) == ("698759", "kimp-p1-p001")
    assert (fill.price, fill.quantity) == (Decimal("60000.10"), Decimal("0.006"))
    assert (fill.fee, fill.fee_currency) == (Decimal("0.18000030"), "USDT")


def test_later_trade_has_its_own_price_and_quantity_and_the_order_all_of_it() -> None:
    report = report_of(X="FILLED", l="0.004", z="0.010", L="60010.10", ap="60004.10")

    (fill,) = report.fills
    assert (fill.price, fill.quantity) == (Decimal("60010.10"), Decimal("0.004"))
    assert (report.filled, report.quantity) == (Decimal("0.010"), Decimal("0.010"))


def test_commission_asset_without_a_commission_costs_nothing() -> None:
    event = samples.order_event()
    del event["o"]["n"]

    (fill,) = order_update(event_of(json.dumps(event)), perpetual("BTC")).fills

    assert (fill.fee, fill.fee_currency) == (Decimal(0), "USDT")


def test_trade_without_commission_costs_nothing() -> None:
    event = samples.order_event()
    del event["o"]["n"], event["o"]["N"]

    (fill,) = order_update(event_of(json.dumps(event)), perpetual("BTC")).fills

    assert (fill.fee, fill.fee_currency) == (Decimal(0), "USDT")


def test_commission_in_another_coin_is_told_as_the_venue_took_it() -> None:
    (fill,) = report_of(N="BNB", n="0.00027").fills

    assert (fill.fee, fill.fee_currency) == (Decimal("0.00027"), "BNB")


@pytest.mark.parametrize(
    ("execution", "status", "expected"),
    [
        ("NEW", "NEW", OrderStatus.NEW),
        ("AMENDMENT", "NEW", OrderStatus.NEW),
        ("CANCELED", "CANCELED", OrderStatus.CANCELLED),
        ("EXPIRED", "EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED", "EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
        ("REJECTED", "REJECTED", OrderStatus.REJECTED),
    ],
)
def test_event_without_a_trade_tells_the_state(
    execution: str, status: str, expected: OrderStatus
) -> None:
    report = report_of(**{**NO_TRADE, "x": execution, "X": status})

    assert (report.status, report.filled) == (expected, Decimal(0))
    assert report.fills == ()


def test_forced_closing_is_a_trade_like_any_other() -> None:
    report = report_of(x="CALCULATED", X="FILLED", c="autoclose-1793588645123", l="0.01", z="0.01")

    assert report.fills_complete
    assert report.status is OrderStatus.FILLED


def test_execution_without_a_trade_id_leaves_the_trades_to_the_trade_list() -> None:
    report = report_of(x="CALCULATED", t=0)

    assert report.filled == Decimal("0.006")
    assert report.fills == ()
    assert not report.fills_complete


@pytest.mark.parametrize("native", ["BTCUSDT_261225", "BTCUSDC", "BTCUSD_PERP", "USDT", ""])
def test_market_of_another_kind_is_none_of_ours(native: str) -> None:
    assert perpetual_named(native) is None


def test_market_is_named_both_ways() -> None:
    assert perpetual_named("1000PEPEUSDT") == perpetual("1000PEPE")
