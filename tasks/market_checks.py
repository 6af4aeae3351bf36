"""Checks of both venues: are they well, are prices fresh, is there room for the orders?"""

from __future__ import annotations

from tasks.circuit_breaker import CircuitState
from tasks.gate_facts import GateFacts
from tasks.pair import LegName
from tasks.rates import rates_apart as apart
from tasks.refusal import Refusal
from tasks.settings import Basis

MAX_TETHER_AGE_S = 10.0
"""The dollar coin's book is read each second; after this it is no price any more."""


def circuit_open(facts: GateFacts) -> Refusal | None:
    """Half-open counts as open: a probe is a read, never an order of a pair."""
    for leg in facts.legs.values():
        if leg.circuit is not CircuitState.CLOSED:
            return Refusal("circuit_open", f"the circuit of {leg.venue} is {leg.circuit}")
    return None


def clock_changed(facts: GateFacts) -> Refusal | None:
    """Of both legs one would be refused: pairs are neither entered nor left until the clocks have
    been compared again."""
    for leg in facts.legs.values():
        if leg.clock_problem is not None:
            return Refusal("clock_changed", leg.clock_problem)
    return None


def clock_offset(facts: GateFacts) -> Refusal | None:
    """A pair that is open may be closed all the same: it is signed with the venue's time."""
    limit_ms = facts.settings.max_clock_offset_ms
    if not facts.is_entry:
        return None
    for leg in facts.legs.values():
        if leg.clock_offset_ms is None:
            return Refusal("clock_offset", f"the clock of {leg.venue} was never compared with ours")
        if abs(leg.clock_offset_ms) > limit_ms:
            return Refusal(
                "clock_offset",
                f"the clock of {leg.venue} is {leg.clock_offset_ms:+,} ms from ours, "
                f"at most {limit_ms:,} ms",
            )
    return None


def book_missing(facts: GateFacts) -> Refusal | None:
    for leg in facts.legs.values():
        if leg.book_age_ms is None:
            return Refusal("book_missing", f"{leg.venue} shows no book of {facts.signal.symbol}")
    return None


def book_stale(facts: GateFacts) -> Refusal | None:
    limit_ms = facts.settings.max_book_age_ms
    for leg in facts.legs.values():
        if leg.book_age_ms is not None and leg.book_age_ms > limit_ms:
            return Refusal(
                "book_stale",
                f"the book of {leg.venue} is {leg.book_age_ms:,.0f} ms old, "
                f"at most {limit_ms:,} ms",
            )
    return None


def books_skewed(facts: GateFacts) -> Refusal | None:
    ages = [leg.book_age_ms for leg in facts.legs.values() if leg.book_age_ms is not None]
    if len(ages) < len(facts.legs):
        return None
    skew_ms, limit_ms = max(ages) - min(ages), facts.settings.max_book_skew_ms
    if skew_ms <= limit_ms:
        return None
    return Refusal(
        "books_skewed",
        f"the books are {skew_ms:,.0f} ms apart in age, at most {limit_ms:,} ms",
    )


def book_crossed(facts: GateFacts) -> Refusal | None:
    for leg in facts.legs.values():
        if leg.book_crossed:
            return Refusal(
                "book_crossed", f"the book of {leg.venue} has its bid at or above its ask"
            )
    return None


def rates_missing(facts: GateFacts) -> Refusal | None:
    if facts.deciding_rate is not None:
        return None
    return Refusal(
        "rates_missing",
        f"there is no {facts.settings.basis} rate to convert "
        f"{facts.legs[LegName.PERPETUAL].quote} with",
    )


def rates_apart(facts: GateFacts) -> Refusal | None:
    """Which of both is wrong is not known, so no premium is. An exit is judged by the exit rule,
    which asks the same of the rate that decides."""
    if not facts.is_entry:
        return None
    sentence = apart(facts.krw_per_usd, facts.krw_per_usdt, facts.settings.max_rates_apart_pct)
    return None if sentence is None else Refusal("rates_apart", sentence)


def tether_stale(facts: GateFacts) -> Refusal | None:
    if facts.settings.basis is not Basis.TETHER or facts.tether_age_s is None:
        return None  # not what decides, or missing altogether
    if facts.tether_age_s <= MAX_TETHER_AGE_S:
        return None
    return Refusal(
        "tether_stale",
        f"the book of KRW-{facts.legs[LegName.PERPETUAL].quote} is {facts.tether_age_s:.1f} s old, "
        f"at most {MAX_TETHER_AGE_S:g} s",
    )


def fx_stale(facts: GateFacts) -> Refusal | None:
    """Entries want both bases known; an exit only the one that decides."""
    if not facts.is_entry and facts.settings.basis is not Basis.FX:
        return None
    limit_s = facts.settings.max_fx_age_s
    if facts.fx_age_s is None:
        return Refusal("fx_stale", "the bank rate was never read")
    if facts.fx_age_s > limit_s:
        return Refusal(
            "fx_stale", f"the bank rate is {facts.fx_age_s:,.0f} s old, at most {limit_s:g} s"
        )
    return None


def market_halted(facts: GateFacts) -> Refusal | None:
    for leg in facts.legs.values():
        if leg.market_problem is not None:
            return Refusal("market_halted", f"{leg.venue}: {leg.market_problem}")
    return None


def market_unfit(facts: GateFacts) -> Refusal | None:
    """An open pair is left as long as its markets trade at all."""
    if not facts.is_entry:
        return None
    for leg in facts.legs.values():
        if leg.unfit is not None:
            return Refusal("market_unfit", f"{leg.venue}: {leg.unfit}")
    return None


def no_rate_budget(facts: GateFacts) -> Refusal | None:
    """An exit may use the reserve. Without room for both of its orders there none is sent."""
    if not facts.is_entry:
        return None
    for leg in facts.legs.values():
        if leg.order_room < 1:
            return Refusal(
                "no_rate_budget", f"the rate limit of {leg.venue} has no room for an order"
            )
    return None
