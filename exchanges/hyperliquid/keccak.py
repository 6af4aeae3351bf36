"""Keccak-256, the hash of Ethereum and Hyperliquid.

The original padding, not that of the SHA-3 standard, which is why hashlib has none.
"""

from __future__ import annotations

from Crypto.Hash import keccak


def keccak256(data: bytes) -> bytes:
    """The 32-byte hash of ``data``."""
    return keccak.new(digest_bits=256, data=data).digest()
