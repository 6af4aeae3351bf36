"""Who sent a request and whether it is signed and timely.

Binance docs, USDⓈ-M general info: the HMAC-SHA256 of the secret over query
string and body, joined without separator exactly as sent and without the
signature itself, in hex of either case. A timestamp is accepted when it is
less than a second ahead of the venue and not older than ``recvWindow``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from exchanges.simulator.binance.refusal import Refused
from exchanges.transport import Request

API_KEY_HEADER = "x-mbx-apikey"
DEFAULT_RECV_WINDOW_MS = 5_000
MAX_RECV_WINDOW_MS = 60_000
MAX_LEAD_MS = 1_000

_RAW = ("utf-8", "surrogateescape")
"""Bytes that are no text come back as they were sent."""

_KEY_FORMAT = re.compile(r"[A-Za-z0-9_-]{1,128}")


def api_key(request: Request) -> str:
    """The key in the header; refused with -2014 when absent or no key at all."""
    for name, value in request.headers.items():
        if name.lower() == API_KEY_HEADER and _KEY_FORMAT.fullmatch(value):
            return value
    raise Refused(-2014, status=401)


def check_signed(
    request: Request, params: Mapping[str, str], secret: str, venue_now_ms: int
) -> None:
    """Refuse with -1102, -1021 or -1022 what a signed endpoint must not process."""
    timestamp = _milliseconds(params, "timestamp")
    if timestamp is None:
        raise Refused(-1102, "timestamp")
    window = _milliseconds(params, "recvWindow")
    window = DEFAULT_RECV_WINDOW_MS if window is None else window
    if window > MAX_RECV_WINDOW_MS:
        raise Refused(-1130, "recvWindow")
    if timestamp >= venue_now_ms + MAX_LEAD_MS:
        raise Refused(-1021, "was 1000ms ahead of the server's time.")
    if venue_now_ms - timestamp > window:
        raise Refused(-1021, "is outside of the recvWindow.")
    given = params.get("signature", "")
    if not given:
        raise Refused(-1102, "signature")
    if not hmac.compare_digest(given.lower().encode(*_RAW), signature_of(request, secret).encode()):
        raise Refused(-1022)


def signature_of(request: Request, secret: str) -> str:
    """Lower-case hex signature over what was sent, the signature parameter left out."""
    payload = _unsigned(request.query.encode(*_RAW)) + _unsigned(request.body)
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def _unsigned(part: bytes) -> bytes:
    return b"&".join(pair for pair in part.split(b"&") if not pair.startswith(b"signature="))


def _milliseconds(params: Mapping[str, str], name: str) -> int | None:
    text = params.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Refused(-1102, name)
    return int(text)
