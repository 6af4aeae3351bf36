"""The venue's refusals: code, message and HTTP status as Binance sends them."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[int, str] = {
    -1000: "An unknown error occurred while processing the request.",
    -1001: "Internal error; unable to process your request. Please try again.",
    -1003: (
        "Too many requests; current limit is {} requests per {}. "
        "Please use the websocket for live updates to avoid polling the API."
    ),
    -1006: "An unexpected response was received from the message bus. Execution status unknown.",
    -1007: (
        "Timeout waiting for response from backend server. Send status unknown; execution "
        "status unknown."
    ),
    -1008: (
        "Request throttled by system-level protection. Reduce-only/close-position orders are "
        "exempt. Please try again."
    ),
    -1015: "Too many new orders; current limit is {} orders per {}.",
    -1021: "Timestamp for this request {}",
    -1022: "Signature for this request is not valid.",
    -1102: "Mandatory parameter '{}' was not sent, was empty/null, or malformed.",
    -1106: "Parameter '{}' sent when not required.",
    -1111: "Precision is over the maximum defined for this asset.",
    -1115: "Invalid timeInForce.",
    -1116: "Invalid orderType.",
    -1117: "Invalid side.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1125: "This listenKey does not exist.",
    -1127: "Lookup interval is too big. More than {} hours between startTime and endTime.",
    -1130: "Data sent for parameter '{}' is not valid.",
    -1135: "Invalid JSON Request",
    -2007: "Invalid callBack rate.",
    -2010: "New order rejected.",
    -2011: "Unknown order sent.",
    -2013: "Order does not exist.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
    -2018: "Balance is insufficient.",
    -2019: "Margin is insufficient.",
    -2021: "Order would immediately trigger.",
    -2022: "ReduceOnly Order is rejected.",
    -2023: "User in liquidation mode now.",
    -2025: "Reach max open order limit.",
    -2027: "Exceeded the maximum allowable position at current leverage.",
    -2028: "Leverage is smaller than permitted: insufficient margin balance.",
    -4002: "Price greater than max price.",
    -4003: "Quantity less than or equal to zero.",
    -4004: "Quantity less than min quantity.",
    -4005: "Quantity greater than max quantity.",
    -4013: "Price less than min price.",
    -4014: "Price not increased by tick size.",
    -4015: "Client order id is not valid.",
    -4016: "Limit price can't be higher than {}.",
    -4023: "Qty not increased by step size.",
    -4024: "Limit price can't be lower than {}.",
    -4028: "Leverage {} is not valid.",
    -4031: "Invalid parameter working type",
    -4045: "Reach max stop order limit.",
    -4046: "No need to change margin type.",
    -4047: "Margin type cannot be changed if there exists open orders.",
    -4048: "Margin type cannot be changed if there exists position.",
    -4049: "Add margin only support for isolated position.",
    -4050: "Cross balance insufficient.",
    -4051: "Isolated balance insufficient.",
    -4054: "Cannot add position margin: position is 0.",
    -4055: "Amount must be positive.",
    -4059: "No need to change position side.",
    -4061: "Order's position side does not match user's setting.",
    -4067: "Position side cannot be changed if there exists open orders.",
    -4068: "Position side cannot be changed if there exists position.",
    -4082: "Invalid number of batch place orders.",
    -4104: "Invalid contract type",
    -4108: "Symbol is on delivering or delivered or settling or closed or pre-trading.",
    -4116: "ClientOrderId is duplicated.",
    -4118: "ReduceOnly Order Failed. Please check your existing position and open orders",
    -4120: (
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints "
        "instead."
    ),
    -4131: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    -4136: "Target strategy invalid for orderType {},closePosition {}",
    -4137: "Quantity must be zero with closePosition equals true",
    -4161: "Leverage reduction is not supported in Isolated Margin Mode with open positions",
    -4164: "Order's notional must be no smaller than {} (unless you choose reduce only).",
    -5000: "Path {}, Method {} is invalid",
    -5021: (
        "Due to the order could not be filled immediately, the FOK order has been rejected. "
        "The order will not be recorded in the order history"
    ),
    -5022: (
        "Due to the order could not be executed as maker, the Post Only order will be "
        "rejected. The order will not be recorded in the order history"
    ),
    -5024: "Symbol is not in trading status. Order amendment is not permitted.",
    -5025: "Only limit order is supported.",
    -5026: "Exceed maximum modify order limit.",
    -5027: "No need to modify the order.",
    -5028: "Timestamp for this request is outside of the ME recvWindow.",
    -5029: "Order's notional must be no smaller than {} (unless you choose reduce only).",
    -5037: "Invalid price match",
    -5038: "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT",
    -5039: "Invalid self trade prevention mode",
    -5040: (
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
        "and smaller than 253402300799000"
    ),
    -5041: "No depth matches this BBO order",
    -5047: "The original order is not a reduce-only order",
}
"""Message of each code this venue can answer (Binance docs, USDⓈ-M error codes)."""


STATUSES: Mapping[int, int] = {
    -1000: 500,
    -1001: 503,
    -1003: 429,
    -1006: 503,
    -1007: 408,
    -1008: 503,
    -1015: 429,
    -2014: 401,
    -2015: 401,
    -5000: 404,
}
"""HTTP status of the codes that do not come with 400."""


_BANNED = (
    "Way too many requests; IP banned until {}. "
    "Please use the websocket for live updates to avoid bans."
)


class Refused(Exception):
    """A definite no. Becomes ``{"code", "msg"}`` with the code's status and ``headers``."""

    def __init__(
        self,
        code: int,
        *details: object,
        headers: Mapping[str, str] | None = None,
        message: str | None = None,
        status: int | None = None,
    ) -> None:
        """``message`` and ``status`` stand in for the code's own; ``details`` complete its
        message."""
        self.code = code
        self.message = TEXTS[code].format(*details) if message is None else message
        self.status = STATUSES.get(code, 400) if status is None else status
        self.headers = dict(headers or {})
        super().__init__(f"{code} {self.message}")


def banned(until_ms: int, now_ms: int) -> Refused:
    """418 and -1003 until a moment in the venue's milliseconds."""
    seconds = max(1, -(-(until_ms - now_ms) // 1_000))
    headers = {"retry-after": str(seconds)}
    return Refused(-1003, headers=headers, message=_BANNED.format(until_ms), status=418)
