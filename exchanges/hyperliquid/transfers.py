"""What moved the USDC of a Hyperliquid perpetual account and is neither trade nor funding.

Hyperliquid docs, "Retrieve a user's funding history or non-funding ledger updates", and the
shapes of its public SDKs. The ledger is that of a whole address: what moves only its spot balances
or other tokens than USDC is left out, and of a move between two of its own balances that part
counts that the perpetual account sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from exchanges.hyperliquid.parsing import QUOTE
from exchanges.reply import Fields
from exchanges.transfer import Transfer, TransferKind

LEDGER = "userNonFundingLedgerUpdates"
_PERPETUALS = ""
"""The name of the venue's own perpetual dex, whose balance is ours."""
_ZERO = Decimal(0)


def transfers_of(rows: Sequence[Fields], account: str) -> Iterator[Transfer]:
    """Of rows of the ledger of ``account``, an address. Raises BadReply."""
    for row in rows:
        delta = row.child("delta")
        called = delta.text("type")
        amount, fee = _moved(delta, called, account.lower())
        if amount or fee:
            # A hash can be zeros, and one action can tell of two things.
            name = f"{called}-{row.integer('time')}-{row.text('hash')}"
            time = row.milliseconds("time")
            yield Transfer(name, TransferKind.PAYMENT, called, QUOTE, amount, fee, time)


def _moved(delta: Fields, called: str, account: str) -> tuple[Decimal, Decimal]:
    """Signed amount and fee."""
    match called:
        case "deposit" | "vaultDistribution":
            return delta.not_negative("usdc"), _ZERO
        case "withdraw":
            return -delta.not_negative("usdc"), delta.not_negative("fee")
        case "vaultDeposit" | "vaultCreate":
            return -delta.not_negative("usdc"), _fee(delta)
        case "vaultWithdraw":
            return delta.not_negative("netWithdrawnUsd"), _ZERO
        case "accountClassTransfer":
            amount = delta.not_negative("usdc")
            return (amount if _is_true(delta, "toPerp") else -amount), _ZERO
        case "internalTransfer" | "subAccountTransfer":
            amount = delta.not_negative("usdc")
            if delta.text("user").lower() == account:
                return -amount, _fee(delta)
            return amount, _ZERO
        case "send":
            return _sent(delta, account)
        case _:
            return _ZERO, _ZERO


def _sent(delta: Fields, account: str) -> tuple[Decimal, Decimal]:
    """Between any two balances of the venue. ``spot`` is a dex here too."""
    if delta.text("token") != QUOTE:
        return _ZERO, _ZERO
    moved, fee, amount = _ZERO, _ZERO, delta.not_negative("amount")
    if (delta.text("user").lower(), delta.text("sourceDex")) == (account, _PERPETUALS):
        moved -= amount
        fee = _fee(delta)
    if (delta.text("destination").lower(), delta.text("destinationDex")) == (account, _PERPETUALS):
        moved += amount
    return moved, fee


def _fee(delta: Fields) -> Decimal:
    """In USDC, unless it names another token."""
    if not delta.has("fee") or (delta.optional_text("feeToken") or QUOTE) != QUOTE:
        return _ZERO
    return delta.not_negative("fee")


def _is_true(delta: Fields, name: str) -> bool:
    value = delta.values.get(name)
    if not isinstance(value, bool):
        raise delta.bad(name, "true or false")
    return value
