"""A benchmark on the machine of a real desk touches nothing of it."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deployments.bench_desk import bench_desk
from deployments.bench_rig import bench_folder, executor_variables
from deployments.bench_trouble import bench_trouble
from deployments.desk_startup import DeskStartup
from deployments.failure import CommandFailed
from deployments.progress import Progress
from deployments.supervisor import Supervisor
from exchanges.clock import SystemClock
from tasks.alerting.channels import channels_of
from tasks.settings import Mode
from tasks.settings_loading import load_settings

CHANNEL, ADDRESS = "kimp_discord_webhook_url", "https://discord.com/api/webhooks/1/x"
URLS = dict.fromkeys(("upbit", "binance", "hyperliquid"), "http://127.0.0.1:1")
PARTS = ("simulators", "prefect_server", "deployments", "executor", "batch_worker", "hot_worker")


@pytest.fixture(autouse=True)
def _real_desk(kimp_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It trades at real venues, has PostgreSQL and calls people."""
    database = kimp_home / "database"
    database.write_text("postgresql+asyncpg://kimp:secret@127.0.0.1:1/prefect")
    (kimp_home / "settings.toml").write_text(
        f'mode = "live"\nprefect_database_url_file = "{database}"\n'
        'slack_webhook_url = "https://hooks.slack.com/services/T0/B0/x"\n'
    )
    monkeypatch.setenv(CHANNEL, ADDRESS)


def demand_none_of_it(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As a program finds its settings that is started with it."""
    with monkeypatch.context() as patch:
        for name in [name for name in os.environ if name.upper().startswith("KIMP_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        settings = load_settings()
    assert settings.mode is Mode.PAPER
    assert settings.prefect_database_url_file is None
    assert dict(channels_of(settings, SystemClock())) == {}


async def test_a_whole_desk_has_none_of_its_settings(
    kimp_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: Any) -> None:
        """What it would start."""

    for part in PARTS:
        monkeypatch.setattr(DeskStartup, part, nothing)
    async with bench_desk(Progress(Console(file=io.StringIO()))) as desk:
        environment = desk.startup.environment

    used = {name: environment[name] for name in environment if not name.endswith("_URL")}
    demand_none_of_it(used, monkeypatch)
    assert load_settings().mode is Mode.LIVE
    assert os.environ[CHANNEL] == ADDRESS


def test_an_executor_alone_has_none_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    with bench_folder() as folder:
        variables = executor_variables(folder, URLS)

    demand_none_of_it(variables, monkeypatch)


async def test_a_prefect_that_has_troubles_has_none_of_its_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def no_venues(*_: Any) -> Mapping[str, str]:
        return URLS

    async def refuse(*given: Any) -> None:
        environments.append(given[-1])
        raise CommandFailed("seen enough")

    environments: list[Mapping[str, str]] = []
    monkeypatch.setattr("deployments.bench_trouble.start_simulators", no_venues)
    monkeypatch.setattr(Supervisor, "start", refuse)

    with pytest.raises(CommandFailed, match="seen enough"):
        await bench_trouble(Progress(Console(file=io.StringIO())))

    [environment] = environments
    assert environment["KIMP_HOME"] != os.environ["KIMP_HOME"]
    demand_none_of_it(environment, monkeypatch)
