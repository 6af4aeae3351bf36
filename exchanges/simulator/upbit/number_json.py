"""JSON in which a Decimal is a number with just its digits, except in prices.

The venue writes a price of its tape as ``163248000.00000000``, also a whole one (answers printed in
Upbit docs, "First API call"), and clients make another type of it than of ``163248000``.
"""

from __future__ import annotations

from decimal import Decimal

import orjson

from exchanges.decimal_json import plain

_PRICE_STEP = Decimal("0.00000001")


def to_bytes(content: object) -> bytes:
    return orjson.dumps(content, default=_written)


def number(value: Decimal) -> orjson.Fragment:
    """``value`` with just its digits."""
    return orjson.Fragment(plain(value))


def as_price(value: Decimal) -> orjson.Fragment:
    """``value`` with eight decimals; the venue writes just ``0`` for none."""
    return orjson.Fragment(format(value.quantize(_PRICE_STEP), "f") if value else "0")


def _written(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return number(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
