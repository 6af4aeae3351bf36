"""What the simulated Upbit remembers over a restart: its accounts, without their secrets.

Nonces and the public tape are not remembered: a nonce is good for one run, and
the tape begins again at the price of the moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from pydantic import model_validator

from exchanges.simulator.ledger import Ledger
from exchanges.simulator.snapshot_json import ChangingRecords, GrowingRecords, Snapshot
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.order import OrderState, SimulatedOrder
from exchanges.simulator.upbit.transfer import VenueTransfer


class AccountSnapshot(Snapshot):
    balances: dict[str, Decimal]
    locked: dict[str, Decimal]
    average_prices: dict[str, Decimal]
    used_identifiers: tuple[str, ...]
    """All of them, also of failed attempts and of forgotten orders."""
    orders: tuple[SimulatedOrder, ...]
    """Oldest first."""
    transfers: tuple[VenueTransfer, ...] = ()

    @model_validator(mode="after")
    def _locks_are_the_orders_locks(self) -> Self:
        sums = dict.fromkeys(self.locked, Decimal(0))
        for order in self.orders:
            if order.locked:
                paid_with = order.request.pays_with
                sums[paid_with] = sums.get(paid_with, Decimal(0)) + order.locked
        if sums != self.locked:
            raise ValueError("locked is not what the open orders have set aside")
        return self


class UpbitSnapshot(Snapshot):
    accounts: dict[str, AccountSnapshot]
    """By access key."""


class AccountWriter:
    """Writes what :class:`AccountSnapshot` reads, each ended order only once."""

    def __init__(self) -> None:
        self._orders = ChangingRecords(SimulatedOrder, _has_ended)
        self._transfers = ChangingRecords(VenueTransfer, lambda it: it.done_at is not None)
        self._identifiers = GrowingRecords(str, kept=None)

    def write(self, account: UpbitAccount) -> dict[str, Any]:
        ledger = account.ledger
        return {
            "balances": {name: ledger.total(name) for name in ledger.currencies()},
            "locked": {name: ledger.locked(name) for name in ledger.currencies()},
            "average_prices": account.average_prices,
            "used_identifiers": self._identifiers.json(account.identifiers),
            "transfers": self._transfers.json(account.transfers),
            "orders": self._orders.json(account.orders.values()),
        }


class SnapshotWriter:
    """Writes what :class:`UpbitSnapshot` reads."""

    def __init__(self) -> None:
        self._writers: dict[str, AccountWriter] = {}

    def write(self, accounts: Mapping[str, UpbitAccount]) -> dict[str, Any]:
        for key in accounts.keys() - self._writers.keys():
            self._writers[key] = AccountWriter()
        return {
            "accounts": {
                key: self._writers[key].write(account) for key, account in accounts.items()
            }
        }


def restored_accounts(snapshot: UpbitSnapshot, now: datetime) -> dict[str, UpbitAccount]:
    """The accounts as they were, with keys made ``now``; nobody can sign for one until it is
    given a secret.

    Raises ValueError for money that cannot be.
    """
    accounts = {}
    for key, remembered in snapshot.accounts.items():
        ledger = Ledger(remembered.balances)
        for currency, amount in remembered.locked.items():
            if not 0 <= amount <= ledger.total(currency):
                raise ValueError(f"upbit account {key}: more {currency} is locked than held")
            ledger.lock(currency, amount)
        account = UpbitAccount(key, None, ledger, now)
        account.transfers.extend(remembered.transfers)
        account.average_prices.update(remembered.average_prices)
        account.identifiers.update(dict.fromkeys(remembered.used_identifiers))
        for order in remembered.orders:
            account.orders[order.uuid] = order
            if order.state is OrderState.WAIT:
                account.open[order.uuid] = order
            if order.request.identifier is not None:
                account.identifiers[order.request.identifier] = order
        accounts[key] = account
    return accounts


def _has_ended(order: SimulatedOrder) -> bool:
    return order.state is not OrderState.WAIT
