"""What a venue says of a key's right to withdraw, and how it is asked.

The requests are small ones of their own over :mod:`exchanges.transport`: they are made before there
is an adapter, partly at other addresses, and read answers that trading has no use for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from exchanges.credentials import Credentials
from exchanges.decimal_json import parse_json
from exchanges.reply import quoted
from exchanges.transport import Request, Response, Transport, TransportError


class Withdrawal(StrEnum):
    CANNOT = "cannot withdraw"
    CAN = "can withdraw"
    """Never used by the desk."""
    NOT_TOLD = "not told"
    """The venue does not say, or could not be asked."""


@dataclass(frozen=True, slots=True)
class KeyCheck:
    withdrawal: Withdrawal
    why: str
    """Part of a sentence: what the venue answered. No secret is in it."""
    remarks: tuple[str, ...] = ()
    """Worth mending, no reason to refuse the key."""


class NotTold(Exception):
    """The venue could not be asked, or its answer does not decide. ``str()`` says why."""


async def ask(
    transport: Transport, request: Request, credentials: Credentials, timeout_s: float
) -> tuple[int, object]:
    """The status and the document of the venue's answer.

    Raises NotTold when there is none, for an answer that is no JSON, and for the statuses that
    concern the venue and not the key.
    """
    try:
        response = await transport.send(request, timeout_s=timeout_s)
    except TransportError as error:
        failure = NotTold(f"the venue cannot be reached ({type(error).__name__})")
    else:
        if response.status < 500 and response.status not in (418, 429):
            return response.status, _document(response)
        failure = NotTold(f"the venue did not answer (HTTP {response.status})")
    raise failure


def shown(text: object, credentials: Credentials) -> str:
    """A venue's own word, without the keys should it echo them."""
    plain = str(text)
    for secret in (credentials.secret_key, credentials.access_key):
        plain = plain.replace(secret, "…")
    return quoted(plain)


def _document(response: Response) -> object:
    try:
        return parse_json(response.body)
    except ValueError:
        raise NotTold(f"the answer is no JSON (HTTP {response.status})") from None
