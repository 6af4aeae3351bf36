"""The venue's refusals, in its words.

Hyperliquid docs, Error responses; suffixes and the texts that are not on that page as public
clients have recorded them.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchanges.simulator.hyperliquid.order_status import OrderStatus


class BadRequest(Exception):
    """Not processed: plain text with an HTTP status of its own."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


class Malformed(BadRequest):
    """The JSON has not the form of a request."""

    def __init__(self) -> None:
        super().__init__(422, "Failed to deserialize the JSON body into the target type")


class ActionRefused(Exception):
    """The whole action is refused: ``{"status": "err", "response": text}`` with HTTP 200."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one order, cancel or modification is refused."""

    text: str
    status: OrderStatus | None
    """How the order is remembered; None: as if it had never been sent."""
    names_asset: bool = True

    def worded(self, detail: str) -> str:
        """The text with ``detail`` where it has a gap."""
        return self.text.replace("{}", detail)


class OrderRefused(Exception):
    """One entry of ``statuses`` is an error; the others stand."""

    def __init__(self, reason: Reason, asset: int, detail: str = "") -> None:
        text = reason.worded(detail)
        super().__init__(f"{text} asset={asset}" if reason.names_asset else text)
        self.reason = reason
        self.asset = asset


ZERO_SIZE = Reason("Order has zero size.", None, names_asset=False)
INVALID_SIZE = Reason("Order has invalid size.", None, names_asset=False)
INVALID_PRICE = Reason("Order has invalid price.", None, names_asset=False)
TICK = Reason("Price must be divisible by tick size.", OrderStatus.TICK_REJECTED)
TOO_FAR = Reason(
    "Order price cannot be more than 80% away from the reference price", None, names_asset=False
)
HALTED = Reason("Trading is halted.", None)
MIN_VALUE = Reason("Order must have minimum value of $10.", OrderStatus.MIN_TRADE_NTL_REJECTED)
MARGIN = Reason("Insufficient margin to place order.", OrderStatus.PERP_MARGIN_REJECTED)
MAX_POSITION = Reason(
    "Order would cause position to exceed margin tier limit at current leverage",
    OrderStatus.PERP_MAX_POSITION_REJECTED,
)
REDUCE_ONLY = Reason("Reduce only order would increase position.", OrderStatus.REDUCE_ONLY_REJECTED)
POST_ONLY = Reason(
    "Post only order would have immediately matched, bbo was {}.", OrderStatus.BAD_ALO_PX_REJECTED
)
NO_MATCH = Reason(
    "Order could not immediately match against any resting orders.",
    OrderStatus.IOC_CANCEL_REJECTED,
)
BAD_TRIGGER = Reason("Invalid TP/SL price.", OrderStatus.BAD_TRIGGER_PX_REJECTED)
CLOID_IN_USE = Reason("Duplicate cloid.", None)
"""No public record of the venue's words; docs say only that a cloid names one open order."""
MISSING_ORDER = Reason("Order was never placed, already canceled, or filled.", None)
MODIFY_ENDED = Reason("Cannot modify canceled or filled order", None, names_asset=False)
MODIFY_INVALID = Reason("Attempted to modify to invalid new order", None, names_asset=False)
MODIFY_FAILED = Reason("Error placing new order during modify: {}", None, names_asset=False)


def unknown_wallet(address: str) -> ActionRefused:
    """A signature by a key that no account has, which is what any wrong byte leads to."""
    return ActionRefused(f"User or API Wallet {address} does not exist.")
