"""The executor's numbers for Prometheus."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tasks.exposure import Exposure
from tasks.metrics import GAUGES, Metrics
from tasks.outcome import Outcome, OutcomeStatus
from tasks.pair_transitions import PairState


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


def test_a_stretch_of_unequal_legs_is_counted_when_it_is_over() -> None:
    metrics = Metrics()
    began = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
    repaired = Exposure(
        exposure_id="p1-1",
        pair_id="p1",
        symbol="BTC",
        began_with="opened",
        began_at=began,
        detected_at=began + timedelta(seconds=1),
        ended_at=began + timedelta(seconds=5),
        state=PairState.HEDGED,
        unhedged_krw_s=Decimal("2400000.000"),
        krw_per_coin=Decimal(60_000_000),
        attempts=2,
    )
    clean = replace(repaired, detected_at=None, unhedged_krw_s=Decimal("80.5"), attempts=0)
    for exposure in (repaired, clean):
        metrics.exposed(exposure)

    text = metrics.render(Gauged())[0].decode()

    assert 'kimp_exposure_krw_seconds_bucket{began_with="opened",le="100.0"} 1.0' in text
    assert 'kimp_exposure_krw_seconds_bucket{began_with="opened",le="2e+06"} 1.0' in text
    assert 'kimp_exposure_krw_seconds_bucket{began_with="opened",le="5e+06"} 2.0' in text
    assert 'kimp_exposure_krw_seconds_sum{began_with="opened"} 2.4000805e+06' in text
    assert 'kimp_recovery_seconds_bucket{le="5.0"} 1.0' in text
    assert "kimp_recovery_seconds_sum 4.0" in text
    assert "kimp_recovery_attempts_sum 2.0" in text
    assert "kimp_recovery_attempts_count 1.0" in text


def test_two_executors_in_one_process_do_not_share_numbers() -> None:
    Metrics()
    text = Metrics().render(Gauged())[0].decode()
    assert all(f"kimp_{name}" in text for name in GAUGES)
