"""Reports of the fast door, to a stand-in for Prefect's REST API that can be away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from flows.decision_reports import FAST_DOOR_TAG, DecisionReports
from tasks.signal import Signal, parse_signal


class FakePrefect:
    """Two requests of the API. ``away`` of them fail first; ``refuse`` answers 4xx."""

    def __init__(self) -> None:
        self.away = 0
        self.refuse = False
        self.created: list[dict[str, Any]] = []
        self.news = asyncio.Condition()

    async def deployment(self, _request: web.Request) -> web.Response:
        if self.away > 0:
            self.away -= 1
            return web.Response(status=503)
        return web.json_response({"id": "d-1"})

    async def create(self, request: web.Request) -> web.Response:
        if self.refuse:
            self.refuse = False
            return web.Response(status=409)
        async with self.news:
            self.created.append(await request.json())
            self.news.notify_all()
        return web.json_response({"id": "r-1"}, status=201)

    async def has_created(self, count: int) -> None:
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(lambda: len(self.created) >= count)


@pytest.fixture
async def prefect() -> AsyncIterator[tuple[FakePrefect, str]]:
    fake = FakePrefect()
    app = web.Application()
    app.router.add_get("/api/deployments/name/signal-intake/live", fake.deployment)
    app.router.add_post("/api/deployments/d-1/create_flow_run", fake.create)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield fake, f"http://127.0.0.1:{runner.addresses[0][1]}/api"
    await runner.cleanup()


def a_signal(signal_id: str) -> Signal:
    return parse_signal(
        {
            "id": signal_id,
            "action": "ENTER",
            "symbol": "BTC",
            "quantity": "0.010",
            "created_at": datetime.now(UTC),
        }
    )


async def test_a_decision_becomes_a_tagged_run_with_the_signals_id(
    prefect: tuple[FakePrefect, str],
) -> None:
    fake, url = prefect
    reports = DecisionReports(url)
    signal = a_signal("s-1")
    reporting = asyncio.create_task(reports.run())
    await asyncio.to_thread(reports.add, signal)  # the desk lives in another thread
    await fake.has_created(1)
    reporting.cancel()

    assert fake.created == [
        {
            "parameters": {"signal": signal.to_json()},
            "tags": [FAST_DOOR_TAG],
            "idempotency_key": "s-1",
        }
    ]


async def test_reports_wait_while_prefect_is_away(prefect: tuple[FakePrefect, str]) -> None:
    fake, url = prefect
    fake.away = 2
    reports = DecisionReports(url)
    for number in range(3):
        reports.add(a_signal(f"s-{number}"))
    reporting = asyncio.create_task(reports.run())
    await fake.has_created(3)
    reporting.cancel()

    assert [body["idempotency_key"] for body in fake.created] == ["s-0", "s-1", "s-2"]


async def test_a_refused_report_does_not_hold_up_the_next(
    prefect: tuple[FakePrefect, str],
) -> None:
    fake, url = prefect
    fake.refuse = True
    reports = DecisionReports(url)
    reports.add(a_signal("s-bad"))
    reports.add(a_signal("s-good"))
    reporting = asyncio.create_task(reports.run())
    await fake.has_created(1)
    reporting.cancel()

    assert [body["idempotency_key"] for body in fake.created] == ["s-good"]


def test_a_full_queue_gives_up_the_oldest_and_counts_it() -> None:
    reports = DecisionReports("http://127.0.0.1:9/api", capacity=2)
    for number in range(3):
        reports.add(a_signal(f"s-{number}"))

    assert (reports.waiting, reports.lost) == (2, 1)
