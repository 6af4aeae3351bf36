"""What the simulated Hyperliquid remembers over a restart: its accounts, without their API
wallets, its ids, and the nonces that signers have used, so that no signed request can be sent
again. Trades and candles of the public are not remembered: they begin anew."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import Field

from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.order import VenueOrder
from exchanges.simulator.hyperliquid.position import VenuePosition
from exchanges.simulator.hyperliquid.records import (
    FundingPayment,
    FundingRate,
    LedgerUpdate,
    VenueFill,
)
from exchanges.simulator.snapshot_json import (
    KEPT_ORDERS,
    ChangingRecords,
    GrowingRecords,
    Snapshot,
)

KEPT_FILLS = 2 * KEPT_ORDERS
KEPT_PAYMENTS = 10_000
KEPT_FUNDING_RATES = 5_000


class PositionSnapshot(Snapshot):
    asset: int
    position: VenuePosition


class AccountSnapshot(Snapshot):
    cash: Decimal
    created_ms: int
    volume: Decimal
    forgiven: Decimal = Decimal(0)
    requests: int
    last_request_ms: int
    cancel_at_ms: int | None
    positions: tuple[PositionSnapshot, ...]
    leverages: dict[int, int]
    isolated: tuple[int, ...]
    orders: tuple[VenueOrder, ...]
    """Oldest first, as fills and funding are."""
    fills: tuple[VenueFill, ...]
    funding: tuple[FundingPayment, ...]
    ledger: tuple[LedgerUpdate, ...] = ()


class HyperliquidSnapshot(Snapshot):
    next_order_id: int
    next_trade_id: int
    next_transaction: int
    nonces: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    """By the signer's address; earlier files have none."""
    funding_rates: tuple[FundingRate, ...]
    accounts: dict[str, AccountSnapshot]
    """By address of the main wallet."""


class AccountWriter:
    """Writes what :class:`AccountSnapshot` reads, each ended record only once."""

    def __init__(self) -> None:
        self._orders = ChangingRecords(VenueOrder, lambda order: not order.is_open)
        self._fills = GrowingRecords(VenueFill, KEPT_FILLS)
        self._funding = GrowingRecords(FundingPayment, KEPT_PAYMENTS)
        self._ledger = GrowingRecords(LedgerUpdate, KEPT_PAYMENTS)

    def write(self, account: VenueAccount) -> dict[str, Any]:
        return {
            "cash": account.cash,
            "created_ms": account.created_ms,
            "volume": account.volume,
            "forgiven": account.forgiven,
            "requests": account.requests,
            "last_request_ms": account.last_request_ms,
            "cancel_at_ms": account.cancel_at_ms,
            "positions": [
                {"asset": asset, "position": position}
                for asset, position in account.positions.items()
            ],
            "leverages": {str(asset): value for asset, value in account.leverages.items()},
            "isolated": sorted(account.isolated),
            "orders": self._orders.json(account.orders),
            "fills": self._fills.json(account.fills),
            "funding": self._funding.json(account.funding),
            "ledger": self._ledger.json(account.ledger),
        }


class SnapshotWriter:
    """Writes what :class:`HyperliquidSnapshot` reads."""

    def __init__(self) -> None:
        self._writers: dict[str, AccountWriter] = {}

    def accounts(self, accounts: Mapping[str, VenueAccount]) -> dict[str, Any]:
        for address in accounts.keys() - self._writers.keys():
            self._writers[address] = AccountWriter()
        return {
            address: self._writers[address].write(account) for address, account in accounts.items()
        }


def restored_accounts(snapshot: HyperliquidSnapshot) -> dict[str, VenueAccount]:
    """The accounts as they were; nobody can sign for one until it is given an API wallet."""
    accounts = {}
    for address, remembered in snapshot.accounts.items():
        account = VenueAccount(
            address,
            [],
            remembered.cash,
            remembered.created_ms,
            positions={one.asset: one.position for one in remembered.positions},
            leverages=dict(remembered.leverages),
            isolated=set(remembered.isolated),
            fills=list(remembered.fills),
            funding=list(remembered.funding),
            ledger=list(remembered.ledger),
            volume=remembered.volume,
            forgiven=remembered.forgiven,
            requests=remembered.requests,
            last_request_ms=remembered.last_request_ms,
            cancel_at_ms=remembered.cancel_at_ms,
        )
        for order in remembered.orders:
            account.orders.add(order)
        accounts[address] = account
    return accounts
