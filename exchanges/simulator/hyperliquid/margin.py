"""Margin: what positions and orders bind, what is left, and where a position ends.

Hyperliquid docs, Margining and Liquidations: a position needs value / leverage to be opened and,
to be kept, half of what its tier's maximum leverage needs. Cross positions share the account's
value, an isolated one has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.position import VenuePosition

ZERO = Decimal(0)
WITHDRAWAL_SHARE = Decimal("0.1")
"""Of the positions' value that stays behind a withdrawal at least."""


@dataclass(frozen=True, slots=True)
class Summary:
    """``marginSummary`` of some positions, USDC."""

    account_value: Decimal
    notional: Decimal
    raw_usd: Decimal
    margin_used: Decimal


@dataclass(frozen=True, slots=True)
class Pending:
    """An order that is about to be placed: what it would add."""

    side: Side
    size: Decimal


class Margin:
    """The margin of ``account`` at the present marks; reads only."""

    def __init__(
        self,
        account: VenueAccount,
        assets: Mapping[int, Asset],
        mark_of: Callable[[Asset], Decimal],
    ) -> None:
        self._account = account
        self._assets = assets
        self._marks = {index: mark_of(asset) for index, asset in assets.items()}

    def mark(self, asset: int) -> Decimal:
        return self._marks[asset]

    # ---- what there is

    def total(self) -> Summary:
        """Of the whole account."""
        held = list(self._account.held())
        return self._summary(self._account.cash, held)

    def cross(self) -> Summary:
        """Of everything but the isolated positions and what is set aside for them."""
        cash = self._account.cash - self._account.set_aside()
        return self._summary(cash, self._held_cross())

    def cross_maintenance(self) -> Decimal:
        return sum((self._maintenance(i, position) for i, position in self._held_cross()), ZERO)

    def withdrawable(self) -> Decimal:
        cross = self.cross()
        kept = max(cross.margin_used, cross.notional * WITHDRAWAL_SHARE)
        return max(ZERO, cross.account_value - kept)

    def used_by(self, asset: int) -> Decimal:
        """Margin in a position; of an isolated one with its profit."""
        position = self._account.position(asset)
        mark = self._marks[asset]
        if asset in self._account.isolated:
            return position.isolated_margin + position.unrealized(mark)
        return position.value(mark) / self._leverage(asset)

    # ---- what orders need

    def free(self) -> Decimal:
        """What further orders may bind; negative after a loss."""
        needed = sum((self.bound(index) for index in self._assets), ZERO)
        return self.cross().account_value - needed

    def bound(self, asset: int, extra: Pending | None = None) -> Decimal:
        """What position and orders of ``asset`` bind of the account, as it stands or with
        ``extra``: the larger of what would be held if all buys or all sells filled."""
        size = self._account.position(asset).size
        whole = self.exposure(asset, extra)
        if asset in self._account.isolated:
            whole -= abs(size)  # the position has its own
        return whole * self._marks[asset] / self._leverage(asset)

    def exposure(self, asset: int, extra: Pending | None = None) -> Decimal:
        """The largest position that orders may lead to, coin."""
        size = self._account.position(asset).size
        wished = {Side.BUY: ZERO, Side.SELL: ZERO}
        for order in self._account.orders.open(asset):
            if order.in_book and not order.reduce_only:
                wished[order.side] += order.remaining
        if extra is not None:
            wished[extra.side] += extra.size
        return max(abs(size + wished[Side.BUY]), abs(size - wished[Side.SELL]), abs(size))

    # ---- where it ends

    def is_liquidatable(self, asset: int | None) -> bool:
        """Has the value fallen below the maintenance margin? None asks for the cross positions
        together."""
        if asset is None:
            return self.cross().account_value < self.cross_maintenance()
        return self.used_by(asset) < self._maintenance(asset, self._account.position(asset))

    def liquidation_price(self, asset: int) -> Decimal | None:
        """Estimate, all other prices standing still; None when no price would do it."""
        position, mark = self._account.position(asset), self._marks[asset]
        side = 1 if position.size > 0 else -1
        if asset in self._account.isolated:
            spare = self.used_by(asset) - self._maintenance(asset, position)
        else:
            spare = self.cross().account_value - self.cross_maintenance()
        rate = self._assets[asset].tier(position.value(mark)).maintenance_rate
        price = mark - side * spare / abs(position.size) / (1 - rate * side)
        return price if price > 0 else None

    def _summary(self, cash: Decimal, held: list[tuple[int, VenuePosition]]) -> Summary:
        profit = sum((p.unrealized(self._marks[i]) for i, p in held), ZERO)
        return Summary(
            account_value=cash + profit,
            notional=sum((p.value(self._marks[i]) for i, p in held), ZERO),
            raw_usd=cash - sum((p.cost for _, p in held), ZERO),
            margin_used=sum((self.used_by(i) for i, _ in held), ZERO),
        )

    def _held_cross(self) -> list[tuple[int, VenuePosition]]:
        isolated = self._account.isolated
        return [(index, p) for index, p in self._account.held() if index not in isolated]

    def _maintenance(self, asset: int, position: VenuePosition) -> Decimal:
        return self._assets[asset].maintenance(position.value(self._marks[asset]))

    def _leverage(self, asset: int) -> int:
        return self._account.leverage(self._assets[asset])
