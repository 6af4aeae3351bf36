"""Deposits and withdrawals of an account in lists (Upbit docs, "List deposits" and "List
withdrawals")."""

from __future__ import annotations

from typing import Any

from exchanges.decimal_json import plain
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.fields import Fields
from exchanges.simulator.upbit.refusal import validation_error
from exchanges.simulator.upbit.shapes import NETWORKS, korean_time
from exchanges.simulator.upbit.transfer import VenueTransfer

_CALLED_OFF = ("CANCELLED", "REJECTED")
DEPOSIT_STATES = (
    "PROCESSING", "ACCEPTED", *_CALLED_OFF, "TRAVEL_RULE_SUSPECTED", "REFUNDING", "REFUNDED",
)  # fmt: skip
WITHDRAWAL_STATES = ("WAITING", "PROCESSING", "DONE", "FAILED", *_CALLED_OFF)


class TransferLists:
    """Each answer raises Refusal for parameters that cannot be."""

    def deposits(self, account: UpbitAccount, fields: Fields) -> Any:
        return _page(account, fields, DEPOSIT_STATES, is_deposit=True)

    def withdrawals(self, account: UpbitAccount, fields: Fields) -> Any:
        return _page(account, fields, WITHDRAWAL_STATES, is_deposit=False)


def _page(
    account: UpbitAccount, fields: Fields, states: tuple[str, ...], *, is_deposit: bool
) -> list[dict[str, Any]]:
    state, currency = fields.one("state"), fields.one("currency")
    if state is not None and state not in states:
        raise validation_error("state does not have a valid value")
    uuids, transactions = fields.many("uuids"), fields.many("txids")
    found = [
        it
        for it in account.transfers
        if it.is_deposit is is_deposit
        and state in (None, it.state)
        and currency in (None, it.currency)
        and (not uuids or it.uuid in uuids)
        and (not transactions or _transaction(it) in transactions)
    ]
    if fields.choice("order_by", "desc", "asc") == "desc":
        found.reverse()
    page, limit = fields.whole("page", 1, 10_000), fields.whole("limit", 100, 100)
    return [_row(it) for it in found[(page - 1) * limit : page * limit]]


def _row(it: VenueTransfer) -> dict[str, Any]:
    is_coin = it.currency != "KRW"
    row: dict[str, Any] = {
        "type": "deposit" if it.is_deposit else "withdraw",
        "uuid": it.uuid,
        "currency": it.currency,
        "net_type": NETWORKS.get(it.currency, (it.currency, ""))[0] if is_coin else None,
        "txid": _transaction(it),
        "state": it.state,
        "created_at": korean_time(it.made_at),
        "done_at": None if it.done_at is None else korean_time(it.done_at),
        "amount": plain(it.amount),
        "fee": plain(it.fee),
        "transaction_type": "default",
    }
    return row if it.is_deposit else {**row, "is_cancelable": False}


def _transaction(it: VenueTransfer) -> str:
    """On its chain, or of the bank."""
    return f"simulated-{it.uuid}"
