"""The end of positions whose margin is used up.

Hyperliquid docs, Liquidations: when the value falls below the maintenance margin, orders are
cancelled and positions closed by market orders. The venue closes large positions in parts and
hands what the book does not take to a vault; here everything closes at the touch at once. A loss
beyond the margin of an isolated position, or beyond the money behind the cross ones, is the
vault's.
"""

from __future__ import annotations

from collections.abc import Mapping

from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.booking import Booking
from exchanges.simulator.hyperliquid.order_book import OrderBook
from exchanges.simulator.hyperliquid.order_status import OrderStatus

LIQUIDATION = "LIQUIDATION"


class Liquidations:
    """Looks at accounts and closes what is due."""

    def __init__(self, book: OrderBook, booking: Booking, assets: Mapping[int, Asset]) -> None:
        self._book = book
        self._booking = booking
        self._assets = assets

    def liquidate(self, account: VenueAccount, now_ms: int) -> bool:
        """Close what has too little margin; says whether there was anything."""
        margin = self._book.margin(account)
        due = [
            index
            for index, _ in account.held()
            if index in account.isolated and margin.is_liquidatable(index)
        ]
        if margin.is_liquidatable(None):
            due += [index for index, _ in account.held() if index not in account.isolated]
        for index in due:
            self._close(account, self._assets[index], now_ms)
        holds_cross = any(index not in account.isolated for index, _ in account.held())
        forgiven = not holds_cross and account.forgive(account.set_aside())
        return bool(due) or forgiven

    def cancel_orders(self, account: VenueAccount, asset: Asset, now_ms: int) -> None:
        for order in account.orders.open(asset.index):
            self._booking.end(account, order, OrderStatus.LIQUIDATED_CANCELED, now_ms)

    def _close(self, account: VenueAccount, asset: Asset, now_ms: int) -> None:
        self.cancel_orders(account, asset, now_ms)
        position = account.position(asset.index)
        quote = self._book.quote(asset)
        price = quote.bid if position.size > 0 else quote.ask
        kept = account.cash - position.isolated_margin
        self._book.enter_forced(account, asset, -position.size, price, LIQUIDATION, now_ms)
        if asset.index in account.isolated:
            account.forgive(kept)
