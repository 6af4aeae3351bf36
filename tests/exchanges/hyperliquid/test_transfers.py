"""Rows of Hyperliquid's ledger: what each does to the perpetual account's USDC."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from exchanges.errors import BadReply
from exchanges.hyperliquid.transfers import transfers_of
from exchanges.instrument import Venue
from exchanges.reply import Fields
from exchanges.transfer import Transfer

ME, OTHER = "0x" + "ab" * 20, "0x" + "cd" * 20


def ledger(**delta: object) -> list[Transfer]:
    row: dict[str, Any] = {"time": 1_700_000_000_000, "hash": "0x" + "0" * 64, "delta": delta}
    return list(transfers_of([Fields(Venue.HYPERLIQUID, "ledger", row)], ME.upper()))


def sent(source: str, destination: str, **changes: object) -> list[Transfer]:
    """Between two balances, each ``address:dex``."""
    (user, source_dex), (to, dex) = source.split(":"), destination.split(":")
    told = {"user": user, "sourceDex": source_dex, "destination": to, "destinationDex": dex}
    money = {"token": "USDC", "amount": "5.0", "usdcValue": "5.0", "fee": "0.5", "feeToken": ""}
    return ledger(type="send", **{**told, **money, **changes})


@pytest.mark.parametrize(
    ("delta", "change"),
    [
        ({"type": "deposit", "usdc": "100.5"}, "100.5"),
        ({"type": "withdraw", "usdc": "99.0", "nonce": 1, "fee": "1.0"}, "-100"),
        ({"type": "accountClassTransfer", "usdc": "7", "toPerp": True}, "7"),
        ({"type": "accountClassTransfer", "usdc": "7", "toPerp": False}, "-7"),
        ({"type": "internalTransfer", "usdc": "3", "user": ME, "destination": OTHER, "fee": "1"},
         "-4"),
        ({"type": "internalTransfer", "usdc": "3", "user": OTHER, "destination": ME, "fee": "1"},
         "3"),
        ({"type": "subAccountTransfer", "usdc": "3", "user": ME, "destination": OTHER}, "-3"),
        ({"type": "vaultDeposit", "vault": OTHER, "usdc": "8"}, "-8"),
        ({"type": "vaultWithdraw", "vault": OTHER, "netWithdrawnUsd": "8.5"}, "8.5"),
    ],
)  # fmt: skip
def test_a_row_moves_this_much(delta: dict[str, object], change: str) -> None:
    [transfer] = ledger(**delta)

    assert transfer.change == Decimal(change)
    assert (transfer.currency, transfer.called) == ("USDC", delta["type"])


@pytest.mark.parametrize(
    ("source", "destination", "change"),
    [
        (f"{ME}:", f"{OTHER}:", "-5.5"),
        (f"{OTHER}:", f"{ME}:", "5"),
        (f"{ME}:", f"{ME}:spot", "-5.5"),
        (f"{ME}:spot", f"{ME}:", "5"),
    ],
)
def test_of_what_is_sent_the_perpetual_balance_counts(
    source: str, destination: str, change: str
) -> None:
    [transfer] = sent(source, destination)

    assert transfer.change == Decimal(change)


def test_what_does_not_touch_the_perpetual_balance_is_left_out() -> None:
    assert sent(f"{ME}:spot", f"{OTHER}:spot") == []
    assert sent(f"{ME}:", f"{OTHER}:", token="HYPE:0x0d01") == []
    assert ledger(type="liquidation", accountValue="1", liquidatedPositions=[]) == []
    assert ledger(type="rewardsClaim", amount="5", token="HYPE") == []


def test_a_fee_in_another_token_is_none_of_usdc() -> None:
    [transfer] = sent(f"{ME}:", f"{OTHER}:", feeToken="HYPE")

    assert transfer.change == -5


@pytest.mark.parametrize(
    "delta",
    [
        {"type": "deposit", "usdc": "-1"},
        {"type": "deposit"},
        {"type": "accountClassTransfer", "usdc": "1", "toPerp": "yes"},
        {"usdc": "1"},
    ],
)
def test_a_row_that_makes_no_sense_is_no_transfer(delta: dict[str, object]) -> None:
    with pytest.raises(BadReply):
        ledger(**delta)
