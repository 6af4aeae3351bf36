"""What a reply of Binance means for the request that it answers.

Source: Binance docs, USDⓈ-M futures, "Error codes" and "General info" (the
three kinds of 503). Where code and status do not decide, an order counts as
unknown: asking for it costs a moment, sending it twice costs money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto

from exchanges.binance.limits import BAN_S, ORDER_POOLS, RETRY_S, observe_headers
from exchanges.decimal_json import parse_json
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    ExchangeError,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.instrument import Venue
from exchanges.reply import quoted
from exchanges.retry_after import retry_after_s
from exchanges.transport import Response
from exchanges.venue_client import Costs, Replies


class Meaning(Enum):
    """What an error code says about the request."""

    UNKNOWN = auto()
    """The venue itself does not know whether the order was carried out, or an order under this
    client order id is live (which we sent once, so it is this one)."""
    NOT_PROCESSED = auto()
    LIMITED = auto()
    UNAUTHENTICATED = auto()
    NOT_FOUND = auto()


BY_CODE: Mapping[int, Meaning] = {
    -1000: Meaning.UNKNOWN,  # an unknown error while processing
    -1001: Meaning.UNKNOWN,  # disconnected inside the venue
    -1003: Meaning.LIMITED,
    -1006: Meaning.UNKNOWN,  # unexpected reply, execution status unknown
    -1007: Meaning.UNKNOWN,  # backend time-out, execution status unknown
    -1008: Meaning.NOT_PROCESSED,  # throttled; reduce-only orders are exempt
    -1015: Meaning.LIMITED,  # too many orders
    -1016: Meaning.NOT_PROCESSED,  # service shutting down
    -1021: Meaning.UNAUTHENTICATED,  # our clock
    -1022: Meaning.UNAUTHENTICATED,  # signature
    -2011: Meaning.NOT_FOUND,  # cancel: unknown order
    -2013: Meaning.NOT_FOUND,
    -2014: Meaning.UNAUTHENTICATED,  # key format
    -2015: Meaning.UNAUTHENTICATED,  # key, address or permission
    -4116: Meaning.UNKNOWN,  # client order id is live
    -5028: Meaning.NOT_PROCESSED,  # too old when it reached the matching engine
}
"""Every other code is a business rejection when the status is 4xx: the venue names what it does
not take, and has not taken it."""

CLOCK_CODE = "-1021"
"""Our clock, or what we know of the venue's, is wrong."""
HEDGE_MODE = (
    "the account is in hedge mode, and the desk trades one-way: switch its position mode first"
)

FEES_IN_BNB = (
    "the account pays its fees in BNB, and the desk's books are in USDT: switch that off first"
)

_VENUE = Venue.BINANCE
_NOT_EXECUTED = "Service Unavailable."
_TIMED_OUT = 408
"""Binance docs: the backend gave no answer in time."""
_BANNED = 418
_TOO_MANY_ORDERS = -1015
_WRONG_POSITION_SIDE = -4061


def submit_error(response: Response) -> ExchangeError:
    """What a reply other than 2xx to an order means."""
    code, message = _told(response)
    said = _said(response, code, message)
    meaning = BY_CODE.get(code) if code is not None else None
    if meaning is Meaning.UNKNOWN:  # whatever the status: the doubt outweighs it
        return OutcomeUnknown(_VENUE, f"the venue does not say what became of the order ({said})")
    limited = rate_limit(response)
    if limited is not None:
        return limited
    if meaning is Meaning.NOT_PROCESSED or (
        response.status == 503 and message == _NOT_EXECUTED and meaning is None
    ):
        return VenueUnavailable(_VENUE, f"the order was not processed ({said})")
    is_refusal = 400 <= response.status < 500
    is_turned_away = meaning is Meaning.UNAUTHENTICATED or (response.status == 401 and code is None)
    if is_turned_away and is_refusal:
        return _unauthenticated(response, code, said)
    if is_refusal and response.status != _TIMED_OUT and code is not None:
        why = HEDGE_MODE if code == _WRONG_POSITION_SIDE else "the order was rejected"
        return OrderRejected(_VENUE, f"{why} ({said})", code=str(code), status=response.status)
    if response.status == 403:
        # Without a code it is the firewall's word: turned away before the exchange saw it.
        return VenueUnavailable(_VENUE, f"the order was turned away at the door ({said})")
    return OutcomeUnknown(_VENUE, f"the order's reply does not say what became of it ({said})")


def read_error(response: Response) -> ExchangeError:
    """What a reply other than 2xx to a question or a cancel means."""
    code, message = _told(response)
    said = _said(response, code, message)
    limited = rate_limit(response)
    if limited is not None:
        return limited
    meaning = BY_CODE.get(code) if code is not None else None
    if meaning is Meaning.NOT_FOUND:
        return OrderNotFound(_VENUE, f"there is no such order ({said})")
    if meaning is Meaning.UNAUTHENTICATED or (response.status == 401 and code is None):
        return _unauthenticated(response, code, said)
    if meaning is not None or response.status >= 500 or response.status == 403:
        return VenueUnavailable(_VENUE, f"the venue did not answer ({said})")
    return BadReply(_VENUE, f"the venue refused a question ({said})")


def unreadable_order(error: BadReply) -> OutcomeUnknown:
    """A 2xx reply to an order that does not show the order it made."""
    return OutcomeUnknown(_VENUE, f"the order's reply cannot be understood ({error.message})")


def rate_limit(response: Response) -> RateLimited | None:
    """The refusal for asking too often, by status or by code."""
    if response.status == _BANNED:
        wait_s = retry_after_s(response, BAN_S)
        return RateLimited(
            _VENUE, "banned for too many requests", retry_after_s=wait_s, banned=True
        )
    code = _told(response)[0] if response.status >= 400 else None
    if response.status == 429 or (code is not None and BY_CODE.get(code) is Meaning.LIMITED):
        wait_s = retry_after_s(response, RETRY_S)
        return RateLimited(_VENUE, "too many requests", retry_after_s=wait_s, banned=False)
    return None


def silenced(response: Response, costs: Costs) -> Iterable[str] | None:
    """The pools that a refusal for asking too often closes. Limits are per address, and asking on
    grows into a ban: everything, unless it is about the number of orders alone."""
    is_about_orders = response.status != _BANNED and _told(response)[0] == _TOO_MANY_ORDERS
    return ORDER_POOLS if is_about_orders else None


def _unauthenticated(response: Response, code: int | None, said: str) -> AuthenticationFailed:
    return AuthenticationFailed(
        _VENUE,
        f"key, signature, permission or clock was refused ({said})",
        code=str(response.status if code is None else code),
        status=response.status,
    )


def _told(response: Response) -> tuple[int | None, str]:
    """The code, or None, and the message; a body that is plain text is the message."""
    try:
        parsed = parse_json(response.body)
    except ValueError:
        return None, response.body[:400].decode("utf-8", "replace").strip()
    if not isinstance(parsed, dict):
        return None, ""
    code, message = parsed.get("code"), parsed.get("msg")
    is_code = isinstance(code, int) and not isinstance(code, bool) and -100_000 < code < 0
    return (code if is_code else None), (message if isinstance(message, str) else "")


def _said(response: Response, code: int | None, message: str) -> str:
    """A phrase for people. A page of HTML is not quoted."""
    words = "" if message.startswith("<") else quoted(message)
    return " ".join(f"HTTP {response.status} {'' if code is None else code} {words}".split())


REPLIES = Replies(submit_error, read_error, observe_headers, silenced)
"""How :class:`exchanges.venue_client.VenueClient` reads Binance's replies."""
