"""Our client order ids as Hyperliquid's: 16 bytes, and back.

A cloid is ``0x`` and 32 hex digits. The text of an id is read as a number of base 38 in the lower
100 bits; the upper 28 bits say that it is one of ours, so that of the cloids that other programs
choose only one in 2 ** 27 could be read as an id of ours. Ids that begin with ``kimp-`` leave that
away and gain its five characters.
"""

from __future__ import annotations

import re

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz_-"
_BASE = len(_ALPHABET)
_DIGITS = {character: index + 1 for index, character in enumerate(_ALPHABET)}
_TEXT_BITS = 100
_LONGEST_TEXT = 19
_MARKS = (("kimp-", 0x6B696D7), ("", 0x6B696D8))
"""What an id begins with, and the upper bits that stand for it; the first that fits."""

CLIENT_ORDER_ID = re.compile(r"(?:kimp-)?[a-z0-9_-]{1,19}")
"""Ids that an order may be placed under."""

_CLOID = re.compile(r"0x[0-9a-f]{32}")


def cloid_of(client_order_id: str) -> str:
    """The cloid of an id of ours; that of anybody else's order (as :func:`client_order_id_of`
    gives it) is its own. Raises ValueError for any other text."""
    if _CLOID.fullmatch(client_order_id):
        return client_order_id
    if CLIENT_ORDER_ID.fullmatch(client_order_id) is None:
        raise ValueError(f"client_order_id: expected {CLIENT_ORDER_ID.pattern}")
    start, mark = next(item for item in _MARKS if client_order_id.startswith(item[0]))
    number = 0
    for character in client_order_id.removeprefix(start):
        number = number * _BASE + _DIGITS[character]
    return f"0x{mark << _TEXT_BITS | number:032x}"


def is_cloid(text: str) -> bool:
    return _CLOID.fullmatch(text.lower()) is not None


def client_order_id_of(cloid: str) -> str:
    """The id of ours that ``cloid`` stands for, else ``cloid`` itself in lower case."""
    lower = cloid.lower()
    if not is_cloid(lower):
        return lower
    number = int(lower, 16)
    for start, mark in _MARKS:
        if number >> _TEXT_BITS == mark:
            found = start + _text(number & (1 << _TEXT_BITS) - 1)
            # A number that no id of ours leads to is somebody else's.
            if CLIENT_ORDER_ID.fullmatch(found) and cloid_of(found) == lower:
                return found
    return lower


def _text(number: int) -> str:
    """Digits run from 1 to 38, so that leading ones count and every length has its numbers."""
    characters: list[str] = []
    while number and len(characters) <= _LONGEST_TEXT:
        number, digit = divmod(number - 1, _BASE)
        characters.append(_ALPHABET[digit])
    return "".join(reversed(characters))
