"""A program of a deployed desk starts with the password from its file, and with private files."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from deployments.prefect_password import make_password
from tasks.settings import Settings
from tests.deployments.up_process import PROJECT, desk_environment

PROGRAM = """
import os, signal, sys
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, end=" ")
print(sys.argv[1:], os.environ.get("PREFECT_API_AUTH_STRING"), f"{os.umask(0):o}")
sys.exit(7)
"""


def started(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    folder = home.parent / "programs"
    folder.mkdir()
    (folder / "shown.py").write_text(PROGRAM)
    return subprocess.run(
        [sys.executable, "-m", "deployments.run_program", *arguments],
        cwd=folder,
        env={**desk_environment(home, **settings), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=deaf_to_sigint,
    )


def deaf_to_sigint() -> None:
    """As a shell starts what it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_it_becomes_the_program_with_the_password(tmp_path: Path) -> None:
    home = tmp_path / "home"
    password = make_password(Settings(home=home))

    done = started(home, "shown", "--limit", "4")

    assert done.stdout == f"True ['--limit', '4'] {password} 77\n"
    assert done.returncode == 7


def test_without_a_password_there_is_none(tmp_path: Path) -> None:
    assert started(tmp_path / "home", "shown").stdout == "True [] None 77\n"


def test_a_password_file_that_is_not_there_keeps_it_from_starting(tmp_path: Path) -> None:
    done = started(tmp_path / "home", "shown", KIMP_PREFECT_AUTH_FILE=str(tmp_path / "gone"))

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (f"error: KIMP_PREFECT_AUTH_FILE: there is no file {tmp_path / 'gone'}\n")


def test_no_program_is_bad_usage(tmp_path: Path) -> None:
    done = started(tmp_path / "home")

    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
