"""The executor's numbers for Prometheus."""

from __future__ import annotations

from tasks.metrics import GAUGES, Metrics
from tasks.outcome import Outcome, OutcomeStatus


class Gauged:
    def __init__(self, **gauges: float) -> None:
        self._gauges = gauges

    def gauges(self) -> dict[str, float]:
        return self._gauges


def test_decisions_are_counted_by_door_and_status() -> None:
    metrics = Metrics()
    denied = Outcome(signal_id="s", status=OutcomeStatus.DENIED)
    for door in ("fast", "fast", "prefect"):
        metrics.decided(denied, door, 0.004)
    body, content_type = metrics.render(Gauged(open_pairs=3.0))
    text = body.decode()

    assert 'kimp_signals_total{door="fast",status="denied"} 2.0' in text
    assert 'kimp_signals_total{door="prefect",status="denied"} 1.0' in text
    assert 'kimp_decision_seconds_bucket{le="0.005",status="denied"} 3.0' in text
    assert "kimp_open_pairs 3.0" in text
    assert content_type.startswith("text/plain")


def test_two_executors_in_one_process_do_not_share_numbers() -> None:
    Metrics()
    text = Metrics().render(Gauged())[0].decode()
    assert all(f"kimp_{name}" in text for name in GAUGES)
