"""The keys of user data streams.

Binance docs, USDⓈ-M user data streams: a key lives 60 minutes; POST while it lives gives the same
key and 60 minutes more, PUT 60 minutes more, DELETE ends it; without a living key PUT is refused
with -1125. A key is a secret: whoever knows it reads the account.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from exchanges.simulator.binance.refusal import Refused

LIFE_MS = 60 * 60_000
_KEY_BYTES = 48
"""64 characters, as the venue's keys have."""


class Fate(Enum):
    """What has become of a key."""

    ALIVE = auto()
    EXPIRED = auto()
    UNKNOWN = auto()
    """Deleted, or never given."""


@dataclass(slots=True)
class _Key:
    value: str = field(repr=False)
    expires_ms: int


class ListenKeys:
    """At most one living key for each account, on the venue's clock. Not remembered over a
    restart, when all connections are gone too."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._of_account: dict[str, _Key] = {}
        self._expired: set[str] = set()

    def start(self, account: str) -> str:
        """The account's living key or a new one, good for 60 minutes from now."""
        key = self._living(account)
        if key is None:
            if account in self._of_account:
                self._expired.add(self._of_account[account].value)
            key = _Key(secrets.token_urlsafe(_KEY_BYTES), 0)
        key.expires_ms = self._now_ms() + LIFE_MS
        self._of_account[account] = key
        return key.value

    def extend(self, account: str) -> str:
        """60 minutes more for the living key; refused with -1125 when there is none."""
        key = self._living(account)
        if key is None:
            raise Refused(-1125)
        key.expires_ms = self._now_ms() + LIFE_MS
        return key.value

    def stop(self, account: str) -> None:
        """End the account's key, if it has one."""
        self._of_account.pop(account, None)

    def owner(self, key: str) -> str | None:
        """The account whose living key this is."""
        return next(
            (
                account
                for account in self._of_account
                if (living := self._living(account)) is not None and living.value == key
            ),
            None,
        )

    def fate(self, key: str) -> Fate:
        if self.owner(key) is not None:
            return Fate.ALIVE
        is_latest = any(one.value == key for one in self._of_account.values())
        return Fate.EXPIRED if is_latest or key in self._expired else Fate.UNKNOWN

    def _living(self, account: str) -> _Key | None:
        key = self._of_account.get(account)
        return key if key is not None and self._now_ms() < key.expires_ms else None
