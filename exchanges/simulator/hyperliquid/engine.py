"""The simulated venue: accounts on a market, without any I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exchanges.clock import Clock
from exchanges.simulator.front import check_amount
from exchanges.simulator.hyperliquid.account import COLLATERAL, VenueAccount
from exchanges.simulator.hyperliquid.account_settings import (
    update_isolated_margin,
    update_leverage,
)
from exchanges.simulator.hyperliquid.actions import (
    CancelOrders,
    ModifyOrders,
    PlaceOrders,
    UpdateIsolatedMargin,
    UpdateLeverage,
)
from exchanges.simulator.hyperliquid.asset import Asset, listed_assets
from exchanges.simulator.hyperliquid.booking import ADL, Booking
from exchanges.simulator.hyperliquid.candles import HOUR_MS
from exchanges.simulator.hyperliquid.events import Events
from exchanges.simulator.hyperliquid.liquidation import LIQUIDATION, Liquidations
from exchanges.simulator.hyperliquid.nonces import Nonces
from exchanges.simulator.hyperliquid.order_book import OrderBook
from exchanges.simulator.hyperliquid.order_desk import OrderDesk, Outcome, known_asset
from exchanges.simulator.hyperliquid.order_status import OrderStatus
from exchanges.simulator.hyperliquid.records import FundingRate
from exchanges.simulator.hyperliquid.refusal import ActionRefused, unknown_wallet
from exchanges.simulator.hyperliquid.snapshot import (
    KEPT_FUNDING_RATES,
    HyperliquidSnapshot,
    SnapshotWriter,
    restored_accounts,
)
from exchanges.simulator.hyperliquid.state import account_state
from exchanges.simulator.hyperliquid.tape import Tape
from exchanges.simulator.hyperliquid.triggers import Triggers
from exchanges.simulator.market import Market
from exchanges.simulator.venue_clock import VenueClock

HOURLY_FUNDING = Decimal("0.0000125")
"""Interest alone, 0.01 % in eight hours: book and oracle stand at the same price here."""
SCHEDULE_CANCEL_VOLUME = Decimal(1_000_000)
"""USDC that an account must have traded before it may schedule (a recorded refusal)."""
SCHEDULE_CANCEL_LEAD_MS = 5_000
WITHDRAWAL_FEE = Decimal(1)
"""USDC (Hyperliquid docs, "Bridge2")."""

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


class HyperliquidEngine:
    """Accounts, their orders and their money. All methods act at the venue's present moment."""

    def __init__(
        self,
        market: Market,
        clock: Clock,
        *,
        schedule_cancel_volume: Decimal = SCHEDULE_CANCEL_VOLUME,
    ) -> None:
        self.market = market
        self._clock = VenueClock(clock)
        self.assets: Mapping[int, Asset] = {one.index: one for one in listed_assets(market)}
        self.events = Events()
        self.nonces = Nonces()
        self.booking = Booking(self.events, self.now_ms())
        self.book = OrderBook(market, self.booking, self.assets, self.now_ms())
        self._desk = OrderDesk(self.book, self.booking, self.assets)
        self._triggers = Triggers(self.book, self.booking, self.assets)
        self._liquidations = Liquidations(self.book, self.booking, self.assets)
        self._accounts: dict[str, VenueAccount] = {}
        self._snapshots = SnapshotWriter()
        self._schedule_cancel_volume = schedule_cancel_volume
        self._funded_hour = self.now_ms() // HOUR_MS
        self.funding_rates: list[FundingRate] = []
        self.changes = 0
        """Rises with everything that is worth remembering; a front counts what it lets write."""
        market.subscribe(self._market_moved)
        self._market_moved()

    # ---- time and market

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def set_clock_offset(self, offset_ms: int) -> None:
        """Shift the venue's clock; positive runs ahead. No funding is settled for hours that are
        jumped over."""
        self._clock.offset_ms = offset_ms
        self._funded_hour = self.now_ms() // HOUR_MS

    def asset(self, coin: object) -> Asset | None:
        return next((one for one in self.assets.values() if one.coin == coin), None)

    def open_interest(self, asset: Asset) -> Decimal:
        """What all accounts hold, coin."""
        sizes = (account.position(asset.index).size for account in self._accounts.values())
        return sum((abs(size) for size in sizes), Decimal(0))

    def tape(self, asset: Asset) -> Tape:
        return self.booking.tape(asset.coin)

    def _market_moved(self) -> None:
        now_ms = self.now_ms()
        for asset in self.assets.values():
            self.booking.quote_moved(asset, self.book.mark(asset), now_ms)
        for account in self._accounts.values():
            if self.book.match_resting(account, now_ms):
                self.changes += 1
        self.catch_up()

    def catch_up(self) -> None:
        """Let happen what is due by now, at the present prices."""
        now_ms = self.now_ms()
        for hour in range(self._funded_hour + 1, now_ms // HOUR_MS + 1):
            self._settle(HOURLY_FUNDING, hour * HOUR_MS)
        self._funded_hour = max(self._funded_hour, now_ms // HOUR_MS)
        for account in self._accounts.values():
            if self._attend(account, now_ms):
                self.changes += 1
        self.events.flush()

    def _attend(self, account: VenueAccount, now_ms: int) -> bool:
        changed = False
        if account.cancel_at_ms is not None and account.cancel_at_ms <= now_ms:
            account.cancel_at_ms = None
            for order in account.orders.open():
                self.booking.end(account, order, OrderStatus.SCHEDULED_CANCEL, now_ms)
            changed = True
        changed |= self._triggers.fire(account, now_ms)
        changed |= self.book.cancel_void(account, now_ms)
        return self._liquidations.liquidate(account, now_ms) or changed

    # ---- accounts

    def add_account(self, key: str, secret: str, balances: Mapping[str, Decimal]) -> None:
        """Open the account of the wallet ``key`` (its address) with the API wallet ``secret``
        (its address too: the venue knows no keys), or give a remembered one, which keeps its
        balances, its API wallet.

        Raises ValueError for what is no address, a key in use, a currency other than USDC or a
        negative balance.
        """
        address, agent = _address("account", key), _address("API wallet", secret)
        for currency, amount in balances.items():
            if currency != COLLATERAL:
                raise ValueError(f"{currency}: hyperliquid accounts hold {COLLATERAL} only")
            if not amount.is_finite() or amount < 0:
                raise ValueError(f"{currency}: a balance must be 0 or more")
        self._check_agent(address, agent)
        remembered = self._accounts.get(address)
        if remembered is None:
            cash = balances.get(COLLATERAL, Decimal(0))
            self._accounts[address] = VenueAccount(address, [agent], cash, self.now_ms())
        elif not remembered.agents:
            remembered.agents.append(agent)
        else:
            raise ValueError(f"hyperliquid account {address!r} exists already")
        self.changes += 1

    def add_agent(self, key: str, agent: str) -> None:
        """Let another API wallet sign for the account. Raises ValueError."""
        account = self._accounts.get(_address("account", key))
        if account is None:
            raise ValueError("account: no such account")
        agent = _address("API wallet", agent)
        self._check_agent(account.address, agent)
        account.agents.append(agent)

    def _check_agent(self, address: str, agent: str) -> None:
        signs_for = self.signs_for(agent)
        if signs_for is not None and signs_for.address != address:
            raise ValueError(f"API wallet {agent!r} signs for another account already")

    def account(self, address: str) -> VenueAccount | None:
        """The account of a main wallet, not of an API wallet."""
        return self._accounts.get(address)

    def signs_for(self, signer: str) -> VenueAccount | None:
        """The account that ``signer``, main or API wallet, may act for."""
        return next((a for a in self._accounts.values() if signer in a.signers()), None)

    def account_of_signer(self, signer: str) -> VenueAccount:
        """Refused for a wallet that nobody knows."""
        account = self.signs_for(signer)
        if account is None:
            raise unknown_wallet(signer)
        return account

    # ---- orders

    def place(
        self, account: VenueAccount, action: PlaceOrders, *, fraction: Decimal | None = None
    ) -> list[Outcome]:
        """See :meth:`OrderDesk.place`."""
        outcomes = self._desk.place(account, action, self.now_ms(), fraction=fraction)
        self.catch_up()
        return outcomes

    def cancel(self, account: VenueAccount, action: CancelOrders) -> list[Outcome]:
        outcomes = self._desk.cancel(account, action, self.now_ms())
        self.catch_up()
        return outcomes

    def modify(self, account: VenueAccount, action: ModifyOrders) -> list[Outcome]:
        """See :meth:`OrderDesk.modify`."""
        outcomes = self._desk.modify(account, action, self.now_ms())
        self.catch_up()
        return outcomes

    # ---- settings

    def update_leverage(self, account: VenueAccount, action: UpdateLeverage) -> None:
        asset = known_asset(self.assets, action.asset)
        margin = self.book.margin(account)
        update_leverage(account, asset, action.leverage, is_cross=action.is_cross, margin=margin)

    def update_isolated_margin(self, account: VenueAccount, action: UpdateIsolatedMargin) -> None:
        asset = known_asset(self.assets, action.asset)
        amount = Decimal(action.millionths).scaleb(-6)
        update_isolated_margin(account, asset, amount, self.book.margin(account))

    def schedule_cancel(self, account: VenueAccount, time_ms: int | None) -> None:
        """Cancel all orders at ``time_ms``, or no longer when None. Refused before the account has
        traded enough, and for a time that is not five seconds ahead (docs; the words of that
        refusal are on no public record)."""
        if time_ms is not None:
            if account.volume < self._schedule_cancel_volume:
                raise ActionRefused(
                    "Cannot set scheduled cancel time until enough volume traded. "
                    f"Required: ${self._schedule_cancel_volume:f}. Traded: ${account.volume:f}."
                )
            if time_ms < self.now_ms() + SCHEDULE_CANCEL_LEAD_MS:
                raise ActionRefused("Scheduled cancel time must be at least 5 seconds from now.")
        account.cancel_at_ms = time_ms

    # ---- what the venue does by itself

    def settle_funding(self, rate: Decimal) -> None:
        """Settle an hour's funding now on every coin; at a positive rate longs pay shorts."""
        self._settle(rate, self.now_ms())
        self.events.flush()

    def _settle(self, rate: Decimal, time_ms: int) -> None:
        self.changes += 1
        for asset in self.assets.values():
            settled = FundingRate(asset.coin, rate, Decimal(0), time_ms)
            self.funding_rates.append(settled)
            for account in self._accounts.values():
                if account.position(asset.index).size:
                    self.booking.fund(account, asset, settled, self.book.mark(asset))

    def transfer(self, account: str, currency: str, amount: Decimal) -> None:
        """See :class:`exchanges.simulator.front.Engine`. A withdrawal costs its fee besides
        (Hyperliquid docs, "Bridge2")."""
        owner = self._accounts.get(account.lower())
        if owner is None:
            raise ValueError("account: no such account")
        if currency != COLLATERAL:
            raise ValueError(f"currency: expected {COLLATERAL}")
        check_amount(amount)
        fee = WITHDRAWAL_FEE if amount < 0 else Decimal(0)
        if fee - amount > self.book.margin(owner).withdrawable():
            raise ValueError("amount: expected no more than can be withdrawn")
        self.booking.transfer(owner, amount, fee, self.now_ms())
        self.changes += 1

    def force_close(self, account: str, symbol: str, quantity: Decimal, reason: str) -> None:
        """Close ``quantity`` of the account's position at the mark price: ``ADL`` without a fee,
        ``liquidation`` with the taker's, and after the orders in ``symbol`` were cancelled.

        Raises ValueError naming the field that is wrong.
        """
        owner, asset = self._accounts.get(account.lower()), self.asset(symbol)
        if owner is None:
            raise ValueError("account: no such account")
        if asset is None:
            raise ValueError(f"symbol: no perpetual {symbol!r}")
        if reason not in ("ADL", "liquidation"):
            raise ValueError('reason: expected "ADL" or "liquidation"')
        size = owner.position(asset.index).size
        if not 0 < quantity <= abs(size) or not asset.is_lot(quantity):
            raise ValueError("quantity: expected lots above 0 and not more than is held")
        now_ms, forced_by = self.now_ms(), ADL if reason == "ADL" else LIQUIDATION
        if forced_by == LIQUIDATION:
            self._liquidations.cancel_orders(owner, asset, now_ms)
        closing, mark = -quantity.copy_sign(size), self.book.mark(asset)
        self.book.enter_forced(owner, asset, closing, mark, forced_by, now_ms)
        self.changes += 1
        self.catch_up()

    # ---- over a restart

    def snapshot(self) -> dict[str, Any]:
        """What :class:`HyperliquidSnapshot` reads, for ``snapshot_json.to_json``."""
        return {
            "next_order_id": self.book.order_ids.next,
            "next_trade_id": self.booking.trade_ids.next,
            "next_transaction": self.booking.transactions.next,
            "nonces": self.nonces.used,
            "funding_rates": self.funding_rates[-KEPT_FUNDING_RATES:],
            "accounts": self._snapshots.accounts(self._accounts),
        }

    def restore(self, snapshot: HyperliquidSnapshot) -> None:
        """Hold the accounts of ``snapshot``, each without an API wallet until it is added again.
        No funding is settled for the time in between."""
        self.book.order_ids.go_beyond(snapshot.next_order_id)
        self.booking.trade_ids.go_beyond(snapshot.next_trade_id)
        self.booking.transactions.go_beyond(snapshot.next_transaction)
        self.nonces = Nonces(snapshot.nonces)
        self.funding_rates = list(snapshot.funding_rates)
        self._accounts = restored_accounts(snapshot)

    # ---- for the control API

    def state(self) -> dict[str, Any]:
        """All accounts, JSON-ready, numbers as decimal strings; no secrets."""
        return {
            "clock_offset_ms": self._clock.offset_ms,
            "accounts": {
                address: account_state(account, self.assets, self.book.margin(account))
                for address, account in self._accounts.items()
            },
        }


def _address(name: str, text: str) -> str:
    address = text.lower()
    if _ADDRESS.fullmatch(address) is None:
        raise ValueError(f"{name}: expected an address, 0x and 40 hex digits")
    return address
