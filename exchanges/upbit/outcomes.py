"""What a reply of Upbit means for the request that it answers.

Upbit warns that its statuses are not consistent and that the error *name*
decides (Upbit docs, "REST API guide", errors). Where neither decides, an order
counts as unknown: asking for it costs a moment, sending it twice costs money.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto

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
from exchanges.upbit.limits import BAN_S, RETRY_S
from exchanges.venue_client import Costs, has_retry_after
from exchanges.web_socket import NotConnected


class Meaning(Enum):
    """What an error says about the request."""

    REJECTED = auto()
    """A definite no for a business reason."""
    UNAUTHENTICATED = auto()
    SEEN_BEFORE = auto()
    """The venue knows this nonce or this identifier. Each is used for one sending only, so a
    copy of the request has arrived: it may have been carried out."""
    NOT_FOUND = auto()
    TURNED_AWAY = auto()
    """Without a name it is a firewall's word: refused before the exchange saw it."""


BY_NAME: Mapping[str, Meaning] = {
    "create_ask_error": Meaning.REJECTED,
    "create_bid_error": Meaning.REJECTED,
    "insufficient_funds_ask": Meaning.REJECTED,
    "insufficient_funds_bid": Meaning.REJECTED,
    "under_min_total_ask": Meaning.REJECTED,
    "under_min_total_bid": Meaning.REJECTED,
    "under_min_total_market_ask": Meaning.REJECTED,
    "under_min_total_market_bid": Meaning.REJECTED,
    "over_max_total_ask": Meaning.REJECTED,
    "over_max_total_bid": Meaning.REJECTED,
    "over_max_total_market_ask": Meaning.REJECTED,
    "over_max_total_market_bid": Meaning.REJECTED,
    "invalid_price_ask": Meaning.REJECTED,
    "invalid_price_bid": Meaning.REJECTED,
    "invalid_funds": Meaning.REJECTED,
    "validation_error": Meaning.REJECTED,
    "volume_too_large": Meaning.REJECTED,
    "withdraw_address_not_registered": Meaning.REJECTED,  # never in answer to an order
    "invalid_query_payload": Meaning.UNAUTHENTICATED,
    "jwt_verification": Meaning.UNAUTHENTICATED,
    "invalid_access_key": Meaning.UNAUTHENTICATED,
    "expired_access_key": Meaning.UNAUTHENTICATED,
    "no_authorization_ip": Meaning.UNAUTHENTICATED,
    "no_authorization_i_p": Meaning.UNAUTHENTICATED,
    "no_authorization_token": Meaning.UNAUTHENTICATED,
    "out_of_scope": Meaning.UNAUTHENTICATED,
    "thirdparty_agreement_required": Meaning.UNAUTHENTICATED,
    "nonce_used": Meaning.SEEN_BEFORE,
    "order_not_found": Meaning.NOT_FOUND,
}

_VENUE = Venue.UPBIT
_REFUSING = frozenset((400, 404))
"""Statuses that say no even with a name that is not in the table."""
_REPEATED = re.compile(r"identifier|식별자|duplicat|already|중복|이미", re.IGNORECASE)
"""In the name or message of a refusal: the docs promise a "duplicate error" for an identifier that
was used, and do not name it."""
_STATED_BAN = re.compile(r"(\d{1,5})\s*(초|분|시간|s\b|sec|min|hour)")
_LONGEST_BAN_S = 86_400.0
_UNIT_S = {"초": 1, "분": 60, "시간": 3_600, "s": 1, "sec": 1, "min": 60, "hour": 3_600}


def submit_error(response: Response) -> ExchangeError:
    """What a reply other than 2xx to an order means."""
    limited = rate_limit(response)
    if limited is not None:
        return limited
    name, message = _told(response)
    said = _said(response, name, message)
    meaning = _meaning(response.status, name)
    known = BY_NAME.get(name)
    if known in (None, Meaning.REJECTED) and _REPEATED.search(f"{name} {message}"):
        meaning = Meaning.SEEN_BEFORE
    if meaning is Meaning.SEEN_BEFORE:
        return OutcomeUnknown(_VENUE, f"a copy of the order came before it ({said})")
    if meaning is Meaning.UNAUTHENTICATED:
        return _unauthenticated(response, name, said)
    if meaning in (Meaning.REJECTED, Meaning.NOT_FOUND):
        return OrderRejected(
            _VENUE, f"the order was rejected ({said})", code=quoted(name), status=response.status
        )
    if meaning is Meaning.TURNED_AWAY:
        return VenueUnavailable(_VENUE, f"the order was turned away at the door ({said})")
    return OutcomeUnknown(_VENUE, f"the order's reply does not say what became of it ({said})")


