"""What the venue sends to a subscription: the first frame, what events bring, and how things stand.

Events are sent as they happen (trades, orders, fills, funding). Of markets and balances the venue
sends how they stand, once a block and only when they have changed, books at least every half
second.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from exchanges.simulator.hyperliquid.books import Books
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.events import Event, Filled, Funded, OrderChanged, Printed
from exchanges.simulator.hyperliquid.info_api import MAX_FILLS, MAX_ROWS, InfoApi
from exchanges.simulator.hyperliquid.subscription import Subscription
from exchanges.simulator.hyperliquid.wire_account import (
    active_asset_data,
    clearinghouse_state,
    funding_event,
)
from exchanges.simulator.hyperliquid.wire_market import bbo, candle_row, l2_book, trade_row
from exchanges.simulator.hyperliquid.wire_orders import fill_row, order_update

FIRST_TRADES = 30
STANDING = frozenset(
    (
        "l2Book",
        "bbo",
        "allMids",
        "activeAssetCtx",
        "activeAssetData",
        "candle",
        "clearinghouseState",
        "spotState",
    )
)


class Feeds:
    """Makes the ``data`` of frames; None and empty lists are not sent."""

    def __init__(self, engine: HyperliquidEngine, books: Books, info: InfoApi) -> None:
        self._engine = engine
        self._books = books
        self._info = info

    def first(self, wanted: Subscription) -> Any:
        """What comes at once with a new subscription."""
        if wanted.kind in STANDING:
            return self.standing(wanted)
        user, asset = wanted.user, wanted.asset
        account = None if user is None else self._engine.account(user)
        if wanted.kind == "trades" and asset is not None:
            recent = self._engine.tape(asset).recent(FIRST_TRADES)
            return [trade_row(asset.coin, one) for one in recent]
        if wanted.kind == "userFills":
            fills = [] if account is None else account.fills[: -MAX_FILLS - 1 : -1]
            rows = [fill_row(str(user), fill) for fill in fills]
            return {"isSnapshot": True, "user": user, "fills": rows}
        if wanted.kind == "userFundings":
            payments = [] if account is None else account.funding[: -MAX_ROWS - 1 : -1]
            events = [funding_event(payment) for payment in payments]
            return {"isSnapshot": True, "user": user, "fundings": events}
        return None

    def standing(self, wanted: Subscription) -> Any:
        """How it stands now; None while a book is told to stand still."""
        asset, user = wanted.asset, wanted.user
        if wanted.kind == "allMids":
            return {"mids": self._info.mids()}
        if wanted.kind == "spotState":
            return {"user": user, "spotState": {"balances": []}}
        if wanted.kind == "clearinghouseState":
            account = self._engine.account(str(user))
            state = clearinghouse_state(self._engine, account)
            return {"dex": "", "user": user, "clearinghouseState": state}
        if asset is None:
            return None
        if wanted.kind == "activeAssetCtx":
            return {"coin": asset.coin, "ctx": self._info.context(asset)}
        if wanted.kind == "activeAssetData":
            owner = self._engine.account(str(user))
            return None if owner is None else active_asset_data(self._engine, owner, asset)
        if wanted.kind == "candle":
            interval = str(wanted.interval)
            candle = self._engine.tape(asset).candles.latest(interval)
            return None if candle is None else candle_row(asset.coin, interval, candle)
        if self._books.is_stale(asset):
            return None
        view = self._books.view(asset)
        if wanted.kind == "bbo":
            return bbo(asset, view)
        return l2_book(asset, view, wanted.figures, wanted.mantissa)

    def brought(self, wanted: Subscription, events: Iterable[Event]) -> list[Any]:
        """The frames that ``events``, which happened together, are to this subscription."""
        user = wanted.user
        match wanted.kind:
            case "trades":
                coin = wanted.asset.coin if wanted.asset is not None else None
                trades = [
                    trade_row(one.coin, one.trade)
                    for one in events
                    if isinstance(one, Printed) and one.coin == coin
                ]
                return [trades] if trades else []
            case "orderUpdates":
                updates = [
                    order_update(one.order)
                    for one in events
                    if isinstance(one, OrderChanged) and one.address == user
                ]
                return [updates] if updates else []
            case "userFills" | "userEvents":
                fills = [
                    fill_row(one.address, one.fill)
                    for one in events
                    if isinstance(one, Filled) and one.address == user
                ]
                frames: list[Any] = []
                if fills and wanted.kind == "userFills":
                    frames.append({"user": user, "fills": fills})
                elif fills:
                    frames.append({"fills": fills})
                if wanted.kind == "userEvents":
                    frames += [{"funding": event} for event in self._funding(events, user)]
                return frames
            case "userFundings":
                fundings = self._funding(events, user)
                return [{"user": user, "fundings": fundings}] if fundings else []
            case _:
                return []

    @staticmethod
    def _funding(events: Iterable[Event], user: str | None) -> list[Any]:
        return [
            funding_event(one.payment)
            for one in events
            if isinstance(one, Funded) and one.address == user
        ]
