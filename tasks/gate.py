"""The gate: every reason not to act on a signal, in one ordered list.

A check is a small function from the facts to a refusal or None. The hot path
stops at the first refusal; the readiness run shows all of them. An EXIT passes
the checks that concern new pairs only, so pausing or killing entries never keeps
a pair from being closed.
"""

from __future__ import annotations

from collections.abc import Callable

from tasks import entry_checks, market_checks, signal_checks
from tasks.gate_facts import GateFacts
from tasks.refusal import Refusal

Check = Callable[[GateFacts], Refusal | None]

CHECKS: tuple[Check, ...] = (
    # kill (it pauses too, and only a resume lifts it), pause, lease
    signal_checks.killed,
    signal_checks.intake_paused,
    signal_checks.entries_paused,
    signal_checks.switch_silent,
    signal_checks.lease_lost,
    signal_checks.not_ready,
    # the signal
    signal_checks.unknown_key,
    signal_checks.bad_signature,
    signal_checks.operator_not_allowed,
    signal_checks.duplicate,
    signal_checks.expired,
    signal_checks.from_future,
    signal_checks.symbol_unknown,
    # both venues
    market_checks.circuit_open,
    market_checks.clock_changed,
    market_checks.clock_offset,
    market_checks.book_missing,
    market_checks.book_stale,
    market_checks.books_skewed,
    market_checks.book_crossed,
    market_checks.rates_missing,
    market_checks.rates_apart,
    market_checks.tether_stale,
    market_checks.fx_stale,
    market_checks.market_halted,
    market_checks.market_unfit,
    market_checks.no_rate_budget,
    # rules of both
    entry_checks.rules_missing,
    entry_checks.off_lot,
    entry_checks.below_minimum,
    entry_checks.above_maximum,
    entry_checks.book_thin,
    entry_checks.over_slippage,
    # capital
    entry_checks.capital_unknown,
    entry_checks.insufficient_krw,
    entry_checks.insufficient_margin,
    entry_checks.insufficient_coin,
    # risk
    entry_checks.naked_pair,
    entry_checks.contradiction,
    entry_checks.too_many_pairs,
    entry_checks.over_pair_limit,
    entry_checks.over_total_limit,
    entry_checks.daily_loss,
    # the executable premium
    entry_checks.premium_worse,
)


def first_refusal(facts: GateFacts) -> Refusal | None:
    """The first reason not to act; None: go."""
    for check in CHECKS:
        refusal = check(facts)
        if refusal is not None:
            return refusal
    return None


def all_refusals(facts: GateFacts) -> list[Refusal]:
    """Every reason not to act, in the order of the gate."""
    return [refusal for check in CHECKS if (refusal := check(facts)) is not None]
