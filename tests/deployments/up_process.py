"""A real ``kimp up`` in a folder of its own, as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from deployments.ports import HOST, free_port
from tests.prefect_database import NO_BLOCKS

PROJECT = Path(__file__).resolve().parents[2]


def desk_environment(home: Path, **settings: str) -> dict[str, str]:
    """Without any setting from outside the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KIMP_")}
    own = {"KIMP_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    return {**kept, **NO_BLOCKS, **own, **settings}


def kimp(
    environment: Mapping[str, str], *arguments: str, timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "deployments", *arguments],
        cwd=PROJECT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


class UpProcess:
    """``kimp up`` in the background; its output goes to a file that can be waited on."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
        self._output = folder / "up.txt"
        with self._output.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deployments", "up", *arguments],
                cwd=PROJECT,
                # Desks of tests that run side by side would all take the usual port at once.
                env={"KIMP_PREFECT_API_URL": f"http://{HOST}:{free_port(0)}/api", **environment},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8")

    def wait_for(self, text: str, timeout_s: float = 180) -> None:
        """Until ``text`` was printed; fails when ``up`` ends, or takes longer and is stopped."""
        deadline = time.monotonic() + timeout_s
        while text not in self.output:
            assert self.process.poll() is None, f"up has ended without {text!r}:\n{self.output}"
            if time.monotonic() > deadline:
                self.process.terminate()
                self.wait()
                raise AssertionError(f"no {text!r} in time:\n{self.output}")
            time.sleep(0.05)

    def wait(self, timeout_s: float = 60) -> int:
        return self.process.wait(timeout_s)


def processes_of(home: Path) -> list[int]:
    """Every living process whose environment names ``home``."""
    return processes_where("KIMP_HOME", str(home))


def processes_where(variable: str, value: str) -> list[int]:
    """Every living process that was started so."""
    wanted = f"{variable}={value}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def process_with(home: Path, argument: str) -> int:
    """The one process of ``home`` whose command line holds ``argument``."""
    found = [
        pid
        for pid in processes_of(home)
        if argument.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    ]
    assert len(found) == 1
    return found[0]
