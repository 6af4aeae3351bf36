"""A real Prefect server for tests: own folder, free port, stopped by its process id."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployments.ports import HOST, free_port
from tests.prefect_database import NO_BLOCKS, begin_with

START_S = 120.0
"""Much more than it takes, unless the machine is busy with other things."""
STOP_S = 15.0
PROJECT = Path(__file__).resolve().parent.parent


class PrefectServer:
    """Its state lies in ``folder``; it can be stopped and started again at the same address.

    It begins with a copy of ``database``, or makes one; ``variables`` are added to its environment.
    """

    def __init__(self, folder: Path, database: Path | None = None, **variables: str) -> None:
        if database is not None:
            begin_with(database, folder)
        self.log = folder / "server.log"
        self._port = free_port(0)
        self.url = f"http://{HOST}:{self._port}/api"
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"},
            "PREFECT_HOME": str(folder),
            "PREFECT_UI_ENABLED": "false",
            "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
            **NO_BLOCKS,
            **variables,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it is healthy."""
        module = [sys.executable, "-m", "deployments.prefect_server"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*module, "--host", HOST, "--port", str(self._port)],
                env=self._environment,
                cwd=PROJECT,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise RuntimeError(f"the Prefect server did not start:\n{self.log.read_text()[-2_000:]}")

    @property
    def pid(self) -> int:
        assert self._process is not None  # it was started
        return self._process.pid

    def kill(self) -> None:
        """As a crash would end it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running_prefect_server(
    folder: Path, database: Path | None = None, **variables: str
) -> Iterator[PrefectServer]:
    """A fresh server."""
    server = PrefectServer(folder, database, **variables)
    try:
        server.start()
        yield server
    finally:
        server.stop()
