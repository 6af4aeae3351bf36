"""JSON in and out without a float ever holding money."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import NoReturn


def parse_json(body: bytes, *, unique_keys: bool = False) -> object:
    """The document in ``body``, fractions as Decimal. Raises ValueError for anything else;
    with ``unique_keys`` also where an object has a key twice (else the last one counts)."""
    decoder = _STRICT_DECODER if unique_keys else _DECODER
    try:
        parsed: object = decoder.decode(body.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except InvalidOperation:
        raise ValueError("a number with an exponent beyond all measure") from None
    return parsed


def plain(value: Decimal) -> str:
    """``value`` in digits, without exponent and without closing zeros: what venues accept."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if text != "-0" else "0"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


# Made once: json.loads would build a decoder for each reply.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
_STRICT_DECODER = json.JSONDecoder(
    parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_unique
)
