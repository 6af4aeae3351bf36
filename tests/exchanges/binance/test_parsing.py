"""Binance's replies become exact values, and whatever else comes becomes BadReply."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.account import Balance, Position
from exchanges.binance import parsing
from exchanges.binance.depth import depth_event, parse_snapshot, touch
from exchanges.binance.markets import perpetual
from exchanges.binance.order_events import market_name, order_update
from exchanges.binance.stream_frames import event_of
from exchanges.book import Book, Level
from exchanges.errors import BadReply
from exchanges.funding import FundingPayment
from exchanges.order import OrderStatus
from exchanges.rules import Rules, TickBand
from exchanges.side import Side
from tests.exchanges.binance import samples
from tests.exchanges.test_reply import JSON

AT = datetime(2026, 11, 2, 3, 4, 5, 123000, tzinfo=UTC)


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


def parse_order(**changes: Any) -> Any:
    return parsing.parse_order(dump(samples.order(**changes)), "BTC", "BTCUSDT")


def test_balances_are_wallet_and_available() -> None:
    assert parsing.parse_balances(dump(samples.BALANCES)) == (
        Balance("USDT", Decimal("1000.12345678"), Decimal("400.5")),
    )


def test_short_position_is_negative_and_a_zero_price_is_none() -> None:
    assert parsing.parse_position(dump([samples.POSITION]), "BTC", "BTCUSDT") == Position(
        "BTC",
        Decimal("-0.012"),
        Decimal("60000.1"),
        Decimal("60100.2"),
        None,
        Decimal("-1.2012"),
    )


@pytest.mark.parametrize(("told", "margin"), [("0", None), ("2500.05", Decimal("2500.05"))])
def test_isolated_position_has_a_margin_of_its_own(told: str, margin: Decimal | None) -> None:
    rows = [{**samples.POSITION, "isolatedWallet": told}]

    assert parsing.parse_position(dump(rows), "BTC", "BTCUSDT").isolated_margin == margin


@pytest.mark.parametrize(
    "rows",
    [[], [{**samples.POSITION, "positionAmt": "0"}]],
)
def test_absent_or_zero_row_is_flat(rows: list[dict[str, Any]]) -> None:
    position = parsing.parse_position(dump(rows), "BTC", "BTCUSDT")

    assert position == Position("BTC", Decimal(0), None, None, None, Decimal(0))


def test_position_of_another_market_is_not_a_flat_one() -> None:
    rows = [{**samples.POSITION, "symbol": "ETHUSDT"}]

    with pytest.raises(BadReply, match="symbol: expected BTCUSDT"):
        parsing.parse_position(dump(rows), "BTC", "BTCUSDT")


def test_position_of_hedge_mode_is_refused_in_words() -> None:
    rows = [{**samples.POSITION, "positionSide": "SHORT", "positionAmt": "0"}]

    with pytest.raises(BadReply) as caught:
        parsing.parse_position(dump(rows), "BTC", "BTCUSDT")

    assert str(caught.value) == (
        "binance: the account is in hedge mode, and the desk trades one-way: "
        "switch its position mode first"
    )


def test_book_is_read_exactly_and_empty_levels_are_left_out() -> None:
    book = parsing.parse_book(dump(samples.DEPTH), "BTC", 7.0)

    assert book == Book(
        "BTC",
        (Level(Decimal("60000.10"), Decimal("1.5")), Level(Decimal("59999.90"), Decimal(2))),
        (Level(Decimal("60000.20"), Decimal("0.001")), Level(Decimal("60000.30"), Decimal(3))),
        AT,
        7.0,
    )


@pytest.mark.parametrize(
    "bids",
    [[["1", "1"], ["2", "1"]], [["1"]], ["1"], [["-1", "1"]], [["1", "-1"]], [[1.5, "x"]], {}],
)
def test_book_that_is_none_is_a_bad_reply(bids: object) -> None:
    with pytest.raises(BadReply):
        parsing.parse_book(dump({**samples.DEPTH, "bids": bids}), "BTC", 7.0)


def test_rules_take_the_stricter_lot_filter() -> None:
    rules = parsing.parse_rules(
        dump(samples.EXCHANGE_INFO), dump(samples.COMMISSION), "BTC", "BTCUSDT"
    )

    assert rules == Rules(
        symbol="BTC",
        tick_bands=(TickBand(Decimal(0), Decimal("0.10")),),
        quantity_step=Decimal("0.002"),
        min_quantity=Decimal("0.004"),
        max_market_quantity=Decimal(120),
        min_notional=Decimal(50),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
        is_trading=True,
    )


def test_a_market_in_any_other_status_does_not_trade() -> None:
    halted = dump(samples.EXCHANGE_INFO).replace(b'"TRADING"', b'"SETTLING"')
    assert not parsing.parse_rules(halted, dump(samples.COMMISSION), "BTC", "BTCUSDT").is_trading


@pytest.mark.parametrize("native", ["SOLUSDT", "ETHUSDT"])
def test_market_that_is_not_listed_or_has_no_filters_is_a_bad_reply(native: str) -> None:
    with pytest.raises(BadReply, match="exchangeInfo"):
        parsing.parse_rules(dump(samples.EXCHANGE_INFO), dump(samples.COMMISSION), "X", native)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("NEW", OrderStatus.NEW),
        ("PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELLED),
        ("EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
        ("REJECTED", OrderStatus.REJECTED),
    ],
)
def test_status_has_our_name(status: str, expected: OrderStatus) -> None:
    assert parse_order(status=status).status is expected


def test_order_reply_has_quantities_and_no_price() -> None:
    report = parse_order()

    assert (report.quantity, report.filled) == (Decimal("0.010"), Decimal("0.010"))
    assert (report.side, report.venue_order_id) == (Side.SELL, "22542179")
    assert report.updated_at == AT
    assert report.fills == ()
    assert not report.fills_complete


def test_trades_complete_the_report_and_carry_our_id() -> None:
    foreign = samples.trade(id=1, orderId=5)
    fills = parsing.parse_fills(dump([foreign, *samples.TRADES]), "BTC", "BTCUSDT")

    report = parsing.with_fills(parse_order(), fills)

    assert [fill.trade_id for fill in report.fills] == ["698759", "698760"]
    assert {fill.client_order_id for fill in report.fills} == {"kimp-p1-p001"}
    assert report.fills_complete
    assert report.value == Decimal("600.0006")
    assert report.fee_in("USDT") == Decimal("0.3000003")


@pytest.mark.parametrize(
    ("ordered", "before", "after"),
    [
        ("0.010", "PARTIALLY_FILLED", OrderStatus.FILLED),
        ("0.012", "PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        ("0.012", "CANCELED", OrderStatus.CANCELLED),
    ],
)
def test_order_that_has_traded_since_it_was_told_is_as_its_trades_say(
    ordered: str, before: str, after: OrderStatus
) -> None:
    told = parse_order(origQty=ordered, executedQty="0.006", status=before)
    fills = parsing.parse_fills(dump(samples.TRADES), "BTC", "BTCUSDT")

    report = parsing.with_fills(told, fills)

    assert (report.status, report.filled) == (after, Decimal("0.010"))
    assert report.fills_complete


def test_echo_of_another_id_is_no_answer() -> None:
    with pytest.raises(BadReply, match="clientOrderId: expected kimp-other"):
        parsing.answering(parse_order(), "kimp-other")


def test_funding_is_signed_and_keyed_by_its_transaction() -> None:
    rows = [
        samples.income(time=1793606400000, tranId=2, income="0.5"),
        samples.income(tranId=1),
        samples.income(incomeType="COMMISSION", tranId=3),
        samples.income(symbol="ETHUSDT", tranId=4),
    ]

    payments = parsing.parse_funding(dump(rows), "BTC", "BTCUSDT", "FUNDING_FEE")

    assert set(payments) == {
        FundingPayment("1", "BTC", Decimal("-0.375"), "USDT", datetime(2026, 11, 2, tzinfo=UTC)),
        FundingPayment("2", "BTC", Decimal("0.5"), "USDT", datetime(2026, 11, 2, 8, tzinfo=UTC)),
    }


def test_special_funding_has_ids_of_its_own() -> None:
    row = samples.income(incomeType="SPECIAL_FUNDING_FEE", tranId=1)

    (payment,) = parsing.parse_funding(dump([row]), "BTC", "BTCUSDT", "SPECIAL_FUNDING_FEE")

    assert payment.transaction_id == "special-1"
    assert payment.amount == Decimal("-0.375")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"symbol": "ETHUSDT"}, "order.symbol: expected BTCUSDT"),
        ({"status": "LOST"}, "order.status: expected a known order status"),
        ({"side": "sell"}, "order.side: expected BUY or SELL"),
        ({"orderId": "22542179"}, "order.orderId: expected a whole number"),
        ({"executedQty": None}, "order.executedQty: expected a number"),
        ({"executedQty": "-1"}, "order.executedQty: expected a number not below 0"),
        ({"updateTime": "soon"}, "order.updateTime: expected a whole number"),
    ],
)
def test_bad_field_of_an_order_is_named(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadReply) as caught:
        parse_order(**change)

    assert caught.value.message == sentence


PARSERS: list[tuple[Callable[[bytes], object], Any]] = [
    (parsing.parse_time, {"serverTime": 1793588645123}),
    (parsing.parse_balances, samples.BALANCES),
    (lambda body: parsing.parse_position(body, "BTC", "BTCUSDT"), [samples.POSITION]),
    (lambda body: parsing.parse_book(body, "BTC", 0.0), samples.DEPTH),
    (
        lambda body: parsing.parse_rules(body, dump(samples.COMMISSION), "BTC", "BTCUSDT"),
        samples.EXCHANGE_INFO,
    ),
    (
        lambda body: parsing.parse_rules(dump(samples.EXCHANGE_INFO), body, "BTC", "BTCUSDT"),
        samples.COMMISSION,
    ),
    (lambda body: parsing.parse_order(body, "BTC", "BTCUSDT"), samples.order()),
    (parsing.parse_order_time, samples.order()),
    (lambda body: parsing.parse_orders(body, "BTC", "BTCUSDT"), [samples.order()]),
    (lambda body: parsing.parse_fills(body, "BTC", "BTCUSDT"), samples.TRADES),
    (
        lambda body: parsing.parse_funding(body, "BTC", "BTCUSDT", "FUNDING_FEE"),
        [samples.income()],
    ),
    (parse_snapshot, samples.DEPTH),
    (lambda body: depth_event(event_of(body)), {"data": samples.DEPTH_EVENT}),
    (lambda body: touch(event_of(body)), samples.TOUCH),
    (lambda body: order_update(event_of(body), perpetual("BTC")), samples.order_event()),
    (lambda body: market_name(event_of(body)), samples.order_event()),
]


@pytest.mark.parametrize("parser", [parser for parser, _ in PARSERS])
@settings(max_examples=40)
@given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_understood_or_a_bad_reply(
    parser: Callable[[bytes], object], body: bytes
) -> None:
    with suppress(BadReply):
        parser(body)


@pytest.mark.parametrize(("parser", "valid"), PARSERS)
@settings(max_examples=40)
@given(data=st.data())
def test_any_change_to_a_valid_body_is_understood_or_a_bad_reply(
    parser: Callable[[bytes], object], valid: Any, data: st.DataObject
) -> None:
    body = json.loads(json.dumps(valid))
    place: Any = body
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if isinstance(inner, dict | list) and inner and data.draw(st.booleans()):
            place = inner
            continue
        place[key] = data.draw(JSON | st.decimals().map(str))
        break

    with suppress(BadReply):
        parser(json.dumps(body).encode())
