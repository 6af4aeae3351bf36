"""Signatures of requests to Binance, over REST and over the WebSocket API.

The payload is signed exactly as it is sent: by HMAC-SHA256 in hex, or, when the secret is an
Ed25519 private key in PEM, by that key in base64. Source: Binance docs, USDⓈ-M futures,
"General info" (signed endpoints) and "WebSocket API general info" (parameters sorted by name,
not escaped).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from exchanges.credentials import Credentials

Parameters = Sequence[tuple[str, str]]
"""Names and values, unescaped, in the order they are sent."""

RECEIVE_WINDOW_MS = 5_000
"""The venue refuses a request that is older on arrival: an order delayed on the wire must not
trade late."""

_PEM = "-----BEGIN "


class Signer:
    """Signs for one account. Holds the secret and never shows it."""

    def __init__(self, credentials: Credentials) -> None:
        """Raises ValueError for a PEM that is no Ed25519 private key."""
        self.access_key = credentials.access_key
        secret = credentials.secret_key.strip()
        self.is_ed25519 = secret.startswith(_PEM)
        """Only such a key may log a session on."""
        self._sign = _ed25519(secret) if self.is_ed25519 else _hmac(credentials.secret_key)

    def signature(self, payload: str) -> str:
        return self._sign(payload.encode())

    def query(self, parameters: Parameters, venue_time: datetime) -> str:
        """The whole query of a REST request: ``parameters``, window, time on the venue's clock,
        and the signature."""
        payload = query_string(
            [
                *parameters,
                ("recvWindow", str(RECEIVE_WINDOW_MS)),
                ("timestamp", str(milliseconds(venue_time))),
            ]
        )
        return f"{payload}&signature={quote(self.signature(payload), safe='')}"

    def signed(self, parameters: Mapping[str, str | int]) -> dict[str, str | int]:
        """``parameters`` of a WebSocket API request with the key and the signature."""
        named = {**parameters, "apiKey": self.access_key}
        payload = "&".join(f"{name}={named[name]}" for name in sorted(named))
        return {**named, "signature": self.signature(payload)}


def query_string(parameters: Parameters) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)


def milliseconds(time: datetime) -> int:
    """Since 1970, as the venue counts time."""
    return int(time.timestamp() * 1000)


def _hmac(secret: str) -> Callable[[bytes], str]:
    key = secret.encode()
    return lambda payload: hmac.digest(key, payload, hashlib.sha256).hex()


def _ed25519(pem: str) -> Callable[[bytes], str]:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):  # TypeError: it is encrypted
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("secret_key: expected an HMAC secret or an Ed25519 private key in PEM")
    private_key = key
    return lambda payload: base64.b64encode(private_key.sign(payload)).decode()
