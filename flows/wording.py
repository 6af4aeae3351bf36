"""Codes, amounts and times as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tasks.wire_text import short_decimal_text


def in_words(code: str) -> str:
    """``not_in_profit`` as ``not in profit``."""
    return code.replace("_", " ")


def amount_text(amount: Decimal) -> str:
    """Every digit that counts, with separators: ``71,486,000``, ``0.294051``."""
    whole, point, fraction = short_decimal_text(amount).partition(".")
    return f"{int(whole):,}{point}{fraction}" if whole.isdecimal() else f"{whole}{point}{fraction}"


def timings_text(timings_us: Mapping[str, int]) -> str:
    """Stages in milliseconds: ``13.41 ms: received to gate 0.54, gate to settled 12.87``."""
    stages = {stage: f"{us / 1000:.2f}" for stage, us in timings_us.items()}
    total = stages.pop("total", None)
    parts = ", ".join(f"{in_words(stage)} {ms}" for stage, ms in stages.items())
    if total is None:
        return f"{parts} ms"
    return f"{total} ms: {parts}" if parts else f"{total} ms"
