"""Client order ids that the venue gives when a client sends none."""

from __future__ import annotations

import hashlib

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH = 22


def given_id(number: int) -> str:
    """22 letters and digits, the same for the same order number."""
    rest = int.from_bytes(hashlib.sha256(str(number).encode()).digest(), "big")
    digits = []
    for _ in range(_LENGTH):
        rest, digit = divmod(rest, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)
