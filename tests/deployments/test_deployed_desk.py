"""The services of ``compose.yaml``, really started: Redis, server, workers and the executor."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from deployments.cli import main
from deployments.paper_accounts import paper_accounts
from deployments.ports import HOST, free_port
from exchanges.instrument import Venue
from tasks.key_store import KeyStore
from tests.deployments.deployed import PROJECT, DeployedServices, put_secrets
from tests.postgres_server import running_postgres
from warehouse import RecordType, read

pytestmark = [
    pytest.mark.long,
    pytest.mark.prefect,
    pytest.mark.timeout(600),
    # Prefect's client leaves its connections to the garbage collector when a loop ends.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def redis_server() -> None:
    """Skipped without one; under KIMP_TEST_ALL that is a failure."""
    if shutil.which("redis-server") is None:
        if os.environ.get("KIMP_TEST_ALL"):
            pytest.fail("no redis-server, and KIMP_TEST_ALL allows no test to be skipped")
        pytest.skip("no redis-server on this machine (Debian: apt install redis-server)")


@contextmanager
def simulated_venues(home: Path, folder: Path) -> Iterator[dict[str, str]]:
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
            "KIMP_KEY_SOURCE": "environment",
            "KIMP_UPBIT_URL": upbit,
            "KIMP_BINANCE_URL": binance,
            "KIMP_FX_URL": f"{upbit}/v1/forex/recent?codes=FRX.KRWUSD",
        }
    finally:
        process.terminate()
        process.wait()


def test_the_services_of_the_compose_file_come_up_trade_and_end_in_order(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home, secrets = tmp_path_factory.mktemp("h"), tmp_path / "secrets"
    keys = paper_accounts(home / "keys").credentials
    with ExitStack() as stack:
        database = stack.enter_context(running_postgres())
        venues = stack.enter_context(simulated_venues(home, tmp_path))
        services = DeployedServices(tmp_path, secrets, home, **venues)
        put_secrets(
            secrets,
            {
                "redis-password": "a-redis-password",
                "prefect-auth": "kimp:a-password-of-prefect",
                "KIMP_PREFECT_DATABASE_URL": database,
                "PREFECT_REDIS_MESSAGING_URL": f"redis://:a-redis-password@{HOST}:"
                f"{services.ports['redis']}/0",
                **{
                    f"KIMP_{venue.upper()}_{kind}_KEY": getattr(keys[venue], f"{kind.lower()}_key")
                    for venue in (Venue.UPBIT, Venue.BINANCE)
                    for kind in ("ACCESS", "SECRET")
                },
            },
        )
        stack.callback(services.stop)
        services.start("redis")
        services.wait_until_well("redis")
        services.start("server")
        services.wait_until_well("server")
        api = f"http://{HOST}:{services.ports['server']}/api"
        assert httpx.get(f"{api}/admin/settings").status_code == 401
        assert services.start("registration").wait(timeout=240) == 0, services.tail("registration")
        assert redis_clients(services) > 0
        services.start("executor")
        services.wait_until_well("executor")
        for name, value in services.environment("executor").items():
            monkeypatch.setenv(name, value)
        KeyStore(home / "keys").generate("research")
        services.wait_until("the desk takes entries", lambda: takes_entries(capsys), 120)

        signal = ["--key", "research", "--action", "ENTER", "--quantity", "0.010"]
        sent = main(["signal", "send", *signal, "--ttl-ms", "60000", "--door", "fast"])

        outcome = json.loads(capsys.readouterr().out)
        assert (sent, outcome["status"]) == (0, "hedged"), outcome
        assert main(["backup"]) == 0
        archive = capsys.readouterr().out.splitlines()[0]
        restore = ["restore", archive, "--reason", "a drill", "--yes", "RESTORE"]
        assert main(restore) == 1
        assert "a desk is running in this KIMP_HOME" in capsys.readouterr().err
        assert services.end("executor") == 0, services.tail("executor")
        last = [record.type for record in read(home / "journal")][-1]
        assert last == RecordType.LEASE_RELEASED
        assert main(restore) == 0


def takes_entries(capsys: pytest.CaptureFixture[str]) -> bool:
    main(["status", "--json"])
    executor = json.loads(capsys.readouterr().out)["executor"]
    return executor is not None and executor["accepting_entries"]


def redis_clients(services: DeployedServices) -> int:
    """How many connections Redis has beside the one that asks: the server speaks over it."""
    done = subprocess.run(
        ["redis-cli", "-p", str(services.ports["redis"]), "client", "list"],
        env={**os.environ, "REDISCLI_AUTH": "a-redis-password"},
        capture_output=True,
        text=True,
        check=True,
    )
    return len(done.stdout.splitlines()) - 1
