"""Who asks: the token of a request to the simulated Upbit's exchange API.

A JSON Web Token signed with HS256 or HS512 by the raw secret carries
``access_key``, a ``nonce`` that is good once, and for a request with
parameters the SHA-512 of the decoded query or of the body written as a query
(Upbit docs, authentication).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from exchanges.simulator.upbit.refusal import Refusal, validation_error

DIGESTS = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}
REMEMBERED_NONCES = 200_000
"""Older ones are forgotten so that memory stays flat."""


class Authenticator:
    """Checks tokens and remembers nonces."""

    def __init__(self, secret_of: Callable[[str], str | None]) -> None:
        self._secret_of = secret_of
        self._nonces: dict[tuple[str, str], None] = {}

    def access_key(self, authorization: str | None, parameters: str) -> str:
        """The access key that signed ``parameters`` (text as hashed, may be empty).

        Raises Refusal 401 with the venue's name of what is wrong.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme != "Bearer" or not token:
            raise Refusal(401, "no_authorization_token", "인증 토큰이 없습니다.")
        claims, digest, signed, signature = _split(token)
        key, nonce = claims.get("access_key"), claims.get("nonce")
        if not isinstance(key, str) or not isinstance(nonce, str) or not nonce:
            raise _bad_token()
        secret = self._secret_of(key)
        if secret is None:
            raise Refusal(401, "invalid_access_key", "잘못된 엑세스 키입니다.")
        expected = hmac.digest(secret.encode(), signed, digest)
        if not hmac.compare_digest(expected, signature):
            raise _bad_token()
        _check_hash(claims, parameters)
        if (key, nonce) in self._nonces:
            raise Refusal(401, "nonce_used", "이미 요청한 nonce값이 다시 사용되었습니다.")
        self._nonces[key, nonce] = None
        if len(self._nonces) > REMEMBERED_NONCES:
            del self._nonces[next(iter(self._nonces))]
        return key


def query_text(query: str) -> str:
    """The text that is hashed for a query string: percent-decoded, order kept."""
    return unquote(query)


def body_text(body: Mapping[str, Any]) -> str:
    """The text that is hashed for a JSON body: its pairs in order, empty values left out."""
    pairs: list[str] = []
    for name, value in body.items():
        if isinstance(value, list):
            pairs.extend(f"{name}[]={_text(item)}" for item in value)
        elif value is not None and value != "":
            pairs.append(f"{name}={_text(value)}")
    return "&".join(pairs)


def parse_body(body: bytes) -> dict[str, Any]:
    """A JSON object with its numbers kept as the text that was sent. Raises Refusal 400."""
    try:
        parsed = json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
        if isinstance(parsed, dict):
            body_text(parsed).encode()  # half a surrogate pair is valid JSON but no text
            return parsed
    except (ValueError, RecursionError):
        pass
    raise validation_error("the body is not a JSON object")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _split(token: str) -> tuple[dict[str, Any], Callable[..., Any], bytes, bytes]:
    """Claims, digest, signed bytes and signature of a token. Raises Refusal."""
    try:
        head, payload, signature = (part.encode("ascii") for part in token.split("."))
        digest, claims = _digest(head), json.loads(_decode(payload))
        if not isinstance(claims, dict):
            raise _bad_token()
        return claims, digest, head + b"." + payload, _decode(signature)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _bad_token() from None


@lru_cache(maxsize=8)
def _digest(head: bytes) -> Callable[..., Any]:
    """What the first part of a token names; a client's is always the same."""
    return DIGESTS[json.loads(_decode(head))["alg"]]


def _decode(part: bytes) -> bytes:
    return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _check_hash(claims: Mapping[str, Any], parameters: str) -> None:
    given = claims.get("query_hash")
    if not parameters and given is None:
        return
    # The first-party client hashes a space as the plus sign that it is encoded to.
    texts = {parameters, parameters.replace(" ", "+")}
    accepted = {hashlib.sha512(text.encode()).hexdigest() for text in texts}
    if claims.get("query_hash_alg") != "SHA512" or given not in accepted:
        raise Refusal(401, "invalid_query_payload", "JWT 헤더의 페이로드가 올바르지 않습니다.")


def _bad_token() -> Refusal:
    return Refusal(401, "jwt_verification", "Jwt 토큰 검증에 실패했습니다.")
