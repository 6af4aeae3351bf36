"""JSON in which a Decimal is a number with just its digits."""

from __future__ import annotations

from decimal import Decimal

import orjson

from exchanges.decimal_json import plain


def to_bytes(content: object) -> bytes:
    return orjson.dumps(content, default=_number)


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(plain(value))
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
