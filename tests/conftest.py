"""Fixtures that several packages' tests share."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer

from tasks.collector_pauses import spare_what_is_loaded
from tests.fake_executor import FakeExecutor, running_fake_executor
from tests.left_runs import forget_unfinished
from tests.prefect_database import empty_database
from tests.prefect_server import running_prefect_server
from tests.work_units import SharedTogether, keep_together

# A property test may be slow on a busy machine; that is no failure. Its examples are the same in
# each run, which so says something of the change it is made for; ``search`` looks for new ones.
settings.register_profile("desk", deadline=None, derandomize=True)
settings.register_profile("few", deadline=None, derandomize=True, max_examples=5)
settings.register_profile("search", deadline=None)
settings.load_profile("desk")


@pytest.hookimpl(optionalhook=True)  # there is none without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SharedTogether:
    """Only asked when there are several workers."""
    return SharedTogether(config, log)


@pytest.hookimpl(tryfirst=True)  # before xdist makes the marks a part of the tests' names
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    keep_together(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded here stays to the end: each collection of garbage would walk over it."""
    gc.disable()
    try:
        return (yield)
    finally:
        spare_what_is_loaded()
        gc.enable()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing but Prefect's tables; one for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    return empty_database(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture(scope="session")
def prefect_server(
    prefect_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The API address of one Prefect server for the whole test run."""
    folder = tmp_path_factory.mktemp("prefect-server")
    with running_prefect_server(folder, prefect_database) as server:
        yield server.url


@pytest.fixture
def prefect_api(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same, with this process's Prefect client pointed at it."""
    from prefect.events.worker import EventsWorker
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    home = tmp_path_factory.getbasetemp() / "prefect-client"
    with temporary_settings({PREFECT_API_URL: prefect_server, PREFECT_HOME: home}):
        yield prefect_server
        # What Prefect leaves open is collected here, while the test's filters hold: at the end
        # of the session it would fail the whole run.
        EventsWorker.drain_all()
        gc.collect()
    forget_unfinished(prefect_server)


@pytest.fixture
def kimp_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty KIMP_HOME with a short path: a Unix socket's name has at most 107 bytes."""
    home = tmp_path_factory.mktemp("k")
    monkeypatch.setenv("KIMP_HOME", str(home))
    return home


@pytest.fixture
async def executor(kimp_home: Path) -> AsyncIterator[FakeExecutor]:
    """A stand-in for the desk's executor."""
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as fake:
        yield fake
