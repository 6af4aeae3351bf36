"""What a reply of Hyperliquid means for the request that it answers.

An action that the venue has judged is answered with HTTP 200 whatever came of it: ``err`` for the
action as a whole, an ``error`` in ``statuses`` for one order of it (Hyperliquid docs, "Error
responses"). Where the words are not known, an ``error`` of an order is a no all the same, because
only an order that was judged has one; an ``err`` and everything else leave the order unknown:
asking for it costs a moment, sending it twice costs money.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

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
from exchanges.hyperliquid.address_budget import EVERY_S
from exchanges.hyperliquid.limits import BAN_S, RETRY_S, observe_headers, weighed
from exchanges.hyperliquid.refusals import Meaning, Refusal, refusal
from exchanges.instrument import Venue
from exchanges.reply import Fields, document, fields, quoted
from exchanges.retry_after import retry_after_s
from exchanges.transport import Response
from exchanges.venue_client import Costs, Replies

_VENUE = Venue.HYPERLIQUID
_ENDS = ("error", "resting", "filled")


@dataclass(frozen=True, slots=True)
class Placed:
    """What the venue said about an order that it took: ``filled`` is None when it only rests."""

    venue_order_id: str
    filled: Decimal | None
    cloid: str | None = None


class NothingMatched(Exception):
    """The venue's word on an IOC order that ended without a trade; it names no order id."""


def placed(body: bytes) -> Placed:
    """A 2xx reply to one order. Prices are not taken from it: they come from the trades.

    Raises NothingMatched, OrderRejected, VenueUnavailable, AuthenticationFailed or OutcomeUnknown.
    """
    try:
        status = _only_status(body, "order")
        if isinstance(status, str):
            raise BadReply(_VENUE, f"order.statuses: {quoted(status)}")
        if sum(map(status.has, _ENDS)) != 1:
            raise status.bad("error, resting or filled", "one of them")
        if status.has("error"):
            raise _order_error(status.text("error"))
        if status.has("resting"):
            return _placed(status.child("resting"), None)
        filled = status.child("filled")
        return _placed(filled, filled.positive("totalSz"))
    except _Refused as refused:
        raise _action_error(refused.text) from None
    except BadReply as error:
        raise OutcomeUnknown(
            _VENUE, f"the order's reply cannot be understood ({error.message})"
        ) from None


def _placed(row: Fields, filled: Decimal | None) -> Placed:
    return Placed(str(row.integer("oid")), filled, row.optional_text("cloid"))


def margin_moved(body: bytes) -> None:
    """A 2xx reply to a change of a position's margin. Raises as :func:`placed` does, but for
    NothingMatched."""
    try:
        reply = fields(_VENUE, "margin", document(_VENUE, "margin", body, unique_keys=True))
        if reply.text("status") == "err":
            raise _action_error(reply.text("response"))
        if reply.text("status") != "ok":
            raise reply.bad("status", "ok or err")
    except BadReply as error:
        raise OutcomeUnknown(
            _VENUE, f"the margin's reply cannot be understood ({error.message})"
        ) from None


def cancel_taken(body: bytes) -> None:
    """A 2xx reply to one cancel.

    Raises OrderNotFound, VenueUnavailable, AuthenticationFailed or BadReply.
    """
    try:
        status = _only_status(body, "cancel")
        if status == "success":
            return
        text = status if isinstance(status, str) else status.text("error")
    except _Refused as refused:
        text = refused.text
    raise read_refusal(text)


def read_refusal(text: str) -> ExchangeError:
    """What ``text`` means in answer to a question or a cancel."""
    said = quoted(text)
    known = refusal(text)
    match known.meaning if known else None:
        case Meaning.NOT_FOUND:
            return OrderNotFound(_VENUE, f"there is no such order ({said})")
        case Meaning.LIMITED:
            return _address_limit()
        case Meaning.UNAUTHENTICATED if known:
            return _unauthenticated(known, said, 200)
        case Meaning.SEEN_BEFORE:
            return VenueUnavailable(_VENUE, f"a copy of the request has come before ({said})")
        case _:
            return BadReply(_VENUE, f"the venue refused a question ({said})")


def submit_error(response: Response) -> ExchangeError:
    """What a reply other than 2xx to an order means."""
    limited = _rate_limit(response)
    if limited is not None:
        return limited
    text, said = _told(response), _said(response)
    known = refusal(text) if text is not None else None
    if response.status == 403:
        # Not the exchange's word but that of the firewall before it.
        return VenueUnavailable(_VENUE, f"the order was turned away at the door ({said})")
    if response.status == 422 or (known is not None and 400 <= response.status < 408):
        # 422: the body has not the form of an action, so there was nothing to carry out.
        code = str(response.status) if known is None else known.code
        match known.meaning if known else Meaning.REJECTED:
            case Meaning.REJECTED | Meaning.NOTHING_TO_MATCH:
                return OrderRejected(
                    _VENUE, f"the order was rejected ({said})", code=code, status=response.status
                )
            case Meaning.UNAUTHENTICATED if known:
                return _unauthenticated(known, said, response.status)
            case Meaning.LIMITED:
                return _address_limit()
    return OutcomeUnknown(_VENUE, f"the order's reply does not say what became of it ({said})")


