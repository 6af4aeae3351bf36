"""What ccxt's structures may not say."""

from __future__ import annotations

from typing import Any

import pytest

from exchanges.ccxt_adapter import unified
from exchanges.errors import BadReply
from exchanges.instrument import Venue
from exchanges.order import OrderStatus
from exchanges.reply import Fields

ORDER = {
    "id": "7",
    "clientOrderId": "kimp-1",
    "side": "buy",
    "status": "closed",
    "amount": "0.02",
    "filled": "0.02",
    "timestamp": 1_793_588_645_123,
}
TRADE = {
    "id": "1",
    "order": "7",
    "side": "buy",
    "price": "50000.5",
    "amount": "0.02",
    "fee": {"cost": "0.5", "currency": "USDT"},
    "timestamp": 1_793_588_645_123,
}


def row(values: dict[str, Any], **changes: Any) -> Fields:
    return Fields(Venue.BINANCE, "row", {**values, **changes})


def test_order_and_trade_are_read() -> None:
    assert unified.report_of(row(ORDER), "BTC").status is OrderStatus.FILLED
    assert unified.numbered_fill_of(row(TRADE), "BTC").trade_id == "1"


@pytest.mark.parametrize(
    "change", [{"filled": "0.03"}, {"filled": "0.01"}, {"filled": "-1"}, {"amount": None}]
)
def test_order_that_cannot_be_is_a_bad_reply(change: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        unified.report_of(row(ORDER, **change), "BTC")


@pytest.mark.parametrize(
    "change",
    [
        *({"id": name} for name in ("1.5", "x", "", "9" * 400, None)),
        *({"price": price} for price in ("NaN", "Infinity", "-1", "0", None)),
        *({"amount": amount} for amount in ("NaN", "-0.02", "0")),
    ],
    ids=str,
)
def test_trade_that_cannot_be_is_a_bad_reply(change: dict[str, Any]) -> None:
    with pytest.raises(BadReply):
        unified.numbered_fill_of(row(TRADE, **change), "BTC")


@pytest.mark.parametrize("level", [["-1", "1"], ["1", "-1"], ["NaN", "1"], ["1", "Infinity"], []])
def test_level_that_cannot_be_is_a_bad_reply(level: list[str]) -> None:
    book = {"bids": [level], "asks": [], "timestamp": 1_793_588_645_123}

    with pytest.raises(BadReply):
        unified.book_of(row(book), "BTC", 0.0)


def test_order_of_another_id_than_was_asked_for_is_a_bad_reply() -> None:
    report = unified.report_of(row(ORDER), "BTC")

    assert unified.of_id(Venue.BINANCE, report, "7") is report
    with pytest.raises(BadReply, match=r"order\.id"):
        unified.of_id(Venue.BINANCE, report, "8")
