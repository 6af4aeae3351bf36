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
    "accepting_entries": "1 when no block stands against entries",
    "spot_book_age_seconds": "Age of the oldest spot book",
    "perpetual_book_age_seconds": "Age of the oldest perpetual book",
    "switches_age_seconds": "Seconds since Prefect last said what is paused",
    "fx_age_seconds": "Age of the bank rate",
    "epoch": "Epoch of the lease on the journal",
}


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
        self._gauges = {
            name: Gauge(f"kimp_{name}", text, registry=self._registry)
            for name, text in GAUGES.items()
        }

    def decided(self, outcome: Outcome, door: str, seconds: float) -> None:
        self._outcomes.labels(door=door, status=outcome.status.value).inc()
        self._seconds.labels(status=outcome.status.value).observe(seconds)

    def render(self, desk: Gauged) -> tuple[bytes, str]:
        """Body and content type of ``GET /metrics``."""
        for name, value in desk.gauges().items():
            self._gauges[name].set(value)
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
