"""What a venue's key may be used for, as it was declared."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What the desk may do with a key. There is none for withdrawing, on purpose."""

    READ = "read"
    TRADE = "trade"


Permissions = frozenset[Permission]


def parse_permissions(text: str) -> Permissions:
    """``read`` or ``read,trade``; a key that trades may always read.

    Raises ValueError with the end of a sentence: what was expected.
    """
    words = [word.strip().lower() for word in text.split(",")]
    if any("withdraw" in word for word in words):
        raise ValueError("expected a key that cannot withdraw: the desk refuses any other")
    try:
        return frozenset(Permission(word) for word in words) | {Permission.READ}
    except ValueError:
        raise ValueError("expected read or read,trade") from None
