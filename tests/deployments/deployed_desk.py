"""A whole deployed desk in paper mode: every service of ``compose.yaml`` as a program, a real
PostgreSQL in the place of its container, and simulators in the place of the venues."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from deployments.paper_accounts import paper_accounts
from deployments.ports import HOST, free_port
from exchanges.clock import SystemClock
from exchanges.instrument import Venue
from tasks.key_store import KeyStore
from tasks.settings import Settings
from tasks.venue_keys.key_sources import key_file
from tasks.venue_keys.permission import Permission
from tasks.venue_keys.venue_key import VenueKey
from tests.deployments.deployed import PROJECT, DeployedServices
from tests.postgres_server import running_postgres

WORKERS = ("hot-worker", "batch-worker")
PASSWORD = "a-password-of-prefect"
REDIS_PASSWORD = "a-redis-password"
PASSPHRASE = "a-passphrase-of-the-keys"
SWITCH_POLL_S = 300
SELDOM = {"KIMP_SWITCH_POLL_MS": str(SWITCH_POLL_S * 1_000), "KIMP_SWITCH_SILENCE_S": "900"}
"""So seldom does the executor look at Prefect's switches that it must hear of them by event."""


@dataclass(frozen=True, slots=True)
class DeployedDesk:
    services: DeployedServices
    home: Path
    api_url: str

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Prefect, as an operator's browser does."""
        answer = httpx.request(
            method, f"{self.api_url}{path}", json=body, auth=("kimp", PASSWORD), timeout=20
        )
        return answer.raise_for_status().json() if answer.content else None

    def redis_clients(self) -> int:
        """How many connections Redis has beside the one that asks."""
        done = subprocess.run(
            ["redis-cli", "-p", str(self.services.ports["redis"]), "client", "list"],
            env={**os.environ, "REDISCLI_AUTH": REDIS_PASSWORD},
            capture_output=True,
            text=True,
            check=True,
        )
        return len(done.stdout.splitlines()) - 1


@contextmanager
def deployed_desk(folder: Path, home: Path) -> Iterator[DeployedDesk]:
    """All services, well by their own health checks, with venue keys and a key of ``research``.
    ``home`` must be short: it holds a Unix socket."""
    with ExitStack() as stack:
        database = stack.enter_context(running_postgres())
        venues = stack.enter_context(_simulated_venues(home, folder))
        secrets = {
            "redis-password": REDIS_PASSWORD,
            "prefect-auth": f"kimp:{PASSWORD}",
            "KIMP_PREFECT_DATABASE_URL": database,
            "KIMP_KEYS_PASSPHRASE": PASSPHRASE,
        }
        services = DeployedServices(folder, home, secrets, **venues, **SELDOM)
        address = f"{HOST}:{services.ports['redis']}"
        secrets["PREFECT_REDIS_MESSAGING_URL"] = f"redis://:{REDIS_PASSWORD}@{address}/0"
        stack.callback(services.stop)
        services.start("redis")
        services.wait_until_well("redis")
        services.start("server")
        _add_keys(home)
        services.wait_until_well("server")
        assert services.start("registration").wait(timeout=240) == 0, services.tail("registration")
        started = ("executor", *WORKERS)
        for name in started:
            services.start(name)
        for name in started:
            services.wait_until_well(name)
        api_url = f"http://{HOST}:{services.ports['server']}/api"
        yield DeployedDesk(services, home, api_url)


def _add_keys(home: Path) -> None:
    """Of both venues, in the file that the passphrase closes, and of ``research``."""
    KeyStore(home / "keys").generate("research")
    clock = SystemClock()
    file = key_file(Settings(home=home, keys_passphrase=SecretStr(PASSPHRASE)), clock)
    made = paper_accounts(home / "keys").credentials
    for venue in (Venue.UPBIT, Venue.BINANCE):
        file.add(VenueKey(venue, "desk", frozenset(Permission), clock.now(), made[venue]))


@contextmanager
def _simulated_venues(home: Path, folder: Path) -> Iterator[dict[str, str]]:
    """Where the venues are, as settings of the desk."""
    ports = {name: free_port(0) for name in ("upbit", "binance", "control")}
    places = [part for name, port in ports.items() for part in (f"--{name}", f"{HOST}:{port}")]
    accounts = ["--accounts-file", str(paper_accounts(home / "keys").file)]
    replay = ["--from", "2021-04-01T00:00:00Z", "--speed", "0"]
    with (folder / "venues.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "exchanges.simulator", *places, *accounts, *replay],
            cwd=PROJECT,
            stdout=log,
            stderr=log,
        )
    upbit, binance = (f"http://{HOST}:{ports[name]}" for name in ("upbit", "binance"))
    try:
        yield {
            "KIMP_MODE": "paper",
            "KIMP_UPBIT_URL": upbit,
            "KIMP_BINANCE_URL": binance,
            "KIMP_FX_URL": f"{upbit}/v1/forex/recent?codes=FRX.KRWUSD",
        }
    finally:
        process.terminate()
        process.wait()


def demand_redis() -> None:
    """Skips without one; under KIMP_TEST_ALL that is a failure."""
    if shutil.which("redis-server") is None:
        if os.environ.get("KIMP_TEST_ALL"):
            pytest.fail("no redis-server, and KIMP_TEST_ALL allows no test to be skipped")
        pytest.skip("no redis-server on this machine (Debian: apt install redis-server)")
