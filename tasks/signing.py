"""Signatures of signals: secp256k1 ECDSA over the SHA-256 of the canonical bytes.

On the wire a signature is 128 hexadecimal digits: r then s, 32 bytes each, big-endian ("compact"),
with s in the lower half of the group order; a high s is refused, so a valid signature cannot be
turned into a second one. ``key_id`` is part of what is signed. The canonical bytes are described
in :mod:`tasks.signal`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import coincurve
from coincurve.ecdsa import cdata_to_der, deserialize_compact

from tasks.signal import Signal, canonical_bytes

SIGNATURE_HEX_DIGITS = 128


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A signer's secret: 32 bytes that never show in a repr."""

    key_id: str
    secret: bytes = field(repr=False)

    @property
    def public_key(self) -> bytes:
        """33 bytes, compressed."""
        return coincurve.PrivateKey(self.secret).public_key.format(compressed=True)


def sign(signal: Signal, private_key: PrivateKey) -> Signal:
    """``signal`` under the key's name and with its signature; earlier ones are replaced."""
    named = signal.model_copy(update={"key_id": private_key.key_id, "signature": None})
    # The recoverable form is r ‖ s ‖ recovery id; without its last byte it is the compact one.
    signature = coincurve.PrivateKey(private_key.secret).sign_recoverable(canonical_bytes(named))
    return named.model_copy(update={"signature": signature[:64].hex()})


def is_signed_by(signal: Signal, public_key: bytes) -> bool:
    """Whether ``public_key`` (33 bytes, compressed) signed exactly this signal.

    Anything malformed, of the signature or of the key, is False.
    """
    text = signal.signature
    if text is None or len(text) != SIGNATURE_HEX_DIGITS:
        return False
    try:
        der = cdata_to_der(deserialize_compact(bytes.fromhex(text)))
        return _public_key(public_key).verify(der, canonical_bytes(signal))
    except ValueError:
        return False


@lru_cache(maxsize=64)
def _public_key(public_key: bytes) -> coincurve.PublicKey:
    return coincurve.PublicKey(public_key)
