"""Health records as the executor tells them."""

from __future__ import annotations

from warehouse.records import HealthComponent, HealthRecord


def part(detail: str = "fine", *, ok: bool = True, warning: str | None = None) -> HealthComponent:
    return HealthComponent(ok=ok, detail=detail, warning=warning)


def record(*against: str, hour: int = 0, today: int = 0, **parts: HealthComponent) -> HealthRecord:
    return HealthRecord(
        ok=all(item["ok"] for item in parts.values()),
        components=parts,
        against_entries=list(against),
        errors_hour=hour,
        errors_today=today,
    )


SLOW = part("circuit closed", warning="answers in 1400 ms, more than 1 s")
STALE = part("circuit closed, book 12000 ms old", ok=False)
