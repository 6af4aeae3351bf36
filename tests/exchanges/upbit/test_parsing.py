"""Upbit's replies become exact values, and whatever else comes becomes BadReply."""

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
from exchanges.book import Book, Level
from exchanges.errors import BadReply
from exchanges.order import OrderStatus
from exchanges.rules import tick_at
from exchanges.side import Side
from exchanges.transport import Response
from exchanges.upbit import parsing
from tests.exchanges.test_reply import JSON
from tests.exchanges.upbit import samples

BOOK = parsing.parse_book(samples.ORDERBOOK, "BTC", "KRW-BTC", 7.0)


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


def parse_order(**changes: Any) -> Any:
    return parsing.parse_order(dump(samples.order(**changes)), "BTC", "KRW-BTC")


def test_balances_are_what_is_free_plus_what_is_locked() -> None:
    assert parsing.parse_balances(dump(samples.ACCOUNTS)) == (
        Balance("KRW", Decimal("1020010.5"), Decimal("1000000.5")),
        Balance("BTC", Decimal("0.12"), Decimal("0.1")),
    )


def test_position_is_the_coin_balance() -> None:
    assert parsing.parse_position(dump(samples.ACCOUNTS), "BTC") == Position(
        "BTC", Decimal("0.12"), Decimal("61500000.25"), None, None, Decimal(0)
    )


def test_coin_that_is_not_listed_is_not_held() -> None:
    assert parsing.parse_position(dump(samples.ACCOUNTS), "ETH").quantity == 0


def test_book_is_read_exactly_and_filler_levels_are_left_out() -> None:
    book = parsing.parse_book(samples.ORDERBOOK, "BTC", "KRW-BTC", 7.0)

    assert book == Book(
        "BTC",
        (
            Level(Decimal("61500000.0"), Decimal("0.3")),
            Level(Decimal(61499000), Decimal("0.00000002")),
        ),
        (
            Level(Decimal(61501000), Decimal("0.12345678")),
            Level(Decimal(61502000), Decimal("1.0")),
            Level(Decimal(61503000), Decimal("1.0")),
        ),
        datetime(2026, 11, 2, 3, 4, 5, 123000, tzinfo=UTC),
        7.0,
    )


def test_book_out_of_order_is_a_bad_reply() -> None:
    body = samples.ORDERBOOK.replace(b"61502000", b"61500500")

    with pytest.raises(BadReply, match="falling"):
        parsing.parse_book(body, "BTC", "KRW-BTC", 7.0)


def test_rules_take_the_dearer_fee_and_the_larger_minimum() -> None:
    rules = parsing.parse_rules(dump(samples.CHANCE), Decimal(1000), BOOK)

    assert (rules.maker_fee, rules.taker_fee) == (Decimal("0.0003"), Decimal("0.0006"))
    assert rules.min_notional == 5500
    assert rules.quantity_step == rules.min_quantity == Decimal("0.00000001")
    assert rules.max_market_quantity is None
    assert rules.is_trading
    assert rules.tick(Decimal(61_500_000)) == 1000
    assert rules.tick(Decimal(999_999)) == 500


def test_greatest_value_of_an_order_is_read_where_the_venue_names_it() -> None:
    named = dump(samples.CHANCE).replace(b'"active"', b'"active", "max_total": "1000000000"')

    assert parsing.parse_rules(named, Decimal(1000), BOOK).max_notional == 1_000_000_000
    assert parsing.parse_rules(dump(samples.CHANCE), Decimal(1000), BOOK).max_notional is None


def test_a_market_in_any_other_state_does_not_trade() -> None:
    halted = dump(samples.CHANCE).replace(b'"active"', b'"suspended"')
    assert not parsing.parse_rules(halted, Decimal(1000), BOOK).is_trading


