"""Rows of Binance's income feed that are neither trade nor funding."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from exchanges.binance.transfers import parse_income, transfers_of
from exchanges.errors import BadReply
from exchanges.transfer import Transfer, TransferKind


def income(kind: str, amount: object = "-0.375", number: int = 1, symbol: str = "") -> Transfer:
    (transfer,) = feed(kind, amount, number, symbol)
    return transfer


def feed(kind: str, amount: object, number: int, symbol: str) -> list[Transfer]:
    row = {
        "symbol": symbol, "incomeType": kind, "income": amount, "asset": "USDT", "info": kind,
        "time": 1_570_608_000_000, "tranId": number, "tradeId": "",
    }  # fmt: skip
    return list(transfers_of(parse_income(json.dumps([row]).encode())))


@pytest.mark.parametrize("kind", ["TRANSFER", "API_REBATE", "WELCOME_BONUS", "A_TYPE_TO_COME"])
def test_whatever_moves_the_wallet_is_a_payment(kind: str) -> None:
    moved = income(kind)

    assert (moved.kind, moved.called) == (TransferKind.PAYMENT, kind)
    assert (moved.change, moved.currency, moved.symbol) == (Decimal("-0.375"), "USDT", None)


def test_a_liquidations_fee_names_the_coin() -> None:
    fee = income("INSURANCE_CLEAR", symbol="BTCUSDT")

    assert (fee.kind, fee.symbol) == (TransferKind.LIQUIDATION_FEE, "BTC")


@pytest.mark.parametrize(
    "kind", ["REALIZED_PNL", "COMMISSION", "FUNDING_FEE", "SPECIAL_FUNDING_FEE"]
)
def test_trades_and_funding_are_told_elsewhere(kind: str) -> None:
    assert feed(kind, "1", 1, "BTCUSDT") == []


def test_ids_are_unique_within_a_type_only() -> None:
    ids = {income("TRANSFER", number=7).transfer_id, income("API_REBATE", number=7).transfer_id}

    assert len(ids) == 2


@pytest.mark.parametrize("amount", ["", None, "x", "NaN"])
def test_an_amount_that_is_none_is_no_transfer(amount: object) -> None:
    with pytest.raises(BadReply):
        income("TRANSFER", amount)