def read_error(response: Response) -> ExchangeError:
    """What a reply other than 2xx to a question or a cancel means."""
    limited = rate_limit(response)
    if limited is not None:
        return limited
    name, message = _told(response)
    said = _said(response, name, message)
    meaning = _meaning(response.status, name)
    if meaning is Meaning.NOT_FOUND:
        return OrderNotFound(_VENUE, f"there is no such order ({said})")
    if meaning is Meaning.UNAUTHENTICATED:
        return _unauthenticated(response, name, said)
    if meaning in (Meaning.SEEN_BEFORE, Meaning.TURNED_AWAY) or response.status >= 500:
        return VenueUnavailable(_VENUE, f"the venue did not answer ({said})")
    if response.status == 408:
        return VenueUnavailable(_VENUE, f"the question did not arrive in time ({said})")
    return BadReply(_VENUE, f"the venue refused a question ({said})")


def handshake_error(error: NotConnected, *, is_signed: bool) -> ExchangeError | NotConnected:
    """What the refusal of a WebSocket means, by its status: its body does not reach us."""
    if error.status in (401, 403) and is_signed:
        return AuthenticationFailed(
            _VENUE, f"the stream was refused ({error})", code=str(error.status), status=error.status
        )
    return rate_limit(Response(error.status, {}, b"")) or error


def stream_error(name: str, message: str) -> ExchangeError:
    """What an error frame of a stream means. Only a refused token cannot be put right by
    connecting again."""
    said = f"the stream was refused ({quoted(name)} {quoted(message)})"
    if name == "INVALID_AUTH":
        return AuthenticationFailed(_VENUE, said, code=name, status=0)
    return VenueUnavailable(_VENUE, said)


def _meaning(status: int, name: str) -> Meaning | None:
    """The name decides; where it is not known, the status, if that is clear."""
    known = BY_NAME.get(name)
    if status < 400:
        return None  # a redirect says nothing about the order, whatever it carries
    if known is not None:
        return known
    if status == 401 or (status == 403 and name):
        return Meaning.UNAUTHENTICATED
    if status == 403:
        return Meaning.TURNED_AWAY
    return Meaning.REJECTED if name and status in _REFUSING else None


def rate_limit(response: Response) -> RateLimited | None:
    """The refusal for asking too often, by status: its body is not documented."""
    if response.status == 418:
        wait_s = retry_after_s(response, _stated_ban_s(response) or BAN_S)
        return RateLimited(
            _VENUE, "banned for too many requests", retry_after_s=wait_s, banned=True
        )
    if response.status == 429:
        wait_s = retry_after_s(response, RETRY_S)
        return RateLimited(_VENUE, "too many requests", retry_after_s=wait_s, banned=False)
    return None


def silenced(response: Response, costs: Costs) -> Iterable[str] | None:
    """A 429 is about one group of requests, a ban about all."""
    return None if response.status == 418 else tuple(costs)


def states_ban(response: Response) -> bool:
    """Whether a ban says how long it lasts."""
    return has_retry_after(response) or _stated_ban_s(response) is not None


def _stated_ban_s(response: Response) -> float | None:
    """Upbit docs, "Rate limits": a ban's message says how long it lasts. In which words is not
    documented, so a number before a unit of time is taken for it, and none is fine too."""
    match = _STATED_BAN.search(_told(response)[1])
    return None if match is None else min(float(match[1]) * _UNIT_S[match[2]], _LONGEST_BAN_S)


def _unauthenticated(response: Response, name: str, said: str) -> AuthenticationFailed:
    return AuthenticationFailed(
        _VENUE,
        f"key, signature or permission was refused ({said})",
        code=quoted(name) or str(response.status),
        status=response.status,
    )


def unreadable_order(error: BadReply) -> OutcomeUnknown:
    """A 2xx reply to an order that does not show the order it made."""
    return OutcomeUnknown(_VENUE, f"the order's reply cannot be understood ({error.message})")


def _told(response: Response) -> tuple[str, str]:
    """The error's name and message; "" where there is none.

    Two envelopes are in use: ``{"error": {"name", "message"}}`` and the bare inner object; market
    data names errors by a number, which is no name.
    """
    try:
        parsed = parse_json(response.body)
    except ValueError:
        return "", ""
    error = parsed.get("error", parsed) if isinstance(parsed, dict) else None
    if not isinstance(error, dict):
        return "", ""
    name, message = error.get("name"), error.get("message")
    return name if isinstance(name, str) else "", message if isinstance(message, str) else ""


def _said(response: Response, name: str, message: str) -> str:
    """A phrase for people."""
    return " ".join(f"HTTP {response.status} {quoted(name)} {quoted(message)}".split())
