"""Every door of a desk at work is tried by somebody who must not come in."""

from __future__ import annotations

import base64
import json
import re
import stat
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from deployments.paper_accounts import paper_accounts
from tasks.outcome import OutcomeStatus
from tests.deployments.running_desk import RunningDesk
from tests.deployments.up_process import desk_environment, kimp, processes_of

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]

NOBODY = "00000000-0000-0000-0000-000000000000"
WITHOUT_PASSWORD = {("GET", "/api/health"), ("GET", "/api/ready")}
SOCKETS = (
    "/api/events/in",
    "/api/events/out",
    "/api/logs/out",
    "/api/task_runs/subscriptions/scheduled",
    "/api/work_pools/hot/workers/connect",
)
LISTENING = "0A"
"""TCP state in ``/proc/net/tcp`` (Linux source, include/net/tcp_states.h)."""


@pytest.fixture(scope="module")
def story(desk: RunningDesk) -> dict[str, Any]:
    """A signal that was traded, one that was unwound, and a refused one: what a day leaves."""
    signal = desk.entry()
    run = desk.run("signal-intake/live", signal=signal)
    assert run["state"]["name"] == "Hedged"
    desk.venues.refuse_perpetual_orders(4)
    desk.run("signal-intake/live", signal=desk.entry())
    return signal


def test_every_path_of_the_api_wants_the_password(desk: RunningDesk) -> None:
    paths = httpx.get(f"{desk.ui}/openapi.json", timeout=60).json()["paths"]
    asked = [(method.upper(), f"/api{path}") for path, ways in paths.items() for method in ways]
    assert len(asked) > 150

    with httpx.Client(base_url=desk.ui, timeout=60) as stranger:
        answered = {
            (method, path): stranger.request(method, re.sub(r"\{\w+\}", NOBODY, path)).status_code
            for method, path in asked
        }

    assert {where for where, status in answered.items() if status != 401} == WITHOUT_PASSWORD


@pytest.mark.parametrize(
    "wrong", ["kimp:wrong-password", "kimp:", ":", "admin:{}", "{}x", "no-colon"]
)
def test_a_wrong_password_opens_nothing(desk: RunningDesk, wrong: str) -> None:
    secret = wrong.format(desk.password.partition(":")[2])
    header = {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}

    answer = httpx.get(f"{desk.ui}/api/admin/version", headers=header, timeout=20)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/api/../api/flows/count",
        "/api//flows/count",
        "/api/health/../flows/count",
        "/API/flows/count",
    ],
)
def test_a_crooked_path_opens_nothing(desk: RunningDesk, path: str) -> None:
    # httpx would make the path straight; a raw one arrives as it is.
    with httpx.Client(timeout=20) as stranger:
        request = stranger.build_request("POST", f"{desk.ui}/x")
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = stranger.send(request)

    assert answer.status_code in (401, 404, 405)


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize(
    "first",
    [None, {"type": "auth"}, {"type": "auth", "token": "kimp:wrong"}, {"type": "filter"}],
    ids=["nothing", "no-token", "wrong", "no-auth"],
)
def test_every_socket_wants_the_password(
    desk: RunningDesk, path: str, first: dict[str, str] | None
) -> None:
    address = desk.ui.replace("http", "ws") + path
    if first is None:
        with pytest.raises(InvalidStatus), connect(address):
            pass
        return

    with connect(address, subprotocols=[Subprotocol("prefect")]) as socket:
        socket.send(json.dumps(first))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=20)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_no_other_page_in_a_browser_may_use_the_api(desk: RunningDesk) -> None:
    user, _, secret = desk.password.partition(":")
    for origin in ("https://evil.example", "http://127.0.0.1:9", "null"):
        asked = httpx.options(
            f"{desk.ui}/api/flows/count",
            headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
            timeout=20,
        )
        read = httpx.get(
            f"{desk.ui}/api/admin/version",
            headers={"Origin": origin},
            auth=(user, secret),
            timeout=20,
        )

        assert "access-control-allow-origin" not in {*asked.headers, *read.headers}


def test_everything_listens_on_loopback_alone(desk: RunningDesk, home: Path) -> None:
    found = dict(listeners(home))

    assert int(desk.ui.rpartition(":")[2]) in found
    assert len(found) >= 5
    assert {address for address in found.values() if not ip_address(address).is_loopback} == set()


