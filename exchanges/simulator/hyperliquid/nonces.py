"""Which nonces a signer may still use."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping

from exchanges.simulator.hyperliquid.refusal import ActionRefused

KEPT = 100
DAY_MS = 86_400_000
PAST_MS = 2 * DAY_MS
FUTURE_MS = DAY_MS
NONE_USED: Mapping[str, Iterable[int]] = {}


class Nonces:
    """The highest nonces of each signer.

    Hyperliquid docs, Nonces and API wallets: a nonce is used once, is higher than the lowest of
    the hundred highest used, and lies between two days before and one day after the venue's time.
    The words are recorded ones.
    """

    def __init__(self, used: Mapping[str, Iterable[int]] = NONE_USED) -> None:
        """``used``: as :attr:`used` of an earlier one has it."""
        self.used = {signer: list(nonces) for signer, nonces in used.items()}
        """By signer, rising."""

    def use(self, signer: str, nonce: int, now_ms: int) -> None:
        """Raises ActionRefused; otherwise the nonce is used up, whatever becomes of the action."""
        used = self.used.setdefault(signer, [])
        least, most = now_ms - PAST_MS, now_ms + FUTURE_MS
        if nonce in used:
            raise ActionRefused(f"Invalid nonce: duplicate nonce {nonce}")
        if len(used) == KEPT:
            least = max(least, used[0])
        if nonce < least:
            raise ActionRefused(f"Invalid nonce: nonce too low {nonce} < {least}")
        if nonce > most:
            raise ActionRefused(f"Invalid nonce: nonce too high {nonce} > {most}")
        insort(used, nonce)
        del used[:-KEPT]
