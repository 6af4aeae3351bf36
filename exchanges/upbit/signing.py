"""The token that signs a request to Upbit.

A JWT over the access key, a nonce used once, and (when the request has
parameters) the SHA-512 of the *decoded* query string in the order sent; a JSON
body counts as the query string it would be. It carries no time: only the nonce
guards against replay. Source: Upbit docs, "Authentication", and Upbit's own SDK.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

import orjson

from exchanges.credentials import Credentials

Parameters = Sequence[tuple[str, str]]
"""Names and values, unescaped, in the order they are sent."""

Algorithm = Literal["HS256", "HS512"]
"""Upbit accepts both: its SDK sends the first, its documentation shows the second."""

_DIGESTS = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}


def query_string(parameters: Parameters) -> str:
    """``parameters`` as they stand in the address: values escaped, the brackets of ``states[]``
    not (Upbit docs, "REST API guide": escaped brackets do not match the hash)."""
    return "&".join(
        f"{quote(name, safe='[]')}={quote(value, safe='')}" for name, value in parameters
    )


def query_hash(parameters: Parameters) -> str:
    """Lower-case hex SHA-512 over the decoded query string."""
    decoded = "&".join(f"{name}={value}" for name, value in parameters)
    return hashlib.sha512(decoded.encode()).hexdigest()


def fresh_nonce() -> str:
    """A nonce never used before; a used one is refused with ``nonce_used``."""
    return str(uuid.uuid4())


def token(
    credentials: Credentials,
    nonce: str,
    parameters: Parameters,
    algorithm: Algorithm = "HS256",
) -> str:
    """The JWT of one request."""
    claims = {"access_key": credentials.access_key, "nonce": nonce}
    if parameters:
        claims["query_hash"] = query_hash(parameters)
        claims["query_hash_alg"] = "SHA512"
    signed = f"{_HEADERS[algorithm]}.{_base64url(orjson.dumps(claims))}"
    signature = hmac.digest(credentials.secret_key.encode(), signed.encode(), _DIGESTS[algorithm])
    return f"{signed}.{_base64url(signature)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


_HEADERS = {
    algorithm: _base64url(orjson.dumps({"alg": algorithm, "typ": "JWT"})) for algorithm in _DIGESTS
}