def read_error(response: Response) -> ExchangeError:
    """What a reply other than 2xx to a question or a cancel means."""
    limited = _rate_limit(response)
    if limited is not None:
        return limited
    text = _told(response)
    if response.status >= 500 or response.status == 403:
        return VenueUnavailable(_VENUE, f"the venue did not answer ({_said(response)})")
    if text is not None and refusal(text) is not None:
        return read_refusal(text)
    return BadReply(_VENUE, f"the venue refused a question ({_said(response)})")


def _silenced(response: Response, costs: Costs) -> None:
    """A refusal for weight concerns every request: the limit is of the IP address."""


REPLIES = Replies(submit_error, read_error, observe_headers, _silenced, weighed=weighed)


class _Refused(Exception):
    """``err``: the action as a whole."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def _only_status(body: bytes, kind: str) -> Fields | str:
    """The one entry of ``statuses``. Raises _Refused or BadReply."""
    reply = fields(_VENUE, kind, document(_VENUE, kind, body, unique_keys=True))
    if reply.text("status") == "err":
        raise _Refused(reply.text("response"))
    if reply.text("status") != "ok":
        raise reply.bad("status", "ok or err")
    statuses = reply.child("response").child("data").items("statuses")
    if len(statuses) != 1:
        raise reply.bad("response.data.statuses", "one entry")
    (status,) = statuses
    return status if isinstance(status, str) else fields(_VENUE, f"{kind}.statuses", status)


def _order_error(text: str) -> Exception:
    """An order that the venue has judged, and not taken."""
    known = refusal(text)
    meaning = Meaning.REJECTED if known is None else known.meaning
    if meaning is Meaning.NOTHING_TO_MATCH:
        return NothingMatched()
    if meaning in (Meaning.REJECTED, Meaning.NOT_FOUND):
        code = "rejected" if known is None else known.code
        return OrderRejected(
            _VENUE, f"the order was rejected ({quoted(text)})", code=code, status=200
        )
    return _action_error(text)


def _action_error(text: str) -> ExchangeError:
    """An action that the venue has refused as a whole."""
    said = quoted(text)
    known = refusal(text)
    match known.meaning if known else None:
        case Meaning.REJECTED | Meaning.NOTHING_TO_MATCH if known:
            return OrderRejected(
                _VENUE, f"the order was rejected ({said})", code=known.code, status=200
            )
        case Meaning.UNAUTHENTICATED if known:
            return _unauthenticated(known, said, 200)
        case Meaning.LIMITED:
            return _address_limit()
        case Meaning.SEEN_BEFORE:
            return OutcomeUnknown(_VENUE, f"a copy of the order has come before ({said})")
        case _:
            return OutcomeUnknown(_VENUE, f"the venue does not say what became of it ({said})")


def _unauthenticated(known: Refusal, said: str, status: int) -> AuthenticationFailed:
    return AuthenticationFailed(
        _VENUE,
        f"wallet, signature, nonce or clock was refused ({said})",
        code=known.code,
        status=status,
    )


def _address_limit() -> RateLimited:
    return RateLimited(
        _VENUE, "the address has used up its actions", retry_after_s=EVERY_S, banned=False
    )


def _rate_limit(response: Response) -> RateLimited | None:
    """The refusal for asking too often. The venue answers 429; 418 is tolerated as a ban."""
    if response.status not in (418, 429):
        return None
    is_ban = response.status == 418
    words = "banned for too many requests" if is_ban else "too many requests"
    wait_s = retry_after_s(response, BAN_S if is_ban else RETRY_S)
    return RateLimited(_VENUE, words, retry_after_s=wait_s, banned=is_ban)


def _told(response: Response) -> str | None:
    """The message of ``{"code", "msg"}``, or plain text; None for anything else."""
    try:
        parsed = parse_json(response.body)
    except ValueError:
        text = response.body[:400].decode("utf-8", "replace").strip()
        return None if text.startswith("<") else text
    message = parsed.get("msg") if isinstance(parsed, dict) else parsed
    return message if isinstance(message, str) else None


def _said(response: Response) -> str:
    """A phrase for people. A page of HTML is not quoted."""
    return " ".join(f"HTTP {response.status} {quoted(_told(response) or '')}".split())
