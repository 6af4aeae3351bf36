"""The services of ``compose.yaml`` as programs of this machine: the file's own commands and
variables, with its host names, ports and folders replaced by ones of the test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from deployments.ports import HOST, free_port

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE = PROJECT / "deployments" / "compose.yaml"
SECRETS = "/run/secrets"


def compose() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return content


def settings_of(file: Path) -> dict[str, str]:
    """``NAME=VALUE`` lines, as Compose, systemd and Kubernetes read them."""
    lines = file.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class DeployedServices:
    """Started one by one; :meth:`stop` ends what is left, by process id.

    ``variables`` come on top of a service's own, where it stands in the place of a machine.
    """

    def __init__(self, folder: Path, secrets: Path, home: Path, **variables: str) -> None:
        self._folder = folder
        self._secrets = secrets
        self._home = home
        self._variables = variables
        self._services: dict[str, Any] = compose()["services"]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {"server": free_port(0), "redis": free_port(0)}

    def environment(self, name: str) -> dict[str, str]:
        """What Compose would give ``name``, with this test's places in it."""
        service = self._services[name]
        files = [settings_of(COMPOSE.parent / file) for file in service.get("env_file", [])]
        own = {key: value for file in files for key, value in file.items()}
        own |= {key: str(value) for key, value in service.get("environment", {}).items()}
        kept = {"PATH": os.environ["PATH"], "HOME": str(self._folder)}
        own = {key: self._here(value) for key, value in own.items()}
        return {**kept, **own, "CREDENTIALS_DIRECTORY": str(self._secrets), **self._variables}

    def start(self, name: str) -> subprocess.Popen[bytes]:
        service = self._services[name]
        command = [self._here(part) for part in service["command"]]
        # Without an entry point of its own the service has the image's.
        image = [sys.executable, "-m", "deployments.run_program"]
        command = [*service.get("entrypoint", image), *command]
        if name == "redis":
            command[-1] += f" --port {self.ports['redis']} --bind {HOST}"
        elif name == "server":
            command[-1] = str(self.ports["server"])
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                command, env=self.environment(name), cwd=PROJECT, stdout=log, stderr=log
            )
        self._running[name] = process
        return process

    def wait_until_well(self, name: str, within_s: float = 240) -> None:
        """By the service's own health check."""
        kind, *test = self._services[name]["healthcheck"]["test"]
        command = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        command = [self._here(part) for part in command]
        if command[0] == "python":
            command[0] = sys.executable
        environment = self.environment(name) | {"REDISCLI_PORT": str(self.ports["redis"])}
        command = [part.replace("redis-cli", "redis-cli -p $REDISCLI_PORT") for part in command]

        def is_well() -> bool:
            assert self._running[name].poll() is None, f"{name} ended:\n{self.tail(name)}"
            done = subprocess.run(
                command, env=environment, cwd=PROJECT, capture_output=True, check=False
            )
            return done.returncode == 0

        self.wait_until(f"{name} is well", is_well, within_s)

    def wait_until(self, what: str, holds: Callable[[], bool], within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not holds():
            logs = "\n".join(f"{name}: {self.tail(name)}" for name in self._running)
            assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}\n{logs}"
            time.sleep(1.0)  # each look is a program of its own

    def stop(self) -> None:
        for name in reversed(list(self._running)):
            self.end(name)

    def end(self, name: str) -> int:
        """Ask it to end as a container's stop does; its exit code."""
        process = self._running.pop(name)
        process.terminate()
        try:
            return process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def tail(self, name: str) -> str:
        return self.log(name).read_text("utf-8", errors="replace")[-1_500:]

    def _here(self, text: str) -> str:
        server = f"http://{HOST}:{self.ports['server']}"
        text = re.sub(r"\$\{(\w+):([-+])([^}]*)\}", _default, text.replace("$$", "$"))
        for there, here in (
            ("/tmp/", f"{self._folder}/"),
            ("/data/", f"{self._folder}/"),
            (SECRETS, str(self._secrets)),
            ("/var/lib/kimp", str(self._home)),
            (f"http://{HOST}:4200", server),
            ("http://server:4200", server),
            ("0.0.0.0", HOST),
        ):
            text = text.replace(there, here)
        return text


def _default(match: re.Match[str]) -> str:
    """Compose's ``${NAME:-value}`` and ``${NAME:+value}``, where NAME is not set."""
    return match[3] if match[2] == "-" else ""


def put_secrets(folder: Path, secrets: Mapping[str, str]) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in secrets.items():
        file = folder / name
        file.touch(0o600)
        file.write_text(f"{content}\n")