def test_tick_of_the_venue_wins_over_the_ladder() -> None:
    tick = parsing.parse_tick(dump([{"market": "KRW-BTC", "tick_size": 500}]), "KRW-BTC")
    rules = parsing.parse_rules(dump(samples.CHANCE), tick, BOOK)

    assert tick_at(rules.tick_bands, Decimal(61_500_000)) == 500


def test_tick_that_cannot_be_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match=r"tick_size: the tick 7 does not divide"):
        parsing.parse_rules(dump(samples.CHANCE), Decimal(7), BOOK)


def test_acknowledgement_is_a_report_without_fills() -> None:
    report = parse_order()

    assert report.status is OrderStatus.NEW
    assert report.client_order_id == "kimp-p1-s001"
    assert report.side is Side.BUY
    assert (report.quantity, report.filled) == (Decimal("0.01"), Decimal(0))
    assert report.updated_at == datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)
    assert not report.is_terminal


@pytest.mark.parametrize(
    ("state", "executed", "expected"),
    [
        ("wait", "0", OrderStatus.NEW),
        ("watch", "0", OrderStatus.NEW),
        ("wait", "0.004", OrderStatus.PARTIALLY_FILLED),
        ("done", "0.01", OrderStatus.FILLED),
        ("cancel", "0", OrderStatus.CANCELLED),
        ("cancel", "0.004", OrderStatus.CANCELLED),
        ("cancel", "0.01", OrderStatus.FILLED),
    ],
)
def test_quantity_decides_over_the_state_name(
    state: str, executed: str, expected: OrderStatus
) -> None:
    assert parse_order(state=state, executed_volume=executed).status is expected


def test_market_buy_made_by_hand_has_the_quantity_that_it_bought() -> None:
    report = parse_order(
        ord_type="price", state="cancel", volume=None, executed_volume="0.0016", identifier=None
    )

    assert (report.quantity, report.filled) == (Decimal("0.0016"), Decimal("0.0016"))
    assert report.client_order_id == ""


def test_fills_share_the_fee_and_are_oldest_first() -> None:
    report = parsing.parse_order(dump(samples.FILLED), "BTC", "KRW-BTC")

    assert [(fill.trade_id, fill.price, fill.quantity, fill.fee) for fill in report.fills] == [
        ("t-1", Decimal(61501000), Decimal("0.006"), Decimal("184.503")),
        ("t-2", Decimal(61502000), Decimal("0.004"), Decimal("123.004")),
    ]
    assert report.fee_in("KRW") == Decimal("307.507")
    assert report.value == Decimal("615014")
    assert report.fills_complete
    assert {fill.fee_currency for fill in report.fills} == {"KRW"}
    assert report.updated_at == datetime(2026, 11, 2, 3, 4, 5, 350000, tzinfo=UTC)


def test_trades_that_lag_behind_the_quantity_are_not_returned_with_a_guessed_fee() -> None:
    late = {**samples.FILLED, "trades": samples.FILLED["trades"][:1]}

    report = parsing.parse_order(dump(late), "BTC", "KRW-BTC")

    assert report.filled == Decimal("0.01")
    assert report.fills == ()
    assert not report.fills_complete


@given(
    st.decimals("0", "100000000", places=10),
    st.lists(st.decimals("0", "1000000000", places=8), min_size=1, max_size=30),
)
def test_fee_shares_add_up_exactly_and_none_has_the_wrong_sign(
    paid: Decimal, funds: list[Decimal]
) -> None:
    shares = parsing.fee_shares(paid, funds)

    assert len(shares) == len(funds)
    assert sum(shares, Decimal(0)) == paid
    assert all(share >= Decimal("-1E-14") for share in shares)


