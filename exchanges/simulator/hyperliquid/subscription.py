"""What a WebSocket may subscribe to (Hyperliquid docs, Subscriptions)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from exchanges.simulator.hyperliquid.actions import Fields, address_of, json_object
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.candles import INTERVALS_MS
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.info_api import grouping
from exchanges.simulator.hyperliquid.refusal import Malformed

OF_COINS = frozenset(("l2Book", "bbo", "trades", "activeAssetCtx", "candle"))
OF_USERS = frozenset(
    (
        "orderUpdates",
        "userFills",
        "userEvents",
        "userFundings",
        "clearinghouseState",
        "spotState",
    )
)
OF_BOTH = frozenset(("activeAssetData",))
CHANNELS: Mapping[str, str] = {"userEvents": "user"}
"""Where the frames' channel has another name than the subscription."""


class UnknownCoin(Exception):
    """A subscription of right form to a coin that is not listed."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One feed on one connection; equal ones are the same."""

    kind: str
    asset: Asset | None = None
    user: str | None = None
    interval: str | None = None
    figures: int | None = None
    mantissa: int | None = None

    @property
    def channel(self) -> str:
        return CHANNELS.get(self.kind, self.kind)

    def wire(self) -> dict[str, Any]:
        """As the venue repeats it."""
        wire: dict[str, Any] = {"type": self.kind}
        if self.interval is not None:
            wire["interval"] = self.interval
        if self.asset is not None:
            wire["coin"] = self.asset.coin
        if self.user is not None:
            wire["user"] = self.user
        if self.kind == "l2Book":
            wire |= {"nSigFigs": self.figures, "mantissa": self.mantissa}
        return wire


def parse_subscription(raw: object, engine: HyperliquidEngine) -> Subscription:
    """Raises Malformed for what has no form, UnknownCoin for a coin that is not listed."""
    fields = json_object(raw)
    kind = fields.get("type")
    if not isinstance(kind, str):
        raise Malformed
    if kind == "allMids":
        return Subscription("allMids")
    if kind in OF_USERS:
        return Subscription(kind, user=address_of(fields.get("user")))
    if kind in OF_BOTH:
        user = address_of(fields.get("user"))
        return replace(_of_coin(kind, fields, engine), user=user)
    if kind not in OF_COINS:
        raise Malformed
    return _of_coin(kind, fields, engine)


def _of_coin(kind: str, fields: Fields, engine: HyperliquidEngine) -> Subscription:
    if not isinstance(fields.get("coin"), str):
        raise Malformed
    figures, mantissa = grouping(fields) if kind == "l2Book" else (None, None)
    interval = fields.get("interval") if kind == "candle" else None
    if kind == "candle" and not (isinstance(interval, str) and interval in INTERVALS_MS):
        raise Malformed
    asset = engine.asset(fields["coin"])
    if asset is None:
        raise UnknownCoin
    return Subscription(kind, asset, None, interval, figures, mantissa)
