"""What a venue does to a position against its owner's will."""

from __future__ import annotations

from enum import StrEnum


class ForcedClose(StrEnum):
    """Why the venue itself has closed a position, or a part of it."""

    ADL = "adl"
    """Auto-deleveraging: to cover the loss of another, who could not be liquidated."""
    LIQUIDATION = "liquidation"
    """For want of margin."""
