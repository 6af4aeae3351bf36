"""Checks of a new pair: sizes, rules, capital, risk and the premium itself. EXITs pass them all.

A check whose facts are missing passes: an earlier one has refused for the missing fact.
"""

from __future__ import annotations

from tasks.capital import BPS, cash_needed, loss_limit_krw, margin_needed
from tasks.gate_facts import GateFacts
from tasks.krw_text import krw_text
from tasks.pair import LegName
from tasks.refusal import Refusal
from tasks.signal import Direction


def rules_missing(facts: GateFacts) -> Refusal | None:
    for leg in facts.legs.values():
        if facts.is_entry and leg.rules is None:
            return Refusal(
                "rules_missing", f"the rules of {facts.signal.symbol} at {leg.venue} are not known"
            )
    return None


def off_lot(facts: GateFacts) -> Refusal | None:
    for leg in facts.legs.values():
        if facts.quantity is None or leg.rules is None:
            continue
        step = leg.rules.quantity_step
        if facts.is_entry and facts.quantity % step != 0:
            return Refusal(
                "off_lot", f"{facts.quantity:f} is no multiple of the lot {step:f} of {leg.venue}"
            )
    return None


def below_minimum(facts: GateFacts) -> Refusal | None:
    for leg in facts.legs.values():
        if not facts.is_entry or facts.quantity is None or leg.rules is None:
            continue
        least = leg.rules.min_quantity
        if facts.quantity <= 0 or facts.quantity < least:
            return Refusal(
                "below_minimum",
                f"{facts.quantity:f} {facts.signal.symbol} is below the least quantity {least:f} "
                f"of {leg.venue}",
            )
        if leg.executable is not None and leg.executable.value < leg.rules.min_notional:
            return Refusal(
                "below_minimum",
                f"a value of {leg.executable.value:,f} is below the least value "
                f"{leg.rules.min_notional:,f} of {leg.venue}",
            )
    return None


def above_maximum(facts: GateFacts) -> Refusal | None:
    """Only the perpetual leg is a market order. An order's value counts at the worst price that it
    may be sent with."""
    if not facts.is_entry or facts.quantity is None:
        return None
    perpetual = facts.legs[LegName.PERPETUAL]
    most = None if perpetual.rules is None else perpetual.rules.max_market_quantity
    if most is not None and facts.quantity > most:
        return Refusal(
            "above_maximum", f"{facts.quantity:f} is above the largest market order {most:f}"
        )
    for leg in facts.legs.values():
        if leg.rules is None or leg.rules.max_notional is None or leg.executable is None:
            continue
        value = leg.executable.value * (1 + _slippage_bps(facts) / BPS)
        if value > leg.rules.max_notional:
            return Refusal(
                "above_maximum",
                f"a value of {value:,.2f} is above the greatest value "
                f"{leg.rules.max_notional:,f} of an order at {leg.venue}",
            )
    return None


def book_thin(facts: GateFacts) -> Refusal | None:
    for leg in facts.legs.values():
        if not facts.is_entry or not facts.quantity or leg.book_age_ms is None:
            continue
        if leg.executable is None:
            return Refusal(
                "book_thin",
                f"the book of {leg.venue} holds less than {facts.quantity:f} {facts.signal.symbol}",
            )
    return None


def over_slippage(facts: GateFacts) -> Refusal | None:
    """The spot order is bound to a distance from the touch; a size that reaches further down the
    book would fill in part."""
    spot = facts.legs[LegName.SPOT]
    if not facts.is_entry or spot.executable is None or not spot.touch:
        return None
    bps = _slippage_bps(facts)
    away = abs(spot.executable.worst_price / spot.touch - 1) * BPS
    if away <= bps:
        return None
    return Refusal(
        "over_slippage",
        f"{facts.quantity:f} {facts.signal.symbol} reaches {away:.1f} bps into the book of "
        f"{spot.venue}, at most {bps} bps are allowed",
    )


def capital_unknown(facts: GateFacts) -> Refusal | None:
    if facts.is_entry and facts.capital is None:
        return Refusal("capital_unknown", "balances or rates are missing, so capital is not known")
    return None


def insufficient_krw(facts: GateFacts) -> Refusal | None:
    spot = facts.legs[LegName.SPOT]
    if not _opens(facts, Direction.LONG_PREMIUM) or facts.capital is None:
        return None
    if spot.executable is None or spot.rules is None:
        return None
    needed = cash_needed(spot.executable.value, spot.rules.taker_fee, _slippage_bps(facts))
    free = facts.capital.krw_spendable
    if needed <= free:
        return None
    return Refusal(
        "insufficient_krw",
        f"{spot.venue} needs {krw_text(needed)} KRW, {krw_text(free)} KRW may be spent "
        f"above the reserve of {facts.settings.reserve_pct:f} %",
    )


