"""Addresses: 20 bytes, the end of the hash of a public key."""

from __future__ import annotations

import re

from coincurve import PublicKey

from exchanges.hyperliquid.keccak import keccak256

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def parse_address(text: str) -> bytes:
    """The 20 bytes of ``0x`` and 40 hex digits. Raises ValueError."""
    if _ADDRESS.fullmatch(text) is None:
        raise ValueError("address: expected 0x and 40 hex digits")
    return bytes.fromhex(text[2:])


def address_of_public_key(key: PublicKey) -> str:
    """Lower case, as Hyperliquid writes addresses."""
    return "0x" + keccak256(key.format(compressed=False)[1:])[-20:].hex()
