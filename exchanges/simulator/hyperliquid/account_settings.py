"""Leverage and isolated margin of an account."""

from __future__ import annotations

from decimal import Decimal

from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.margin import Margin
from exchanges.simulator.hyperliquid.refusal import ActionRefused

_NO_MARGIN = (
    "Cross position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, deposit more collateral."
)
_NO_ISOLATED_MARGIN = (
    "Isolated position does not have sufficient margin available to decrease leverage. "
    "To decrease leverage, add margin to the position."
)


def update_leverage(
    account: VenueAccount, asset: Asset, leverage: int, *, is_cross: bool, margin: Margin
) -> None:
    """Refused out of range, across a change of mode with a position, and where the position
    would need more margin than there is."""
    if not 1 <= leverage <= asset.max_leverage:
        raise ActionRefused("Invalid leverage value")
    position = account.position(asset.index)
    was_cross = asset.index not in account.isolated
    if is_cross is not was_cross and position.size:
        raise ActionRefused("Cannot switch leverage type with open position.")
    before = account.leverages.get(asset.index)
    account.leverages[asset.index] = leverage
    needed = position.value(margin.mark(asset.index)) / leverage
    refused = None
    if was_cross and margin.free() < 0:
        refused = _NO_MARGIN
    elif not was_cross and position.size and margin.used_by(asset.index) < needed:
        refused = _NO_ISOLATED_MARGIN
    if refused is not None and (before is None or leverage < before):
        account.leverages.pop(asset.index)
        if before is not None:
            account.leverages[asset.index] = before
        raise ActionRefused(refused)
    (account.isolated.discard if is_cross else account.isolated.add)(asset.index)


def update_isolated_margin(
    account: VenueAccount, asset: Asset, amount: Decimal, margin: Margin
) -> None:
    """Move ``amount`` USDC to the isolated position, or away from it when negative.

    How the venue words these two refusals is on no public record.
    """
    position = account.position(asset.index)
    if asset.index not in account.isolated or not position.size:
        raise ActionRefused("No isolated position to update margin for.")
    needed = position.value(margin.mark(asset.index)) / account.leverage(asset)
    left = margin.used_by(asset.index) + amount
    if amount > margin.free() or (amount < 0 and left < needed):
        raise ActionRefused("Insufficient margin to update isolated margin.")
    position.isolated_margin += amount