def insufficient_margin(facts: GateFacts) -> Refusal | None:
    leg = facts.legs[LegName.PERPETUAL]
    if not facts.is_entry or facts.capital is None or leg.executable is None or leg.rules is None:
        return None
    needed = margin_needed(
        leg.executable.value, leg.rules.taker_fee, facts.settings.perpetual_leverage
    )
    free = facts.capital.usdt_spendable
    if needed <= free:
        return None
    return Refusal(
        "insufficient_margin",
        f"{leg.venue} needs {needed:,.2f} {leg.quote} of margin, {free:,.2f} {leg.quote} "
        f"may be used above the reserve of {facts.settings.reserve_pct:f} %",
    )


def insufficient_coin(facts: GateFacts) -> Refusal | None:
    if not _opens(facts, Direction.SHORT_PREMIUM):
        return None
    if facts.capital is None or facts.quantity is None or facts.quantity <= facts.capital.free_coin:
        return None
    return Refusal(
        "insufficient_coin",
        f"short_premium sells {facts.quantity:f} {facts.signal.symbol}, "
        f"{facts.capital.free_coin:f} are held outside of pairs",
    )


def naked_pair(facts: GateFacts) -> Refusal | None:
    if facts.is_entry and facts.naked_pair_id is not None:
        return Refusal(
            "naked_pair",
            f"{facts.naked_pair_id} of {facts.signal.symbol} is not hedged; it comes first: run "
            "one-leg-recovery/live",
        )
    return None


def contradiction(facts: GateFacts) -> Refusal | None:
    if facts.is_entry and facts.contradiction is not None:
        return Refusal("contradiction", f"a person has to look first: {facts.contradiction}")
    return None


def too_many_pairs(facts: GateFacts) -> Refusal | None:
    limit = facts.settings.max_open_pairs
    if facts.is_entry and facts.open_pairs >= limit:
        return Refusal("too_many_pairs", f"{facts.open_pairs} pairs are open, at most {limit}")
    return None


def over_pair_limit(facts: GateFacts) -> Refusal | None:
    spot, limit = facts.legs[LegName.SPOT].executable, facts.settings.max_pair_notional_krw
    if not facts.is_entry or spot is None or spot.value <= limit:
        return None
    return Refusal(
        "over_pair_limit",
        f"the pair would be worth {krw_text(spot.value)} KRW, at most {krw_text(limit)} KRW",
    )


def over_total_limit(facts: GateFacts) -> Refusal | None:
    spot, limit = facts.legs[LegName.SPOT].executable, facts.settings.max_total_notional_krw
    if not facts.is_entry or spot is None or facts.capital is None:
        return None
    total = facts.capital.open_notional_krw + spot.value
    if total <= limit:
        return None
    return Refusal(
        "over_total_limit",
        f"all pairs would be worth {krw_text(total)} KRW, at most {krw_text(limit)} KRW",
    )


def daily_loss(facts: GateFacts) -> Refusal | None:
    if not facts.is_entry or facts.capital is None:
        return None
    loss = -facts.capital.day_result_krw
    limit_pct = facts.settings.daily_loss_limit_pct
    limit = loss_limit_krw(facts.capital.total_krw, limit_pct)
    if loss <= 0 or loss < limit:
        return None
    return Refusal(
        "daily_loss",
        f"today lost {krw_text(loss)} KRW, the limit is {krw_text(limit)} KRW "
        f"({limit_pct:f} % of capital)",
    )


def premium_worse(facts: GateFacts) -> Refusal | None:
    """Worse is higher where the premium must rise, and lower where it must fall."""
    limit, premium = facts.signal.premium_limit_pct, facts.premium_pct
    if not facts.is_entry or limit is None or premium is None:
        return None
    long = facts.signal.direction is Direction.LONG_PREMIUM
    if premium <= limit if long else premium >= limit:
        return None
    return Refusal(
        "premium_worse",
        f"the executable premium is {premium:.4f} %, {facts.signal.direction} wanted "
        f"{'at most' if long else 'at least'} {limit:f} %",
    )


def _slippage_bps(facts: GateFacts) -> int:
    bps = facts.signal.max_slippage_bps
    return facts.settings.default_slippage_bps if bps is None else bps


def _opens(facts: GateFacts, direction: Direction) -> bool:
    return facts.is_entry and facts.signal.direction is direction
