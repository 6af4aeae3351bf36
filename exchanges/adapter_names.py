"""What a setting may say about the way to a venue."""

from __future__ import annotations

from typing import Literal

AdapterName = Literal["direct", "ccxt"]
"""Whose code speaks to a venue: ours, or the ccxt library's."""

OrderEntry = Literal["rest", "websocket"]
"""What orders travel over, where the venue takes them either way."""
