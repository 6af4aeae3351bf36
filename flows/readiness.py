"""The probe behind canary and readiness: a small signed ENTER that is checked and never traded."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

from flows.desk_access import signed_by_operator
from flows.wording import in_words, timings_text
from tasks.executor_answers import Check
from tasks.executor_client import ExecutorClient
from tasks.signal import Signal, SignalAction

# Large enough for both venues' minimums and one perpetual lot, small against any real pair.
PROBE_NOTIONAL_KRW = Decimal(1_000_000)


def probe(purpose: str, symbol: str) -> Signal:
    """An operator-signed ENTER over one million KRW, made now."""
    now = datetime.now(UTC)
    return signed_by_operator(
        Signal(
            id=f"{purpose}-{now:%Y%m%dT%H%M%S.%f}",
            action=SignalAction.ENTER,
            symbol=symbol,
            notional_krw=PROBE_NOTIONAL_KRW,
            created_at=now,
            strategy=purpose,
        )
    )


def check_line(check: Check) -> str:
    """``would trade`` or ``would not trade: the upbit book is 4.2 s old``, with every reason."""
    if check["would_trade"]:
        return "would trade"
    return "would not trade: " + "; ".join(reason["message"] for reason in check["reasons"])


def check_markdown(title: str, check: Check) -> str:
    """Every reason against a trade, or that there is none, and how long the checks took."""
    reasons = [
        f"| {in_words(reason['code'])} | {reason['message']} |" for reason in check["reasons"]
    ]
    why_not = (
        ["| check | why not |", "|---|---|", *reasons]
        if reasons
        else ["Nothing speaks against it."]
    )
    timings = timings_text(check["timings_us"])
    verdict = "**Would trade.**" if check["would_trade"] else "**Would not trade.**"
    return "\n".join([f"## {title}", "", verdict, "", *why_not, "", f"Took: {timings}."])


async def asked(desk: ExecutorClient, purpose: str, symbol: str) -> Check:
    """The gate's answer to a probe; its timings are those of the gate and of the way to it."""
    signal = probe(purpose, symbol).to_json()
    began = time.perf_counter()
    check = await desk.check(signal)
    took_us = round((time.perf_counter() - began) * 1e6)
    return {**check, "timings_us": {**check["timings_us"], "to_executor_and_back": took_us}}
