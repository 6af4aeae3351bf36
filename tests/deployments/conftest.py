"""Fixtures of what is deployed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from deployments import run_claim, signal_lane
from deployments.run_offers import RunOffers
from flows.prefect_api import PrefectApi

PATIENCE_S = 60.0


@pytest.fixture
async def api(prefect_api: str) -> AsyncIterator[PrefectApi]:
    """The Prefect server of the test run."""
    door = PrefectApi()
    yield door
    await door.aclose()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """Runs that events have named to a hot worker, once it has dealt with them."""
    named: list[UUID] = []
    name = RunOffers.name

    def tell(offers: RunOffers, run_id: UUID) -> None:
        name(offers, run_id)
        named.append(run_id)

    monkeypatch.setattr(RunOffers, "name", tell)
    return named


@pytest.fixture
def patient_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is busy with other things too, one claim may take seconds."""
    monkeypatch.setattr(signal_lane, "PATIENCE_S", PATIENCE_S)
    monkeypatch.setattr(run_claim, "CLAIM_S", PATIENCE_S)
