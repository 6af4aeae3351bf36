"""Every reason not to trade: alone, in order, and with its numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.circuit_breaker import CircuitState
from tasks.gate import CHECKS, all_refusals, first_refusal
from tasks.gate_facts import Door, GateFacts, SignerFacts, Switches
from tasks.settings import Basis, Mode
from tasks.signal import Direction
from tests.tasks.gate_world import (
    GOOD,
    NOW,
    SHORT,
    Change,
    capital,
    facts,
    leaving,
    paused,
    perpetual,
    rules,
    settings,
    signal,
    signer,
    sized,
    spot,
)

# What is wrong, the code it gets, and a piece of the sentence with its numbers.
REFUSED_ALWAYS: list[tuple[Change, str, str]] = [
    (paused("signal-intake/live"), "paused", "signal-intake/live is paused"),
    (facts(lease_held=False), "lease_lost", "does not hold the journal's lease"),
    (signer(is_trusted=False), "unknown_key", "no trusted key is named alpha"),
    (signer(signature_fits=False), "bad_signature", "not one of alpha"),
    (
        lambda good: settings(mode=Mode.LIVE)(signer(is_operator=True)(good)),
        "operator_not_allowed",
        "operator_may_trade",
    ),
    (facts(seen_before=True), "duplicate", "s-1 was seen before"),
    (
        facts(now=NOW + timedelta(milliseconds=2_901)),
        "expired",
        "3,001 ms old, it was good for 3,000",
    ),
    (facts(now=NOW - timedelta(milliseconds=1_101)), "from_future", "1,001 ms in the future"),
    (settings(symbols=("ETH", "XRP")), "symbol_unknown", "BTC is not traded here, only ETH, XRP"),
    (spot(circuit=CircuitState.OPEN), "circuit_open", "circuit of upbit is open"),
    (perpetual(circuit=CircuitState.HALF_OPEN), "circuit_open", "binance is half_open"),
    (perpetual(clock_problem="the clock was set"), "clock_changed", "the clock was set"),
    (spot(book_age_ms=None), "book_missing", "upbit shows no book of BTC"),
    (
        lambda good: spot(book_age_ms=1_501)(perpetual(book_age_ms=1_000)(good)),
        "book_stale",
        "upbit is 1,501 ms old, at most 1,500",
    ),
    (perpetual(book_age_ms=1_101), "books_skewed", "1,001 ms apart in age, at most 1,000"),
    (spot(book_crossed=True), "book_crossed", "upbit has its bid at or above its ask"),
    (facts(krw_per_usdt=None, tether_age_s=None), "rates_missing", "no tether rate"),
    (facts(tether_age_s=10.5), "tether_stale", "10.5 s old, at most 10 s"),
    (perpetual(market_problem="BTCUSDT is halted"), "market_halted", "binance: BTCUSDT is halted"),
]
REFUSED_ENTRIES: list[tuple[Change, str, str]] = [
    (perpetual(order_room=0), "no_rate_budget", "rate limit of binance"),
    (facts(krw_per_usdt=Decimal(5_755)), "rates_apart", "from the bank's dollar at"),
    (spot(unfit="the wallet of BTC is closed"), "market_unfit", "upbit: the wallet of BTC is"),
    (spot(clock_offset_ms=None), "clock_offset", "upbit was never compared"),
    (perpetual(clock_offset_ms=-1_001), "clock_offset", "binance is -1,001 ms from ours"),
    (paused("entry/live"), "paused", "entry/live is paused"),
    (paused("executor/live"), "paused", "executor/live is paused"),
    (facts(switches=Switches({}, None)), "switch_silent", "never heard"),
    (facts(switches=Switches({}, 5.1)), "switch_silent", "5.1 s ago, at most 5 s"),
    (facts(killed="exchange hacked"), "killed", "(exchange hacked)"),
    (facts(not_ready="positions differ by 0.5 BTC"), "not_ready", "differ by 0.5"),
    (facts(fx_age_s=301.0), "fx_stale", "301 s old, at most 300 s"),
    (facts(fx_age_s=None), "fx_stale", "never read"),
    (spot(rules=None), "rules_missing", "rules of BTC at upbit"),
    (
        sized("0.0105", "1470000", "1050"),
        "off_lot",
        "0.0105 is no multiple of the lot 0.001 of bin",
    ),
    (sized("0.001", "140000", "99.9"), "below_minimum", "99.9 is below the least value 100 of bin"),
    (sized("0", "0", "0"), "below_minimum", "0 BTC is below the least quantity"),
    (
        sized("101", "5000", "100"),
        "above_maximum",
        "101 is above the largest market order 100",
    ),
    (
        spot(rules=replace(rules("0.00000001", "0", "5000"), max_notional=Decimal(1_402_799))),
        "above_maximum",
        "a value of 1,402,800.00 is above the greatest value 1,402,799 of an order at upbit",
    ),
    (spot(executable=None), "book_thin", "upbit holds less than 0.01 BTC"),
    (
        spot(touch=Decimal(139_700_000)),
        "over_slippage",
        "0.01 BTC reaches 21.5 bps into the book of upbit, at most 20 bps",
    ),
    (facts(capital=None), "capital_unknown", "balances or rates"),
    (
        capital(krw_spendable=Decimal(1_403_000)),
        "insufficient_krw",
        "upbit needs 1,403,501 KRW, 1,403,000 KRW may be spent above the reserve of 5 %",
    ),
    (
        capital(usdt_spendable=Decimal("1000.49")),
        "insufficient_margin",
        "1,000.50 USDT of margin, 1,",
    ),
    (
        lambda good: capital(free_coin=Decimal("0.009"))(replace(good, signal=SHORT)),
        "insufficient_coin",
        "sells 0.01 BTC, 0.009 are held",
    ),
    (facts(naked_pair_id="p0123456789ab"), "naked_pair", "p0123456789ab of BTC is not hedged"),
    (
        facts(contradiction="p0123456789ab: a pair that is closed cannot take the event flat"),
        "contradiction",
        "a person has to look first: p0123456789ab: a pair that is closed",
    ),
    (facts(open_pairs=5), "too_many_pairs", "5 pairs are open, at most 5"),
    (
        settings(max_pair_notional_krw=Decimal(1_399_999)),
        "over_pair_limit",
        "worth 1,400,000 KRW, at most 1,399,999",
    ),
    (
        capital(open_notional_krw=Decimal(198_600_001)),
        "over_total_limit",
        "200,000,001 KRW, at most",
    ),
    (
        capital(day_result_krw=Decimal(-900_000)),
        "daily_loss",
        "lost 900,000 KRW, the limit is 900,000",
    ),
    (
        facts(signal=signal(premium_limit_pct="1.4999")),
        "premium_worse",
        "1.5000 %, long_premium wanted at most 1.4999 %",
    ),
    (
        facts(signal=signal(direction="short_premium", premium_limit_pct="1.5001")),
        "premium_worse",
        "short_premium wanted at least 1.5001 %",
    ),
]
EVERY = REFUSED_ALWAYS + REFUSED_ENTRIES


def codes(judged: GateFacts) -> list[str]:
    return [refusal.code for refusal in all_refusals(judged)]


def test_when_all_is_well_there_is_no_refusal() -> None:
    assert all_refusals(GOOD) == []
    assert first_refusal(GOOD) is None
    assert all_refusals(replace(GOOD, signal=leaving())) == []


@pytest.mark.parametrize(("change", "code", "words"), EVERY)
def test_one_thing_wrong_is_refused_for_that_alone(change: Change, code: str, words: str) -> None:
    refusals = all_refusals(change(GOOD))

    assert [refusal.code for refusal in refusals] == [code]
    assert words in refusals[0].message
    assert first_refusal(change(GOOD)) == refusals[0]


@pytest.mark.parametrize(("change", "code", "words"), REFUSED_ALWAYS)
def test_an_exit_is_refused_for_what_concerns_every_signal(
    change: Change, code: str, words: str
) -> None:
    assert codes(change(replace(GOOD, signal=leaving()))) == [code]


@pytest.mark.parametrize(
    "change", [change for change, _, _ in REFUSED_ENTRIES if change(GOOD).signal == GOOD.signal]
)
def test_an_exit_passes_what_concerns_new_pairs_only(change: Change) -> None:
    assert codes(change(replace(GOOD, signal=leaving()))) == []


def test_every_check_has_a_case_that_it_refuses() -> None:
    refusing = {check.__name__ for check in CHECKS for change, _, _ in EVERY if check(change(GOOD))}

    assert refusing == {check.__name__ for check in CHECKS}


@pytest.mark.parametrize(
    "change",
    [
        facts(now=NOW + timedelta(milliseconds=2_900)),
        facts(now=NOW - timedelta(milliseconds=1_100)),
        lambda good: spot(book_age_ms=1_500)(perpetual(book_age_ms=500)(good)),
        facts(switches=Switches({}, 5.0)),
        perpetual(clock_offset_ms=1_000),
        facts(fx_age_s=300.0),
        facts(open_pairs=4),
        capital(krw_spendable=Decimal("1403501.40")),
        capital(usdt_spendable=Decimal("1000.50")),
        capital(open_notional_krw=Decimal(198_600_000)),
        capital(day_result_krw=Decimal(-899_999)),
        settings(max_pair_notional_krw=Decimal(1_400_000)),
        sized("0.001", "5000", "100"),
        facts(signal=signal(premium_limit_pct="1.5")),
        facts(signal=signal(direction="short_premium", premium_limit_pct="1.5")),
        signer(is_operator=True),
    ],
)
def test_a_limit_itself_is_still_allowed(change: Change) -> None:
    assert all_refusals(change(GOOD)) == []


def test_the_first_refusal_is_the_first_of_the_list() -> None:
    judged = GOOD
    for change in (facts(open_pairs=9), facts(seen_before=True), paused("entry/live")):
        judged = change(judged)

    assert codes(judged) == ["paused", "duplicate", "too_many_pairs"]
    assert first_refusal(judged) == all_refusals(judged)[0]


def test_an_unsigned_signal_names_what_is_missing() -> None:
    unsigned = facts(signal=signal(signature=None), signer=SignerFacts(True, False, False))
    nameless = facts(
        signal=signal(signature=None, key_id=None), signer=SignerFacts(False, False, False)
    )

    assert [str(refusal) for refusal in all_refusals(unsigned(GOOD))] == [
        "bad_signature: the signal is not signed"
    ]
    assert [str(refusal) for refusal in all_refusals(nameless(GOOD))] == [
        "unknown_key: the signal names no key_id"
    ]


def test_an_operator_closes_a_pair_while_the_intake_is_paused() -> None:
    by_hand = replace(GOOD, signal=leaving(), door=Door.OPERATOR)

    assert codes(paused("signal-intake/live")(by_hand)) == []
    assert codes(paused("signal-intake/live")(replace(GOOD, door=Door.OPERATOR))) == ["paused"]


def test_on_the_bank_basis_the_bank_rate_decides_exits_too() -> None:
    by_bank = settings(basis=Basis.FX)(replace(GOOD, signal=leaving()))

    assert codes(replace(by_bank, krw_per_usdt=None, tether_age_s=99.0)) == []
    assert codes(replace(by_bank, fx_age_s=301.0)) == ["fx_stale"]
    assert codes(replace(by_bank, krw_per_usd=None)) == ["rates_missing"]


def test_short_premium_needs_coin_and_not_krw() -> None:
    judged = capital(krw_spendable=Decimal(0))(replace(GOOD, signal=SHORT))

    assert codes(judged) == []


def test_a_signals_own_slippage_bound_sets_the_cash_it_needs() -> None:
    tight = capital(krw_spendable=Decimal(1_400_700))

    assert codes(tight(GOOD)) == ["insufficient_krw"]
    assert codes(tight(replace(GOOD, signal=signal(max_slippage_bps=0)))) == []


@pytest.mark.parametrize(
    ("direction", "touch"),
    [
        (Direction.LONG_PREMIUM, Decimal(139_000_000)),
        (Direction.SHORT_PREMIUM, Decimal(141_000_000)),
    ],
)
def test_a_signals_own_slippage_bound_is_how_deep_it_may_reach(
    direction: Direction, touch: Decimal
) -> None:
    deep = spot(touch=touch)

    assert codes(deep(replace(GOOD, signal=signal(direction=direction)))) == ["over_slippage"]
    wide = signal(direction=direction, max_slippage_bps=72)
    assert codes(deep(replace(GOOD, signal=wide))) == []


def test_with_nothing_known_every_gap_is_named_and_nothing_breaks() -> None:
    unknown: dict[str, Any] = {
        "clock_offset_ms": None,
        "book_age_ms": None,
        "touch": None,
        "rules": None,
        "executable": None,
        "order_room": 0,
    }
    judged = perpetual(**unknown)(spot(**unknown)(GOOD))
    judged = replace(
        judged,
        switches=Switches({}, None),
        krw_per_usd=None,
        fx_age_s=None,
        krw_per_usdt=None,
        tether_age_s=None,
        quantity=None,
        premium_pct=None,
        capital=None,
    )

    assert codes(judged) == [
        "switch_silent",
        "clock_offset",
        "book_missing",
        "rates_missing",
        "fx_stale",
        "no_rate_budget",
        "rules_missing",
        "capital_unknown",
    ]


@given(
    direction=st.sampled_from(Direction),
    premium=st.decimals(min_value=-50, max_value=50, places=4),
    limit=st.decimals(min_value=-50, max_value=50, places=4),
)
def test_a_premium_passes_only_when_it_is_no_worse_than_the_limit(
    direction: Direction, premium: Decimal, limit: Decimal
) -> None:
    judged = replace(
        GOOD, signal=signal(direction=direction, premium_limit_pct=limit), premium_pct=premium
    )

    room = limit - premium if direction is Direction.LONG_PREMIUM else premium - limit

    assert (codes(judged) == []) == (room >= 0)
