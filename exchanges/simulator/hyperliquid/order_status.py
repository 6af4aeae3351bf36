"""How orders stand and end (Hyperliquid docs, order status by oid or cloid)."""

from __future__ import annotations

from enum import StrEnum


class OrderStatus(StrEnum):
    OPEN = "open"
    TRIGGERED = "triggered"
    """A trigger order that is in the book now."""
    FILLED = "filled"
    """Also an immediate-or-cancel order that filled in part: ``sz`` is what it left."""
    CANCELED = "canceled"
    MARGIN_CANCELED = "marginCanceled"
    REDUCE_ONLY_CANCELED = "reduceOnlyCanceled"
    SIBLING_FILLED_CANCELED = "siblingFilledCanceled"
    LIQUIDATED_CANCELED = "liquidatedCanceled"
    SCHEDULED_CANCEL = "scheduledCancel"
    TICK_REJECTED = "tickRejected"
    MIN_TRADE_NTL_REJECTED = "minTradeNtlRejected"
    PERP_MARGIN_REJECTED = "perpMarginRejected"
    REDUCE_ONLY_REJECTED = "reduceOnlyRejected"
    BAD_ALO_PX_REJECTED = "badAloPxRejected"
    IOC_CANCEL_REJECTED = "iocCancelRejected"
    BAD_TRIGGER_PX_REJECTED = "badTriggerPxRejected"
    MARKET_ORDER_NO_LIQUIDITY_REJECTED = "marketOrderNoLiquidityRejected"
    PERP_MAX_POSITION_REJECTED = "perpMaxPositionRejected"

    @property
    def is_open(self) -> bool:
        return self in (OrderStatus.OPEN, OrderStatus.TRIGGERED)
