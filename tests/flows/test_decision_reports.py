"""Reports of the fast door, out of a real journal to a stand-in for Prefect's REST API that can be
away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from exchanges.clock import SystemClock
from flows.decision_reports import FAST_DOOR_TAG, DecisionReports
from flows.untold_decisions import LONGEST_AGO, UntoldDecisions
from tasks.outcome import Outcome, OutcomeStatus
from tasks.signal import Signal, parse_signal
from warehouse import Journal, RecordType


class FakePrefect:
    """Two requests of the API. ``away`` of them fail first; ``refuse`` answers 4xx once;
    ``unregistered`` lookups find nothing; ``swallow`` takes a run and gives no answer, once."""

    def __init__(self) -> None:
        self.away = 0
        self.unregistered = 0
        self.refuse = False
        self.swallow = False
        self.asked: list[dict[str, Any]] = []
        self.created: dict[str, dict[str, Any]] = {}
        """By idempotency key, as Prefect does it."""
        self.news = asyncio.Condition()

    async def deployment(self, _request: web.Request) -> web.Response:
        if self.away > 0:
            self.away -= 1
            return web.Response(status=503)
        if self.unregistered > 0:
            self.unregistered -= 1
            return web.Response(status=404)
        return web.json_response({"id": "d-1"})

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        if self.refuse:
            self.refuse = False
            return web.Response(status=409)
        async with self.news:
            self.created.setdefault(body["idempotency_key"], body)
            self.news.notify_all()
        if self.swallow:
            self.swallow = False
            return web.Response(status=503)
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


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal.open(tmp_path / "journal", lambda: datetime.now(UTC))
    yield journal
    journal.close()


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


def receive(journal: Journal, signal_id: str, door: str = "fast") -> Signal:
    signal = a_signal(signal_id)
    body = {"signal": signal.model_dump(mode="json"), "door": door}
    journal.write(RecordType.SIGNAL_RECEIVED, body)
    return signal


def decide(journal: Journal, signal_id: str, *, binding: bool = True) -> None:
    outcome = Outcome(signal_id=signal_id, status=OutcomeStatus.HEDGED).to_json()
    journal.write(RecordType.SIGNAL_DECIDED, {"outcome": outcome, "binding": binding})


def take(journal: Journal, signal_id: str, door: str = "fast") -> Signal:
    """A signal, received and decided."""
    signal = receive(journal, signal_id, door)
    decide(journal, signal_id)
    return signal


def untold(tmp_path: Path) -> UntoldDecisions:
    return UntoldDecisions(
        tmp_path / "journal", tmp_path / "prefect" / "reported.json", SystemClock()
    )


@asynccontextmanager
async def reporting(tmp_path: Path, url: str) -> AsyncIterator[None]:
    """As long as an executor runs."""
    task = asyncio.create_task(DecisionReports(untold(tmp_path), url).run())
    yield
    task.cancel()
    await asyncio.wait([task])


def _same(moment: datetime) -> datetime:
    return moment


async def is_noted(tmp_path: Path) -> None:
    """That something was told: an executor that ends before it has noted that tells it again."""
    async with asyncio.timeout(10):
        while True:
            if (tmp_path / "prefect" / "reported.json").exists():
                return
            await asyncio.sleep(0.01)


async def test_a_decision_becomes_a_tagged_run_with_the_signals_id(
    prefect: tuple[FakePrefect, str], journal: Journal, tmp_path: Path
) -> None:
    fake, url = prefect
    async with reporting(tmp_path, url):
        signal = take(journal, "s-1")
        await fake.has_created(1)

    assert fake.asked == [
        {
            "parameters": {"signal": signal.to_json()},
            "tags": [FAST_DOOR_TAG],
            "idempotency_key": "s-1",
        }
    ]


async def test_only_decisions_of_the_fast_door_are_told(
    prefect: tuple[FakePrefect, str], journal: Journal, tmp_path: Path
) -> None:
    fake, url = prefect
    take(journal, "s-prefect", "prefect")
    take(journal, "s-operator", "operator")
    receive(journal, "s-undecided")
    decide(journal, "s-unverified", binding=False)
    async with reporting(tmp_path, url):
        take(journal, "s-fast")
        await fake.has_created(1)

    assert list(fake.created) == ["s-fast"]


async def test_decisions_wait_while_prefect_is_away_or_does_not_know_the_deployment(
    prefect: tuple[FakePrefect, str], journal: Journal, tmp_path: Path
) -> None:
    fake, url = prefect
    fake.away, fake.unregistered = 1, 1
    for number in range(3):
        take(journal, f"s-{number}")
    async with reporting(tmp_path, url):
        await fake.has_created(3)

    assert list(fake.created) == ["s-0", "s-1", "s-2"]


async def test_a_refused_report_does_not_hold_up_the_next(
    prefect: tuple[FakePrefect, str], journal: Journal, tmp_path: Path
) -> None:
    fake, url = prefect
    fake.refuse = True
    take(journal, "s-bad")
    take(journal, "s-good")
    async with reporting(tmp_path, url):
        await fake.has_created(1)

    assert list(fake.created) == ["s-good"]


async def test_a_report_whose_answer_was_lost_is_the_same_run_when_it_is_sent_again(
    prefect: tuple[FakePrefect, str], journal: Journal, tmp_path: Path
) -> None:
    fake, url = prefect
    fake.swallow = True
    take(journal, "s-0")
    take(journal, "s-1")
    async with reporting(tmp_path, url):
        await fake.has_created(2)

    assert [body["idempotency_key"] for body in fake.asked] == ["s-0", "s-0", "s-1"]


async def test_a_new_executor_tells_what_the_last_one_could_not_and_nothing_twice(
    prefect: tuple[FakePrefect, str], journal: Journal, tmp_path: Path
) -> None:
    fake, url = prefect
    async with reporting(tmp_path, url):
        take(journal, "s-told")
        receive(journal, "s-under-way")
        await is_noted(tmp_path)
    async with reporting(tmp_path, "http://127.0.0.1:9/api"):
        take(journal, "s-away")
    decide(journal, "s-under-way")  # as the next start does

    async with reporting(tmp_path, url):
        await fake.has_created(3)

    assert [body["idempotency_key"] for body in fake.asked] == ["s-told", "s-away", "s-under-way"]


async def test_without_a_word_of_what_was_told_only_the_last_day_is(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    for name, moment in (("s-old", now - LONGEST_AGO - timedelta(minutes=1)), ("s-new", now)):
        journal = Journal.open(tmp_path / "journal", partial(_same, moment))
        take(journal, name)
        journal.close()

    found = await untold(tmp_path).next()

    assert found is not None
    assert found.id == "s-new"


@pytest.mark.parametrize(
    "saved", [b"{", b'{"position":[1,99999999,99999],"received":{}}'], ids=["torn", "foreign"]
)
async def test_a_place_in_the_journal_that_cannot_be_is_looked_for_again(
    journal: Journal, tmp_path: Path, saved: bytes
) -> None:
    take(journal, "s-1")
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "reported.json").write_bytes(saved)

    found = await untold(tmp_path).next()

    assert found is not None
    assert found.id == "s-1"


async def test_a_journal_that_cannot_be_opened_for_a_moment_is_read_later(
    prefect: tuple[FakePrefect, str],
    journal: Journal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake, url = prefect
    monkeypatch.setattr("flows.decision_reports.LONGEST_PAUSE_S", 0.1)
    take(journal, "s-1")
    segment, elsewhere = tmp_path / "journal" / "journal-000001.jsonl", tmp_path / "elsewhere"
    segment.rename(elsewhere)
    segment.mkdir()
    async with reporting(tmp_path, url):
        await asyncio.sleep(0.3)
        assert fake.asked == []
        segment.rmdir()
        elsewhere.rename(segment)

        await fake.has_created(1)


async def test_the_file_is_for_its_owner_only(journal: Journal, tmp_path: Path) -> None:
    waiting = untold(tmp_path)
    take(journal, "s-1")
    await waiting.next()
    waiting.told()

    assert await waiting.next() is None
    assert (tmp_path / "prefect" / "reported.json").stat().st_mode & 0o777 == 0o600
