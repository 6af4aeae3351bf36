"""Counts in words."""

from __future__ import annotations

from collections import Counter


def counted(counter: Counter[str]) -> str:
    """``3 lost, 12 sent`` in the order of the names; ``none`` where nothing was counted."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items())) or "none"
