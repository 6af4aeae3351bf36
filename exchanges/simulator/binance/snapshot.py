"""What the simulated Binance remembers over a restart: its accounts, without their secrets, and
its ids. The public tape begins again at the price of the moment."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import Field

from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.algo_order import AlgoOrder
from exchanges.simulator.binance.funding_schedule import FundingRate
from exchanges.simulator.binance.order import VenueOrder
from exchanges.simulator.binance.position import PositionSide, VenuePosition
from exchanges.simulator.binance.records import Income, MarginChange, VenueTrade
from exchanges.simulator.snapshot_json import (
    KEPT_ORDERS,
    ChangingRecords,
    GrowingRecords,
    Snapshot,
)

KEPT_TRADES = 2 * KEPT_ORDERS
KEPT_INCOME = 2 * KEPT_TRADES
"""A trade moves the wallet twice at most: profit and commission."""
KEPT_FUNDING_RATES = 1_000


class PositionSnapshot(Snapshot):
    symbol: str
    side: PositionSide
    position: VenuePosition


class AccountSnapshot(Snapshot):
    wallet: dict[str, Decimal]
    created_ms: int
    positions: tuple[PositionSnapshot, ...]
    leverages: dict[str, int]
    isolated: tuple[str, ...]
    hedge_mode: bool
    pays_in_bnb: bool = False
    orders: tuple[VenueOrder, ...]
    """Oldest first, as trades and income are."""
    trades: tuple[VenueTrade, ...]
    income: tuple[Income, ...]
    algos: tuple[AlgoOrder, ...] = ()
    countdowns: dict[str, int] = Field(default_factory=dict)
    margin_changes: tuple[MarginChange, ...] = ()


class BinanceSnapshot(Snapshot):
    next_order_id: int
    next_trade_id: int
    next_transaction_id: int
    next_algo_id: int = 0
    funding_rates: tuple[FundingRate, ...]
    accounts: dict[str, AccountSnapshot]
    """By API key."""


class AccountWriter:
    """Writes what :class:`AccountSnapshot` reads, each ended record only once."""

    def __init__(self) -> None:
        self._orders = ChangingRecords(VenueOrder, _has_ended)
        self._trades = GrowingRecords(VenueTrade, KEPT_TRADES)
        self._income = GrowingRecords(Income, KEPT_INCOME)
        self._algos = ChangingRecords(AlgoOrder, lambda order: order.has_ended)
        self._margin_changes = GrowingRecords(MarginChange, KEPT_TRADES)

    def write(self, account: VenueAccount) -> dict[str, Any]:
        return {
            "wallet": account.wallet,
            "created_ms": account.created_ms,
            "positions": [
                {"symbol": symbol, "side": side.value, "position": position}
                for (symbol, side), position in account.positions.items()
            ],
            "leverages": account.leverages,
            "isolated": sorted(account.isolated),
            "hedge_mode": account.hedge_mode,
            "pays_in_bnb": account.pays_in_bnb,
            "orders": self._orders.json(account.orders),
            "trades": self._trades.json(account.trades),
            "income": self._income.json(account.income),
            "algos": self._algos.json(account.algos),
            "countdowns": account.countdowns,
            "margin_changes": self._margin_changes.json(account.margin_changes),
        }


class SnapshotWriter:
    """Writes what :class:`BinanceSnapshot` reads."""

    def __init__(self) -> None:
        self._writers: dict[str, AccountWriter] = {}

    def accounts(self, accounts: Mapping[str, VenueAccount]) -> dict[str, Any]:
        for key in accounts.keys() - self._writers.keys():
            self._writers[key] = AccountWriter()
        return {key: self._writers[key].write(account) for key, account in accounts.items()}


def restored_accounts(snapshot: BinanceSnapshot) -> dict[str, VenueAccount]:
    """The accounts as they were; nobody can sign for one until it is given a secret."""
    accounts = {}
    for key, remembered in snapshot.accounts.items():
        account = VenueAccount(
            key,
            None,
            dict(remembered.wallet),
            remembered.created_ms,
            positions={(one.symbol, one.side): one.position for one in remembered.positions},
            leverages=dict(remembered.leverages),
            isolated=set(remembered.isolated),
            hedge_mode=remembered.hedge_mode,
            pays_in_bnb=remembered.pays_in_bnb,
            trades=list(remembered.trades),
            income=list(remembered.income),
            countdowns=dict(remembered.countdowns),
            margin_changes=list(remembered.margin_changes),
        )
        for algo in remembered.algos:
            account.algos.add(algo)
        for order in remembered.orders:
            account.orders.add(order)
        accounts[key] = account
    return accounts


def _has_ended(order: VenueOrder) -> bool:
    return not order.is_open