def listeners(home: Path) -> Iterator[tuple[int, str]]:
    """Port and address of each TCP socket that a process of the desk listens on."""
    held = {
        link.readlink().name.partition("[")[2].rstrip("]")
        for pid in processes_of(home)
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.is_symlink() and "socket:" in str(link.readlink())
    }
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == LISTENING and fields[9] in held:
                words = bytes.fromhex(address)
                packed = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
                yield int(port, 16), str(ip_address(packed))


@pytest.mark.usefixtures("story")
def test_what_the_desk_keeps_is_its_owners_alone(home: Path) -> None:
    booked = kimp(desk_environment(home), "warehouse", "ingest")
    assert booked.returncode == 0, booked.stderr

    open_to_others = {
        str(path.relative_to(home)): oct(path.lstat().st_mode)
        for path in [home, *home.rglob("*")]
        if path.lstat().st_mode & 0o077 and not path.is_symlink()
    }

    assert open_to_others == {}
    assert (home / "warehouse.duckdb").exists()
    assert stat.S_IMODE((home / "run" / "executor.sock").stat().st_mode) == 0o600


def secrets_of(home: Path) -> dict[str, str]:
    accounts = paper_accounts(home / "keys").credentials
    password = (home / "keys" / "prefect-auth").read_text().strip()
    return {
        **{f"{venue} secret key": key.secret_key for venue, key in accounts.items()},
        **{
            f"signing key {file.stem}": file.read_text().strip()
            for file in (home / "keys" / "signers").glob("*.key")
        },
        "password": password.partition(":")[2],
        "password in a header": base64.b64encode(password.encode()).decode(),
    }


@pytest.mark.usefixtures("story")
def test_no_secret_stands_in_logs_runs_artifacts_or_books(home: Path) -> None:
    """Prefect's database holds runs, parameters, logs, artifacts, events and variables."""
    secrets = {name: value.removeprefix("0x").encode() for name, value in secrets_of(home).items()}
    kept = [
        path
        for path in home.parent.rglob("*")
        if path.is_file() and home / "keys" not in path.parents
    ]
    assert {"prefect.db", "hot-worker.log", "batch-worker.log", "up.txt"} <= {f.name for f in kept}

    told = {
        f"{name} in {path}"
        for path in kept
        for content in [path.read_bytes()]
        for name, secret in secrets.items()
        if secret in content
    }

    assert len(secrets) >= 7
    assert told == set()


def test_no_secret_stands_in_a_command_line(home: Path, desk: RunningDesk) -> None:
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(home)}

    told = {
        f"{name} of process {pid}"
        for pid, line in lines.items()
        for name, secret in secrets_of(home).items()
        if secret.removeprefix("0x").encode() in line
    }

    assert len(lines) >= 5
    assert told == set()


def test_a_signal_seen_before_is_no_new_trade_at_either_door(
    desk: RunningDesk, story: dict[str, Any]
) -> None:
    pairs = desk.pair_ids()

    fast, run = desk.fast(story), desk.run("signal-intake/live", signal=story)

    assert fast.status is OutcomeStatus.DUPLICATE
    assert run["state"]["message"].startswith(f"Hedged: pair {fast.settled.pair_id}. ")
    assert "was decided before" in run["state"]["message"]
    assert desk.pair_ids() == pairs


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": "0.020"},
        {"id": f"again-{uuid.uuid4().hex[:8]}", "created_at": datetime.now(UTC).isoformat()},
        {"key_id": "nobody"},
    ],
    ids=["more", "again", "no-key"],
)
def test_a_tampered_signal_is_refused_at_both_doors(
    desk: RunningDesk, story: dict[str, Any], change: dict[str, Any]
) -> None:
    tampered = {**story, **change}

    fast, run = desk.fast(tampered), desk.run("signal-intake/live", signal=tampered)

    assert fast.status is OutcomeStatus.DENIED
    assert fast.reason is not None
    code, _, why = fast.reason.partition(": ")
    assert code in ("bad_signature", "unknown_key")
    assert run["state"]["name"] == "Denied"
    assert why in run["state"]["message"]
