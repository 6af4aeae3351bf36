"""Order ids that a restarted desk derives again: from signal, leg and attempt.

``kimp-p0123456789ab-s001``: our prefix, the pair (from the SHA-256 of the signal's id), the leg
(``s`` spot, ``p`` perpetual) and the attempt. 23 characters of ``[a-z0-9-]``: both venues allow
them (Binance newClientOrderId: at most 36 of ``[.A-Z:/a-z0-9_-]``).
"""

from __future__ import annotations

import re
from hashlib import sha256

from tasks.pair import LegName

PREFIX = "kimp-"
MAX_ATTEMPTS = 999

_LETTERS = {LegName.SPOT: "s", LegName.PERPETUAL: "p"}
_LEGS = {letter: leg for leg, letter in _LETTERS.items()}
_SHAPE = re.compile(rf"{PREFIX}(p[0-9a-f]{{12}})-([sp])([0-9]{{3}})")


def pair_id_for(signal_id: str) -> str:
    """``p`` and 12 hexadecimal digits; always the same for the same signal id."""
    return "p" + sha256(signal_id.encode()).hexdigest()[:12]


def client_order_id(pair_id: str, leg: LegName, attempt: int) -> str:
    """The id of the ``attempt``-th order (from 1) of one leg of a pair.

    Raises:
        ValueError: ``attempt`` is not from 1 to 999; an id would be used twice or not parse.
    """
    if not 1 <= attempt <= MAX_ATTEMPTS:
        raise ValueError(f"attempt: expected 1 to {MAX_ATTEMPTS}, got {attempt}")
    return f"{PREFIX}{pair_id}-{_LETTERS[leg]}{attempt:03d}"


def parse_client_order_id(text: str) -> tuple[str, LegName, int] | None:
    """(pair_id, leg, attempt), or None for an id that is not of this desk."""
    match = _SHAPE.fullmatch(text)
    if match is None or match[3] == "000":
        return None
    return match[1], _LEGS[match[2]], int(match[3])
