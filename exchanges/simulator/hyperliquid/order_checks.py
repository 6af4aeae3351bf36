"""What the venue asks of a well-formed order."""

from __future__ import annotations

from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.matching import Execution
from exchanges.simulator.hyperliquid import refusal
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.actions import OrderWish, Tif, Trigger
from exchanges.simulator.hyperliquid.asset import MIN_VALUE, TAKER_FEE, Asset
from exchanges.simulator.hyperliquid.margin import Margin, Pending
from exchanges.simulator.hyperliquid.refusal import OrderRefused

FARTHEST = Decimal("0.2")
"""An order's price lies above this share of the mark price, and the mark price at or above this
share of the order's (measured)."""


def check_form(wish: OrderWish, asset: Asset, mark: Decimal, *, covers_position: bool) -> None:
    """What no account and no book is needed for; one bad order fails its whole batch."""
    if not wish.size and not covers_position:
        raise OrderRefused(refusal.ZERO_SIZE, asset.index)
    if not asset.is_lot(wish.size):
        raise OrderRefused(refusal.INVALID_SIZE, asset.index)
    if not wish.price:
        raise OrderRefused(refusal.INVALID_PRICE, asset.index)
    if not asset.is_tick(wish.price):
        raise OrderRefused(refusal.TICK, asset.index)
    if isinstance(wish.kind, Trigger):
        if not wish.kind.price or not asset.is_tick(wish.kind.price):
            raise OrderRefused(refusal.BAD_TRIGGER, asset.index)
    elif not mark * FARTHEST < wish.price <= mark / FARTHEST:
        raise OrderRefused(refusal.TOO_FAR, asset.index)


def check_trigger(wish: OrderWish, trigger: Trigger, asset: Asset, mark: Decimal) -> None:
    """A trigger that the mark price has reached already is none."""
    if is_reached(wish.side, trigger.takes_profit, trigger.price, mark):
        raise OrderRefused(refusal.BAD_TRIGGER, asset.index)


def is_reached(side: Side, takes_profit: bool, trigger: Decimal, mark: Decimal) -> bool:
    """A selling take-profit and a buying stop-loss wait for a rise, the others for a fall."""
    waits_for_rise = takes_profit is (side is Side.SELL)
    return mark >= trigger if waits_for_rise else mark <= trigger


def check_reduces(account: VenueAccount, wish: OrderWish, asset: Asset) -> None:
    """A reduce-only order needs a position on the other side."""
    size = wish.size if wish.side is Side.BUY else -wish.size
    if wish.reduce_only and wish.size and not account.position(asset.index).closable(size):
        raise OrderRefused(refusal.REDUCE_ONLY, asset.index)


def check_book(
    wish: OrderWish, asset: Asset, executions: list[Execution], bid: Decimal, ask: Decimal
) -> None:
    """Post-only that would match, immediate-or-cancel that would not, and the least value, which
    comes after these (measured)."""
    if wish.kind is Tif.ALO and executions:
        raise OrderRefused(refusal.POST_ONLY, asset.index, bbo_text(bid, ask))
    if wish.kind is Tif.IOC and not executions:
        raise OrderRefused(refusal.NO_MATCH, asset.index)
    price = executions[0].price if executions else wish.price
    if not wish.reduce_only and price * wish.size < MIN_VALUE:
        raise OrderRefused(refusal.MIN_VALUE, asset.index)


def check_margin(
    account: VenueAccount,
    margin: Margin,
    asset: Asset,
    wish: Pending,
    executions: list[Execution],
) -> None:
    """What the order would bind, and what it loses at once, must be free."""
    exposure = margin.exposure(asset.index, wish)
    if exposure <= margin.exposure(asset.index):
        return
    mark = margin.mark(asset.index)
    if account.leverage(asset) > asset.tier(exposure * mark).max_leverage:
        raise OrderRefused(refusal.MAX_POSITION, asset.index)
    sign = 1 if wish.side is Side.BUY else -1
    lost = sum(
        (
            max(Decimal(0), sign * (one.price - mark)) * one.quantity
            + one.price * one.quantity * TAKER_FEE
            for one in executions
        ),
        Decimal(0),
    )
    more = margin.bound(asset.index, wish) - margin.bound(asset.index)
    if more + lost > margin.free():
        raise OrderRefused(refusal.MARGIN, asset.index)


def bbo_text(bid: Decimal, ask: Decimal) -> str:
    """The touch in a sentence, without closing zeros: ``90901@90902``."""
    return "@".join(format(price.normalize(), "f") for price in (bid, ask))
