"""Who sent a request and whether it is signed and timely.

Binance docs, USDⓈ-M general info: signed are query string and body, joined without separator
exactly as sent and without the signature itself: with a secret as HMAC-SHA256 in hex of either
case, with a private key as RSA (PKCS#1 v1.5, SHA-256) or Ed25519 in base64. An account's secret
that is a PEM public key belongs to one of the latter. A timestamp is accepted when it is less than
a second ahead of the venue and not older than ``recvWindow``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from exchanges.simulator.binance.public_key import PUBLIC_KEY_HEAD, is_signed_by
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
    raise Refused(-2014)


def check_signed(
    request: Request, params: Mapping[str, str], secret: str, venue_now_ms: int
) -> None:
    """Refuse with -1102, -1021 or -1022 what a signed endpoint must not process."""
    check_timely(params, venue_now_ms)
    given = params.get("signature", "")
    if not given:
        raise Refused(-1102, "signature")
    if not is_signed(payload_of(request), given, secret):
        raise Refused(-1022)


def check_timely(params: Mapping[str, str], venue_now_ms: int) -> None:
    """Refuse with -1102 or -1021 what has no timestamp or one that is not of now."""
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


def payload_of(request: Request) -> bytes:
    """What is signed: all that was sent, the signature parameter left out."""
    return _unsigned(request.query.encode(*_RAW)) + _unsigned(request.body)


def is_signed(payload: bytes, given: str, secret: str) -> bool:
    """Is ``given`` the signature over ``payload`` that ``secret``, or the owner of the private
    key to it, makes?"""
    if secret.startswith(PUBLIC_KEY_HEAD):
        return is_signed_by(payload, given, secret)
    expected = hmac_of(payload, secret)
    return hmac.compare_digest(given.lower().encode(*_RAW), expected.encode())


def hmac_of(payload: bytes, secret: str) -> str:
    """In lower-case hex."""
    return hmac.digest(secret.encode(), payload, hashlib.sha256).hex()


def _unsigned(part: bytes) -> bytes:
    return b"&".join(pair for pair in part.split(b"&") if not pair.startswith(b"signature="))


def _milliseconds(params: Mapping[str, str], name: str) -> int | None:
    text = params.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Refused(-1102, name)
    return int(text)
