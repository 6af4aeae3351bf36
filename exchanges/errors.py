"""Everything that can go wrong at a venue, by what the desk knows and does about it.

::

    ExchangeError
    ├── OrderDenied            nothing sent: our rules forbid it
    ├── OrderRejected          the venue's definite no: nothing executed, nothing will
    ├── VenueUnavailable       certainly not processed
    │   └── RateLimited        … because we (or our address) asked too often
    ├── OutcomeUnknown         sent or maybe sent: only the venue's evidence decides
    ├── OrderNotFound          the venue does not know the id (yet)
    ├── AuthenticationFailed   key, signature, nonce or clock refused: nothing processed
    └── BadReply               a reply to a *read* that cannot be understood

``submit`` ends in a report or in one of the first five of the tree or
AuthenticationFailed. Reads never raise OutcomeUnknown: not knowing a read's
fate does no harm, so a read that broke is VenueUnavailable or BadReply.
No message ever carries a key, a signature or a token.
"""

from __future__ import annotations

from exchanges.instrument import Venue


class ExchangeError(Exception):
    """Base of all venue errors. ``str()`` is one clear sentence."""

    def __init__(self, venue: Venue, message: str) -> None:
        super().__init__(message)
        self.venue = venue
        self.message = message

    def __str__(self) -> str:
        return f"{self.venue}: {self.message}"


class OrderDenied(ExchangeError):
    """Refused by us before sending. The desk treats the leg as never placed."""


class OrderRejected(ExchangeError):
    """Refused by the venue for a business reason. The desk treats the leg as dead; it is
    no sign of the venue's ill health and does not count in the circuit breaker."""

    def __init__(self, venue: Venue, message: str, *, code: str, status: int) -> None:
        super().__init__(venue, message)
        self.code = code
        """The venue's own code: ``insufficient_funds_bid``, ``-2019``."""
        self.status = status
        """HTTP status."""


class VenueUnavailable(ExchangeError):
    """Not reached or refused before processing. The desk may try again with a new id."""


class RateLimited(VenueUnavailable):
    """Too many requests. The desk waits ``retry_after_s`` before it asks again."""

    def __init__(self, venue: Venue, message: str, *, retry_after_s: float, banned: bool) -> None:
        super().__init__(venue, message)
        self.retry_after_s = retry_after_s
        self.banned = banned
        """True for a temporary ban (HTTP 418), which grows with every further request."""


class OutcomeUnknown(ExchangeError):
    """The order may or may not have reached the matching engine. The desk asks by client
    order id until the venue shows evidence, and never sends it again."""


class OrderNotFound(ExchangeError):
    """No order under that client order id. Soon after sending it can also mean *not yet*."""


class AuthenticationFailed(ExchangeError):
    """The venue refused who we are or when we signed. Entries stop until it is put right."""

    def __init__(self, venue: Venue, message: str, *, code: str, status: int) -> None:
        super().__init__(venue, message)
        self.code = code
        self.status = status


class BadReply(ExchangeError):
    """Not the venue's language: garbage, a proxy's page, a missing field. The desk keeps the
    last good value and lets it age."""
