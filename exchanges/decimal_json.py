"""JSON in and out without a float ever holding money."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import NoReturn


def parse_json(body: bytes) -> object:
    """The document in ``body``, fractions as Decimal. Raises ValueError for anything else."""
    try:
        parsed: object = _DECODER.decode(body.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return parsed


def plain(value: Decimal) -> str:
    """``value`` in digits, without exponent and without closing zeros: what venues accept."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if text != "-0" else "0"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


# Made once: json.loads would build a decoder for each reply.
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse)