@given(st.lists(st.decimals("0.00001", "1000000000", places=8), min_size=2, max_size=30))
def test_share_of_a_trade_does_not_change_when_a_later_one_joins(funds: list[Decimal]) -> None:
    rate = Decimal("0.0005")
    before = parsing.fee_shares(rate * sum(funds[:-1], Decimal(0)), funds[:-1])
    after = parsing.fee_shares(rate * sum(funds, Decimal(0)), funds)

    assert after[:-1] == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"market": "KRW-ETH"}, "order.market: expected KRW-BTC"),
        ({"side": "buy"}, "order.side: expected bid or ask"),
        ({"state": "lost"}, "order.state: expected"),
        ({"uuid": None}, "order.uuid: expected text"),
        ({"volume": "-1"}, "order.volume: expected a number above 0"),
        ({"executed_volume": 0.005}, None),
        ({"executed_volume": "0.01"}, None),
        ({"executed_volume": "0.01000001"}, "order: expected no more executed than ordered"),
        ({"executed_volume": "much"}, "order.executed_volume: expected a number"),
        ({"created_at": "2026-11-02T12:04:05"}, "order.created_at: expected a time with offset"),
        ({"trades": {}}, "order.trades: expected a list"),
        ({"trades": [1]}, "order.trades: expected an object"),
    ],
)
def test_bad_field_of_an_order_is_named(change: dict[str, Any], field: str | None) -> None:
    if field is None:  # a JSON number is as good as a string
        assert parse_order(**change).filled == Decimal(str(change["executed_volume"]))
        return
    with pytest.raises(BadReply) as caught:
        parse_order(**change)

    assert caught.value.message.startswith(field)


def test_echo_of_another_id_is_no_answer() -> None:
    with pytest.raises(BadReply, match="identifier: expected kimp-p2"):
        parsing.answering(parse_order(), "kimp-p2-s001")


def test_order_without_an_echo_is_taken_as_the_one_asked_for() -> None:
    assert parsing.answering(parse_order(identifier=None), "kimp-1").client_order_id == "kimp-1"


def test_date_header_is_read_to_the_middle_of_its_second() -> None:
    response = Response(200, {"date": "Mon, 02 Nov 2026 03:04:05 GMT"}, b"")

    assert parsing.parse_date_header(response) == datetime(2026, 11, 2, 3, 4, 5, 500000, tzinfo=UTC)


@given(st.none() | st.text())
def test_any_date_header_is_a_time_or_a_bad_reply(text: str | None) -> None:
    headers = {} if text is None else {"date": text}

    with suppress(BadReply):
        assert parsing.parse_date_header(Response(200, headers, b"")).tzinfo is UTC


PARSERS: list[Callable[[bytes], object]] = [
    parsing.parse_balances,
    lambda body: parsing.parse_position(body, "BTC"),
    lambda body: parsing.parse_book(body, "BTC", "KRW-BTC", 0.0),
    lambda body: parsing.parse_tick(body, "KRW-BTC"),
    lambda body: parsing.parse_rules(body, Decimal(1000), BOOK),
    lambda body: parsing.parse_order(body, "BTC", "KRW-BTC"),
    lambda body: parsing.parse_orders(body, "BTC", "KRW-BTC"),
]
VALID: list[Any] = [
    samples.ACCOUNTS,
    samples.ACCOUNTS,
    json.loads(samples.ORDERBOOK),
    samples.INSTRUMENTS,
    samples.CHANCE,
    samples.FILLED,
    [samples.FILLED],
]


@pytest.mark.parametrize("parser", PARSERS)
@settings(max_examples=40)
@given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_understood_or_a_bad_reply(
    parser: Callable[[bytes], object], body: bytes
) -> None:
    with suppress(BadReply):
        parser(body)


@pytest.mark.parametrize(("parser", "valid"), list(zip(PARSERS, VALID, strict=True)))
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


def test_order_that_is_done_with_less_than_all_executed_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match="executed in full"):
        parse_order(state="done", volume="0.01", executed_volume="0.004")


def test_order_that_self_trade_prevention_cut_ends_with_a_rest() -> None:
    report = parse_order(
        state="done", volume="0.01", executed_volume="0.004", prevented_volume="0.006"
    )

    assert (report.status, report.filled) == (OrderStatus.CANCELLED, Decimal("0.004"))
