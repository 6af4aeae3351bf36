"""A real PostgreSQL for tests: own folder, free port, a password, stopped by its process id."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deployments.ports import HOST, free_port

INSTALLED = Path("/usr/lib/postgresql")
USER, PASSWORD, DATABASE = "kimp", "a-test-of-postgresql", "postgres"
START_S = 30.0
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB")
"""Nothing of a test's database need outlive a power cut."""


@contextmanager
def running_postgres() -> Iterator[str]:
    """The address of an empty database, as ``KIMP_PREFECT_DATABASE_URL`` wants it. Without a
    PostgreSQL the test is skipped; under KIMP_TEST_ALL it fails."""
    programs, owner, port = _programs(), _owner(), free_port(0)
    # Not below pytest's folders, which are closed to everyone else.
    folder = Path(tempfile.mkdtemp(prefix="kimp-postgres-"))
    try:
        os.chown(folder, owner.user, owner.group)
        _create(programs, folder, owner)
        place = ["-D", f"{folder}/data", "-p", str(port), "-k", str(folder), "-h", HOST]
        settings = [part for setting in FAST for part in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [f"{programs}/postgres", *place, *settings],
                stdout=log,
                stderr=log,
                user=owner.user,
                group=owner.group,
                extra_groups=[],
                cwd=folder,
            )
        try:
            _wait_until_ready(programs, port, server, folder / "log")
            yield f"postgresql+asyncpg://{USER}:{PASSWORD}@{HOST}:{port}/{DATABASE}"
        finally:
            server.send_signal(signal.SIGINT)  # does not wait for who is connected
            server.wait(timeout=30)
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = sorted(INSTALLED.glob("*/bin/postgres"), key=lambda file: int(file.parts[-3]))
    if found:
        return found[-1].parent
    if os.environ.get("KIMP_TEST_ALL"):
        pytest.fail(f"no PostgreSQL in {INSTALLED}, and KIMP_TEST_ALL allows no test to be skipped")
    pytest.skip(f"no PostgreSQL in {INSTALLED}")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who runs it."""

    user: int
    group: int


def _owner() -> Owner:
    """Whoever we are; root may not, so it is somebody else then."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return Owner(entry.pw_uid, entry.pw_gid)


def _create(programs: Path, folder: Path, owner: Owner) -> None:
    secret = folder / "secret"
    secret.write_text(f"{PASSWORD}\n")
    secret.chmod(0o644)
    subprocess.run(
        [
            *(f"{programs}/initdb", "-D", f"{folder}/data", "-U", USER, f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
        ],
        check=True,
        capture_output=True,
        user=owner.user,
        group=owner.group,
        extra_groups=[],
        cwd=folder,
    )


def _wait_until_ready(
    programs: Path, port: int, server: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + START_S
    asked = [f"{programs}/pg_isready", "-q", "-h", HOST, "-p", str(port)]
    while time.monotonic() < deadline and server.poll() is None:
        if subprocess.run(asked, check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()[-2_000:]}")
