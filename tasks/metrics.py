"""The executor's numbers for Prometheus.

Counters are kept as things happen; gauges are read from the desk when asked.
"""

from __future__ import annotations

from typing import Protocol

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from tasks.exposure import Exposure
from tasks.outcome import Outcome


class Gauged(Protocol):
    """What gauges are read from."""

    def gauges(self) -> dict[str, float]:
        """Metric name (without prefix) → value now."""
        ...


GAUGES = {
    "open_pairs": "Pairs that are not ended",
    "naked_pairs": "Pairs that a person must look at",
    "unhedged_coin": "Difference of both legs over all open pairs, coin",
    "open_exposure_krw_seconds": "Unhedged won times seconds so far, of pairs under way or naked",
    "accepting_entries": "1 when no block stands against entries",
    "spot_book_age_seconds": "Age of the oldest spot book",
    "perpetual_book_age_seconds": "Age of the oldest perpetual book",
    "switches_age_seconds": "Seconds since Prefect last said what is paused",
    "fx_age_seconds": "Age of the bank rate",
    "epoch": "Epoch of the lease on the journal",
}


EXPOSURE_BUCKETS = [float(step * 10**power) for power in range(2, 12) for step in (1, 2, 5)]
"""Won times seconds: fine enough that a quantile read out of them is right to a half."""


class Metrics:
    """One registry per executor."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._outcomes = Counter(
            "kimp_signals", "Signals decided", ["door", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "kimp_decision_seconds",
            "From a signal's arrival to its outcome",
            ["status"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self._registry,
        )
        self._exposures = Histogram(
            "kimp_exposure_krw_seconds",
            "Unhedged won times seconds of an entry, an exit or a repair that is over",
            ["began_with"],
            buckets=EXPOSURE_BUCKETS,
            registry=self._registry,
        )
        self._recoveries = Histogram(
            "kimp_recovery_seconds",
            "From the detection of unequal legs to hedged or flat",
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 300, 900, 3600, 21600),
            registry=self._registry,
        )
        self._attempts = Histogram(
            "kimp_recovery_attempts",
            "Orders sent until unequal legs were hedged or flat",
            buckets=(0, 1, 2, 3, 4, 5, 7, 10, 20),
            registry=self._registry,
        )
        self._gauges = {
            name: Gauge(f"kimp_{name}", text, registry=self._registry)
            for name, text in GAUGES.items()
        }

    def decided(self, outcome: Outcome, door: str, seconds: float) -> None:
        self._outcomes.labels(door=door, status=outcome.status.value).inc()
        self._seconds.labels(status=outcome.status.value).observe(seconds)

    def exposed(self, exposure: Exposure) -> None:
        """A stretch of unequal legs is over."""
        self._exposures.labels(began_with=exposure.began_with).observe(
            float(exposure.unhedged_krw_s)
        )
        if exposure.recovery_s is not None:
            self._recoveries.observe(float(exposure.recovery_s))
            self._attempts.observe(exposure.attempts)

    def render(self, desk: Gauged) -> tuple[bytes, str]:
        """Body and content type of ``GET /metrics``."""
        for name, value in desk.gauges().items():
            self._gauges[name].set(value)
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
