"""The two commands of the README, up to where they need the network."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

# Stands for a program of the venv: it says what it was asked.
PROGRAM = '#!/bin/sh\necho "$0" "$@"\n'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The scripts and what they read, in a folder with a space in its name."""
    folder = tmp_path / "a clone"
    (folder / "deployments").mkdir(parents=True)
    for name in ("venv.sh", "up.sh", "test.sh", "requirements.lock"):
        shutil.copy(PROJECT / "deployments" / name, folder / "deployments")
    shutil.copy(PROJECT / "pyproject.toml", folder)
    return folder


def bash(script: Path, *arguments: str, path: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", str(script), *arguments],
        cwd=cwd,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def program(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def packages(lock: Path) -> list[str]:
    """Each with its version and hashes, as the file has it."""
    return re.findall(r"(?m)^\w.*(?:\n .*)*", lock.read_text())


def pythons(tmp_path: Path, text: str) -> str:
    """A PATH on which every Python is ``text``."""
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        program(tmp_path / "bin" / name, text)
    return f"{tmp_path / 'bin'}:/usr/bin:/bin"


def test_a_python_that_is_too_old_is_named_with_what_is_needed(clone: Path, tmp_path: Path) -> None:
    path = pythons(tmp_path, '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 || exit 1\n')

    done = bash(clone / "deployments" / "up.sh", path=path, cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr == (
        "kimp: Python 3.11 or later is needed, found Python 3.9.2; "
        "install it (Debian: apt install python3 python3-pip).\n"
    )


def test_a_second_run_does_not_install_again_and_works_from_any_folder(
    clone: Path, tmp_path: Path
) -> None:
    # A Python whose ``-m venv`` and ``pip`` are recorded instead of done.
    recorder = f"""#!/bin/sh
case "$*" in
    *"-m venv"*)
        mkdir -p .venv/bin
        printf '#!/bin/sh\\necho program "$@"\\n' >.venv/bin/python
        cp .venv/bin/python .venv/bin/kimp
        chmod +x .venv/bin/python .venv/bin/kimp;;
    *) exec "{sys.executable}" "$@";;
esac
"""
    path = pythons(tmp_path, recorder)

    first = bash(clone / "deployments" / "up.sh", "--once", path=path, cwd=tmp_path)
    second = bash(clone / "deployments" / "up.sh", "--once", path=path, cwd=Path("/"))
    tests = bash(clone / "deployments" / "test.sh", "-k", "a b", path=path, cwd=Path("/"))
    with (clone / "pyproject.toml").open("a") as project:
        project.write("\n# changed\n")
    changed = bash(clone / "deployments" / "up.sh", path=path, cwd=tmp_path)

    assert first.returncode == 0, first.stderr
    halves = [clone / ".venv" / f"half-{half}.lock" for half in (0, 1)]
    for half in halves:
        assert f"--require-hashes -r .venv/{half.name}\n" in first.stdout
    locked = sorted(packages(clone / "deployments" / "requirements.lock"))
    assert sorted([*packages(halves[0]), *packages(halves[1])]) == locked
    assert "--no-build-isolation -e ." in first.stdout
    assert second.stdout == "program up --once\n"
    assert tests.stdout == "program -m pytest -n 3 --dist loadgroup --no-loadscope-reorder -k a b\n"
    assert "Installing the desk into .venv" in changed.stdout


@pytest.mark.parametrize("half", [0, 1])
def test_half_of_the_packages_is_not_enough(half: int, clone: Path, tmp_path: Path) -> None:
    recorder = f"""#!/bin/sh
case "$*" in
    *"-m venv"*)
        mkdir -p .venv/bin
        printf '#!/bin/sh\ncase "$*" in *half-{half}.lock) exit 1;; esac\n' >.venv/bin/python
        chmod +x .venv/bin/python;;
    *) exec "{sys.executable}" "$@";;
esac
"""

    done = bash(clone / "deployments" / "up.sh", path=pythons(tmp_path, recorder), cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr == (
        "kimp: the packages of deployments/requirements.lock could not be installed; see above.\n"
    )
    assert not (clone / ".venv" / "installed").exists()


def test_an_install_that_was_cut_off_is_done_again(clone: Path, tmp_path: Path) -> None:
    broken = f"""#!/bin/sh
case "$*" in
    *"-m venv"*) echo "made anew"; exit 1;;
    *) exec "{sys.executable}" "$@";;
esac
"""
    path = pythons(tmp_path, broken)
    program(clone / ".venv" / "bin" / "kimp", PROGRAM)  # half made: nothing says it is complete

    done = bash(clone / "deployments" / "up.sh", "--once", path=path, cwd=tmp_path)

    assert done.returncode == 1
    assert "Installing the desk into .venv" in done.stdout
    assert "made anew" in done.stdout
    assert "could not make .venv" in done.stderr


def test_the_packages_of_a_running_desk_are_not_replaced(clone: Path, tmp_path: Path) -> None:
    (clone / ".venv" / "bin").mkdir(parents=True)
    running = clone / ".venv" / "bin" / "python"
    running.symlink_to("/bin/sleep")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"

    with subprocess.Popen([str(running), "60"]) as desk:
        done = bash(clone / "deployments" / "up.sh", path=path, cwd=tmp_path)
        desk.terminate()

    assert done.returncode == 1
    assert done.stderr.startswith("kimp: a desk runs from .venv")
    assert done.stderr.count("\n") == 1
    assert running.is_symlink()
