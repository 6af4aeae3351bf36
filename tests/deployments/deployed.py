"""The services of ``compose.yaml`` as programs of this machine: the file's own commands and
variables, with its host names, ports and folders replaced by ones of the test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from ruamel.yaml import YAML

from deployments.looks import pauses_between_looks
from deployments.ports import HOST, free_port
from deployments.probe import Unwell, probe

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE = PROJECT / "deployments" / "compose.yaml"
PROBE = "deployments.probe"
SECRETS = "/run/secrets"
GRACE = "10s"
"""Of a service without a time of its own to end in, as the Compose specification says."""


def compose() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return content


def settings_of(file: Path) -> dict[str, str]:
    """``NAME=VALUE`` lines, as Compose, systemd and Kubernetes read them."""
    lines = file.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class DeployedServices:
    """Started one by one; :meth:`stop` ends what is left, by process id.

    Each finds in ``home`` the desk's folder, and of ``secrets`` (name → content) those that the
    file gives to it. ``variables`` come on top of a service's own, where it stands in the place of
    a machine.
    """

    def __init__(
        self, folder: Path, home: Path, secrets: Mapping[str, str], **variables: str
    ) -> None:
        self._folder = folder
        self._home = home
        self._secrets = secrets
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
        own = {key: self._here(value, name) for key, value in own.items()}
        put_secrets(self._secrets_of(name), {key: self._secrets[key] for key in service["secrets"]})
        place = {"CREDENTIALS_DIRECTORY": str(self._secrets_of(name))}
        return {**kept, **own, **place, **self._variables}

    def start(self, name: str) -> subprocess.Popen[bytes]:
        service = self._services[name]
        command = [self._here(part, name) for part in service["command"]]
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
        command = [self._here(part, name) for part in command]
        environment = self.environment(name) | {"REDISCLI_PORT": str(self.ports["redis"])}
        command = [part.replace("redis-cli", "redis-cli -p $REDISCLI_PORT") for part in command]
        if command[0] == "python":
            command[0] = sys.executable

        def is_well() -> bool:
            assert self._running[name].poll() is None, f"{name} ended:\n{self.tail(name)}"
            if PROBE in command and not _is_found_well(command[-1], environment):
                return False
            done = subprocess.run(
                command, env=environment, cwd=PROJECT, capture_output=True, check=False
            )
            return done.returncode == 0

        self.wait_until(f"{name} is well", is_well, within_s)

    def wait_until(self, what: str, holds: Callable[[], bool], within_s: float) -> None:
        deadline, pauses = time.monotonic() + within_s, pauses_between_looks()
        while not holds():
            logs = "\n".join(f"{name}: {self.tail(name)}" for name in self._running)
            assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}\n{logs}"
            time.sleep(next(pauses))

    def stop(self) -> None:
        """The last one first, and every one, whatever becomes of another."""
        with ExitStack() as stack:
            for name in self._running:
                stack.callback(self.end, name)

    def end(self, name: str) -> int:
        """Ask it to end as a container's stop does, with the time that the file gives it; its exit
        code."""
        process = self._running.pop(name)
        process.terminate()
        grace = str(self._services[name].get("stop_grace_period", GRACE))
        try:
            return process.wait(timeout=float(grace.removesuffix("s")))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def tail(self, name: str) -> str:
        return self.log(name).read_text("utf-8", errors="replace")[-1_500:]

    def _secrets_of(self, name: str) -> Path:
        return self._folder / f"secrets-of-{name}"

    def _here(self, text: str, name: str) -> str:
        """``text`` of service ``name``."""
        server = f"http://{HOST}:{self.ports['server']}"
        text = unset(text).replace("$$", "$")
        for there, here in (
            ("/tmp/", f"{self._folder}/"),
            ("/data/", f"{self._folder}/"),
            (SECRETS, str(self._secrets_of(name))),
            ("/var/lib/kimp", str(self._home)),
            (f"http://{HOST}:4200", server),
            ("http://server:4200", server),
            ("0.0.0.0", HOST),
        ):
            text = text.replace(there, here)
        return text


def _is_found_well(what: str, environment: Mapping[str, str]) -> bool:
    """Asked in this process: a program for each look would take the core that a start needs."""
    with patch.dict(os.environ, environment):
        try:
            probe(what)
        except (Unwell, OSError, ValueError):
            return False
    return True


def unset(text: str) -> str:
    """Compose's ``${NAME:-value}`` and ``${NAME:+value}``, one in another too, where no NAME is
    set."""
    while (shorter := _VARIABLE.sub(_default, text)) != text:
        text = shorter
    return text


_VARIABLE = re.compile(r"(?<!\$)\$\{\w+:([-+])([^{}]*)\}")


def _default(match: re.Match[str]) -> str:
    return match[2] if match[1] == "-" else ""


def put_secrets(folder: Path, secrets: Mapping[str, str]) -> None:
    """What is there stays as it is: a program may be reading it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in secrets.items():
        file = folder / name
        if not file.exists():
            file.touch(0o600)
            file.write_text(f"{content}\n")
