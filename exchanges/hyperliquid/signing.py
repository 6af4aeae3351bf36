"""Signatures of Hyperliquid's actions, both ways: signing, and telling who signed.

secp256k1 over the digest of :mod:`exchanges.hyperliquid.typed_data`, recoverable: the venue is not
told who signs, it computes the address, so a wrong byte anywhere is the signature of an unknown
wallet. Source: Hyperliquid's Python SDK, ``utils/signing.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from coincurve import PrivateKey, PublicKey

from exchanges.hyperliquid.action_hash import Action, action_hash
from exchanges.hyperliquid.address import address_of_public_key
from exchanges.hyperliquid.typed_data import agent_digest

_KEY = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")
_INTEGER = re.compile(r"0x[0-9a-fA-F]{1,64}")
_FIRST_V = 27


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature. Nothing of it is in the repr."""

    r: int = field(repr=False)
    s: int = field(repr=False)
    v: int = field(repr=False)
    """27 or 28: which of the two public keys that fit is the signer's."""

    @classmethod
    def parse(cls, r: object, s: object, v: object) -> Signature:
        """``r`` and ``s`` as ``0x`` and 1 to 64 hex digits, with or without leading zeros (the
        SDK leaves them away, other clients do not); ``v`` 27 or 28. Raises ValueError."""
        if not (isinstance(r, str) and isinstance(s, str)):
            raise ValueError("signature: expected r and s as text")
        if _INTEGER.fullmatch(r) is None or _INTEGER.fullmatch(s) is None:
            raise ValueError("signature: expected r and s as 0x and at most 64 hex digits")
        if isinstance(v, bool) or not isinstance(v, int) or v not in (_FIRST_V, _FIRST_V + 1):
            raise ValueError("signature: expected v as 27 or 28")
        return cls(int(r, 16), int(s, 16), v)

    def wire(self) -> dict[str, object]:
        """As it is sent, without leading zeros like the SDK's."""
        return {"r": hex(self.r), "s": hex(self.s), "v": self.v}


def parse_key(text: str) -> PrivateKey:
    """The private key in 64 hex digits, with or without ``0x``. Raises ValueError, which does
    not show it."""
    found = _KEY.fullmatch(text.strip())
    if found is None:
        raise ValueError("private key: expected 64 hex digits")
    try:
        return PrivateKey(bytes.fromhex(found[1]))
    except ValueError:
        raise ValueError("private key: expected one of the curve") from None


def address_of(key: PrivateKey) -> str:
    """The address that signatures of ``key`` are recovered to, lower case."""
    return address_of_public_key(key.public_key)


def sign_action(
    action: Action,
    nonce: int,
    key: PrivateKey,
    *,
    vault: str | None = None,
    expires_after: int | None = None,
    is_mainnet: bool,
) -> Signature:
    """Sign ``action`` as it is going to be sent. Arguments and errors: see
    :func:`~exchanges.hyperliquid.action_hash.action_hash`."""
    digest = _digest(action, nonce, vault, expires_after, is_mainnet)
    signed = key.sign_recoverable(digest, hasher=None)
    return Signature(
        int.from_bytes(signed[:32], "big"),
        int.from_bytes(signed[32:64], "big"),
        _FIRST_V + signed[64],
    )


def recover_signer(
    action: Action,
    nonce: int,
    signature: Signature,
    *,
    vault: str | None = None,
    expires_after: int | None = None,
    is_mainnet: bool,
) -> str:
    """The address whose key made ``signature``, lower case.

    Raises ValueError as :func:`~exchanges.hyperliquid.action_hash.action_hash` does, and for a
    signature that no key can have made.
    """
    digest = _digest(action, nonce, vault, expires_after, is_mainnet)
    try:
        packed = signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big")
        packed += bytes([signature.v - _FIRST_V])
        key = PublicKey.from_signature_and_message(packed, digest, hasher=None)
    except Exception:  # the library raises bare Exceptions
        raise ValueError("signature: no key can have made it") from None
    return address_of_public_key(key)


def _digest(
    action: Action, nonce: int, vault: str | None, expires_after: int | None, is_mainnet: bool
) -> bytes:
    hashed = action_hash(action, nonce, vault=vault, expires_after=expires_after)
    return agent_digest(hashed, is_mainnet=is_mainnet)
