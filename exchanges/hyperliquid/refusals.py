"""Hyperliquid's refusals: it has no codes, only words.

Sources: Hyperliquid docs, "Error responses"; ccxt's table of its exceptions; answers of the venue
quoted by public clients. The venue ends order errors with `` asset=N`` and puts numbers and
addresses into its sentences, so a refusal is known by a part of it, in any case. Words that are
not listed are not guessed at (see :mod:`exchanges.hyperliquid.outcomes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Meaning(Enum):
    """What a refusal says about the action."""

    REJECTED = auto()
    """A definite no for a business reason."""
    NOTHING_TO_MATCH = auto()
    """An IOC order that ended without a trade."""
    UNAUTHENTICATED = auto()
    SEEN_BEFORE = auto()
    """The venue knows this nonce or this cloid. Each is used for one sending only, so a copy of
    the request has arrived: it may have been carried out."""
    LIMITED = auto()
    """The address has used up its actions."""
    NOT_FOUND = auto()


@dataclass(frozen=True, slots=True)
class Refusal:
    """``words`` is lower case. ``code``: the venue's own name of the reason where it has one (its
    order statuses), else ours."""

    words: str
    meaning: Meaning
    code: str


REFUSALS = tuple(
    Refusal(words, meaning, code)
    for meaning, rows in {
        Meaning.REJECTED: (
            ("price must be divisible by tick size", "tickRejected"),
            ("order must have minimum value of", "minTradeNtlRejected"),
            ("insufficient margin", "perpMarginRejected"),
            ("reduce only order would increase position", "reduceOnlyRejected"),
            ("post only order would have immediately matched", "badAloPxRejected"),
            ("invalid tp/sl price", "badTriggerPxRejected"),
            ("no liquidity available for market order", "marketOrderNoLiquidityRejected"),
            ("would increase open interest while", "positionIncreaseAtOpenInterestCapRejected"),
            ("more aggressive than oracle", "tooAggressiveAtOpenInterestCapRejected"),
            ("would increase open interest too quickly", "openInterestIncreaseRejected"),
            ("insufficient spot balance", "insufficientSpotBalanceRejected"),
            ("price too far from oracle", "oracleRejected"),
            ("away from the reference price", "oracleRejected"),
            ("would cause position to exceed margin tier limit", "perpMaxPositionRejected"),
            ("order has invalid price", "invalidPrice"),
            ("order has invalid size", "invalidSize"),
            ("order has zero size", "zeroSize"),
            ("trading is halted", "halted"),
            ("failed to deserialize", "malformed"),
        ),
        Meaning.NOTHING_TO_MATCH: (
            ("order could not immediately match against any resting orders", "iocCancelRejected"),
        ),
        Meaning.UNAUTHENTICATED: (
            # A wrong byte in what was signed has the same effect as a wrong key.
            ("user or api wallet", "unknownWallet"),
            ("must deposit before performing actions", "unknownWallet"),
            ("unable to recover signer", "badSignature"),
            ("nonce too low", "nonce"),
            ("nonce too high", "nonce"),
            # No public record of the words for an action past its expiresAfter.
            ("expired", "expired"),
            ("expiresafter", "expired"),
        ),
        Meaning.SEEN_BEFORE: (
            ("duplicate nonce", "duplicateNonce"),
            # No public record of these words either.
            ("cloid", "duplicateCloid"),
        ),
        Meaning.LIMITED: (("too many cumulative requests", "addressLimit"),),
        Meaning.NOT_FOUND: (
            ("order was never placed, already canceled, or filled", "missingOrder"),
        ),
    }.items()
    for words, code in rows
)


def refusal(text: str) -> Refusal | None:
    """What the venue's words mean; None when they are not listed."""
    lower = text.lower()
    return next((row for row in REFUSALS if row.words in lower), None)
