"""Fixtures that several packages' tests share."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer

from tests.prefect_server import running_prefect_server
from tests.work_units import OneDeskTogether

# A property test may be slow on a busy machine; that is no failure.
settings.register_profile("desk", deadline=None)
settings.register_profile("few", deadline=None, max_examples=5)
settings.load_profile("desk")


@pytest.hookimpl(optionalhook=True)  # there is none without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneDeskTogether:
    """Only asked when there are several workers."""
    return OneDeskTogether(config, log)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: each collection of garbage would walk over it."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    gc.unfreeze()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API address of one Prefect server for the whole test run."""
    with running_prefect_server(tmp_path_factory.mktemp("prefect-server")) as server:
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


@pytest.fixture
def kimp_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty KIMP_HOME with a short path: a Unix socket's name has at most 107 bytes."""
    home = tmp_path_factory.mktemp("k")
    monkeypatch.setenv("KIMP_HOME", str(home))
    return home
