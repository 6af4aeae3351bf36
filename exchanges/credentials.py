"""A venue key that cannot be printed by accident."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """Access key and secret of one account at one venue. Neither appears in a repr."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
