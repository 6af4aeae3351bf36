"""Is a program of a deployed desk well? ``python -m deployments.probe server|executor|POOL``.

Asked by containers every few seconds, so it uses nothing but the standard library: exit code 0 and
no word when all is well, else 1 and a sentence. A worker is well while Prefect hears from it.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import sys
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

TIMEOUT_S = 5.0
SILENT = timedelta(seconds=90)
"""Of a worker, three of its heartbeats."""


class Unwell(Exception):
    """``str()`` is the sentence."""


def probe(what: str) -> None:
    """Raises Unwell, or OSError when nobody answers."""
    if what == "executor":
        _executor(Path(os.environ["KIMP_HOME"]) / "run" / "executor.sock")
    elif what == "server":
        _prefect("GET", "/health")
    else:
        _worker(what, datetime.now(UTC))


def _executor(socket_file: Path) -> None:
    connection = http.client.HTTPConnection("executor", timeout=TIMEOUT_S)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(TIMEOUT_S)
    try:
        connection.sock.connect(str(socket_file))
        connection.request("GET", "/v1/state")
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        raise Unwell(f"the executor answers with HTTP {status}")


def _worker(pool: str, now: datetime) -> None:
    rows = json.loads(_prefect("POST", f"/work_pools/{pool}/workers/filter", b"{}"))
    heard = [row["last_heartbeat_time"] for row in rows if row["last_heartbeat_time"]]
    if not any(now - datetime.fromisoformat(moment) < SILENT for moment in heard):
        raise Unwell(f"Prefect has not heard of a worker of pool {pool} for {SILENT.seconds} s")


def _prefect(method: str, path: str, body: bytes | None = None) -> bytes:
    headers = {"Content-Type": "application/json"}
    if file := os.environ.get("KIMP_PREFECT_AUTH_FILE"):
        password = base64.b64encode(Path(file).read_bytes().strip()).decode("ascii")
        headers["Authorization"] = f"Basic {password}"
    url = os.environ["PREFECT_API_URL"] + path
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        content: bytes = answer.read()
    return content


def main(arguments: Sequence[str]) -> int:
    """0 well, 1 not, 2 bad usage."""
    if len(arguments) != 1:
        print("usage: python -m deployments.probe server|executor|POOL", file=sys.stderr)
        return 2
    try:
        probe(arguments[0])
    except (Unwell, OSError, ValueError) as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
