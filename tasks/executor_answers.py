"""What the executor's control API answers, as JSON objects; who asks is
:mod:`tasks.executor_client`.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from warehouse.records import PairSnapshot, PremiumRecord


class Reason(TypedDict):
    """Why not: a stable code and a sentence for people."""

    code: str
    message: str


class Check(TypedDict):
    """The gate's answer to a signal that is not traded."""

    signal_id: str
    would_trade: bool
    reasons: list[Reason]
    timings_us: dict[str, int]


class PairNow(TypedDict):
    """What a pair would bring if it were closed now."""

    net_krw: str
    premium_pct: str | None
    sentence: str


class PairView(PairSnapshot):
    """A pair as the journal has it, and its value now (None: cannot be told now)."""

    now: NotRequired[PairNow | None]


class ExitDecision(TypedDict):
    """What the exit rule said of one pair."""

    pair_id: str
    net_krw: str | None
    target_krw: str | None
    decision: str
    """``hold`` or ``close``."""
    sentence: str
    outcome: dict[str, Any] | None
    """The Outcome as JSON where a close was tried."""


class RecoveryReport(TypedDict):
    pair_id: str
    was: str
    """The state that it was found in."""
    state: str
    holds: str
    """What both legs hold now, in words."""
    steps: list[str]
    """What was done, each with its time (UTC)."""


class Rates(TypedDict):
    krw_per_usd: str | None
    krw_per_usdt: str | None
    dollar: str
    """The dollar coin that the rate before is of: USDT or USDC."""
    fx_source: str | None
    fx_age_s: float | None
    premiums: list[PremiumRecord]


class KillReport(TypedDict):
    killed: bool
    cancelled: list[str]
    """Client order ids."""
    not_cancelled: list[str]
    """Sentences: what may rest still, and why."""
    outcomes: list[dict[str, Any]]


class ResetReport(TypedDict):
    lifted: list[str]
    """What was stopped, in words."""


class StopReport(TypedDict):
    in_prefect: bool
    """Prefect shows it; else it holds in the executor, and Prefect is told once it answers."""


class ResumeReport(TypedDict):
    resumed: bool
    reasons: list[Reason]


class AlertList(TypedDict):
    total: int
    """Open rows; the list has at most 500 of them."""
    open: list[dict[str, Any]]
    others: list[dict[str, Any]]
    channels: list[dict[str, Any]]
