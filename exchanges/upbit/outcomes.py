"""What a reply of Upbit means for the request that it answers.

Upbit warns that its statuses are not consistent and that the error *name*
decides (Upbit docs, "REST API guide", errors). Where neither decides, an order
counts as unknown: asking for it costs a moment, sending it twice costs money.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from exchanges.transport import Interrupted, NotSent, Response, TransportError
from exchanges.upbit.limits import BAN_S, RETRY_S


class Meaning(Enum):
    """What an error says about the request."""

    REJECTED = auto()
    """A definite no for a business reason."""
    UNAUTHENTICATED = auto()
    SEEN_BEFORE = auto()
    """The venue knows this nonce or this identifier. Each is used for one sending only, so a
    copy of the request has arrived: it may have been carried out."""
    NOT_FOUND = auto()


BY_NAME: Mapping[str, Meaning] = {
    "create_ask_error": Meaning.REJECTED,
    "create_bid_error": Meaning.REJECTED,
    "insufficient_funds_ask": Meaning.REJECTED,
    "insufficient_funds_bid": Meaning.REJECTED,
    "under_min_total_ask": Meaning.REJECTED,
    "under_min_total_bid": Meaning.REJECTED,
    "under_min_total_market_ask": Meaning.REJECTED,
    "under_min_total_market_bid": Meaning.REJECTED,
    "invalid_price_ask": Meaning.REJECTED,
    "invalid_price_bid": Meaning.REJECTED,
    "invalid_funds": Meaning.REJECTED,
    "validation_error": Meaning.REJECTED,
    "volume_too_large": Meaning.REJECTED,
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


def submit_transport_error(error: TransportError) -> ExchangeError:
    """An order whose sending broke."""
    if isinstance(error, NotSent):
        return VenueUnavailable(_VENUE, f"the order was not sent: {error}")
    return OutcomeUnknown(_VENUE, f"no complete reply to the order: {error}")


def read_transport_error(error: TransportError) -> ExchangeError:
    """A question whose sending broke; its fate does no harm."""
    told = "interrupted" if isinstance(error, Interrupted) else "not sent"
    return VenueUnavailable(_VENUE, f"the request was {told}: {error}")


def submit_error(response: Response) -> ExchangeError:
    """What a reply other than 2xx to an order means."""
    name, said = _told(response)
    limited = rate_limit(response)
    if limited is not None:
        return limited
    meaning = _meaning(name, said)
    if meaning is Meaning.SEEN_BEFORE:
        return OutcomeUnknown(_VENUE, f"a copy of the order came before it ({said})")
    if meaning is Meaning.UNAUTHENTICATED or (response.status == 401 and meaning is None):
        return _unauthenticated(response, name, said)
    if meaning is Meaning.REJECTED or (400 <= response.status < 500 and name):
        return OrderRejected(
            _VENUE, f"the order was rejected ({said})", code=quoted(name), status=response.status
        )
    if response.status == 403:
        # Without a name it is the firewall's word: turned away before the exchange saw it.
        return VenueUnavailable(_VENUE, f"the order was turned away at the door ({said})")
    return OutcomeUnknown(_VENUE, f"the order's reply does not say what became of it ({said})")


def read_error(response: Response) -> ExchangeError:
    """What a reply other than 2xx to a question or a cancel means."""
    name, said = _told(response)
    limited = rate_limit(response)
    if limited is not None:
        return limited
    meaning = _meaning(name, said)
    if meaning is Meaning.NOT_FOUND:
        return OrderNotFound(_VENUE, f"there is no such order ({said})")
    if meaning is Meaning.UNAUTHENTICATED or (response.status == 401 and meaning is None):
        return _unauthenticated(response, name, said)
    if meaning is Meaning.SEEN_BEFORE or response.status >= 500 or response.status == 403:
        return VenueUnavailable(_VENUE, f"the venue did not answer ({said})")
    return BadReply(_VENUE, f"the venue refused a question ({said})")


def _meaning(name: str, said: str) -> Meaning | None:
    known = BY_NAME.get(name)
    if known in (None, Meaning.REJECTED) and "identifier" in said:
        # The docs promise that a used identifier is refused and do not name the error.
        return Meaning.SEEN_BEFORE
    return known


def rate_limit(response: Response) -> RateLimited | None:
    """The refusal for asking too often, by status: its body is not documented."""
    if response.status == 418:
        wait_s = retry_after_s(response, BAN_S)
        return RateLimited(
            _VENUE, "banned for too many requests", retry_after_s=wait_s, banned=True
        )
    if response.status == 429:
        wait_s = retry_after_s(response, RETRY_S)
        return RateLimited(_VENUE, "too many requests", retry_after_s=wait_s, banned=False)
    return None


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
    """The error's name ("" when there is none) and a phrase for people.

    Two envelopes are in use: ``{"error": {"name", "message"}}`` and the bare inner object; market
    data names errors by a number, which is no name.
    """
    name, message = "", ""
    try:
        parsed = parse_json(response.body)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict):
        error = parsed.get("error", parsed)
        if isinstance(error, dict):
            name = error["name"] if isinstance(error.get("name"), str) else ""
            message = error["message"] if isinstance(error.get("message"), str) else ""
    return name, " ".join(f"HTTP {response.status} {quoted(name)} {quoted(message)}".split())
