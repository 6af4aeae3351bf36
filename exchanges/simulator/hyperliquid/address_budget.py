"""How many actions an account may send.

Hyperliquid docs, Rate limits: one for each USDC traded since the beginning and 10,000 more; a batch
counts as what it holds; cancels have twice as much, but no more than 100,000 on top. Beyond it one
goes through every ten seconds. What comes after its ``expiresAfter`` counts five times (Exchange
endpoint).
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.actions import Action, CancelOrders, ModifyOrders, PlaceOrders
from exchanges.simulator.hyperliquid.numbers import rounded
from exchanges.simulator.hyperliquid.refusal import ActionRefused

INITIAL = 10_000
MORE_FOR_CANCELS = 100_000
SLOW_MS = 10_000
STALE_COSTS = 5


def cap(account: VenueAccount) -> int:
    return INITIAL + int(account.volume)


def spend(account: VenueAccount, action: Action, now_ms: int, *, times: int = 1) -> None:
    """Count ``action`` so many ``times``. Raises ActionRefused when it is one too many."""
    limit = cap(account)
    allowed = limit
    if isinstance(action, CancelOrders):
        allowed = min(limit + MORE_FOR_CANCELS, 2 * limit)
    wanted = account.requests + times * entries(action)
    if wanted > allowed:
        if now_ms - account.last_request_ms < SLOW_MS:
            raise ActionRefused(
                f"Too many cumulative requests sent ({wanted} > {allowed}) for cumulative volume "
                f"traded ${rounded(account.volume, 2).normalize() + Decimal(0):f}. "
                "Place taker orders to free up 1 request per USDC traded."
            )
        account.last_request_ms = now_ms
    account.requests = wanted


def entries(action: Action) -> int:
    """Orders, cancels or modifications of a batch; 1 for anything else."""
    match action:
        case PlaceOrders() | CancelOrders():
            return max(len(action.orders), 1)
        case ModifyOrders():
            return max(len(action.changes), 1)
        case _:
            return 1
