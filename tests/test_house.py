"""The rules of the house: layout, imports, types, style, and what must never be committed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
TOP_LEVEL = {
    *("README.md", "pyproject.toml"),
    *("flows", "tasks", "exchanges", "warehouse", "deployments", "tests"),
}
MAX_LINES = 400
SECRET_FILES = re.compile(r"\.(key|pem|p12|env)$|(^|/)(settings\.toml|paper_accounts\.json)$")


def committed() -> list[Path]:
    """Every file that git knows; in an unpacked archive every file of the project's folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        names = [Path(name) for name in listed.stdout.split("\0") if name]
        return [name for name in names if (PROJECT / name).is_file()]
    return [
        file.relative_to(PROJECT)
        for top in TOP_LEVEL
        for file in [PROJECT / top, *(PROJECT / top).rglob("*")]
        if file.is_file() and "__pycache__" not in file.parts
    ]


def tool(*arguments: str) -> None:
    """Run a tool of this environment; its findings are the failure's message."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_top_level_shows_exactly_the_eight_names() -> None:
    visible = {file.parts[0] for file in committed() if not file.parts[0].startswith(".")}

    assert visible == TOP_LEVEL


def test_no_file_of_code_holds_two_concepts() -> None:
    code = [file for file in committed() if file.suffix in (".py", ".sh")]
    lengths = {str(file): len((PROJECT / file).read_text().splitlines()) for file in code}

    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_imports_go_one_way() -> None:
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(400)
def test_every_type_holds_under_strict() -> None:
    tool("mypy")


def test_style_is_clean() -> None:
    tool("ruff", "check", ".")
    tool("ruff", "format", "--check", ".")


def test_the_lock_file_pins_everything_by_hash_and_names_no_place_to_get_it_from() -> None:
    lock = (PROJECT / "deployments" / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE))

    for entry in entries:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]
    assert not re.search(r"://|--index|--find-links|--trusted-host|file:|@", lock)


@pytest.mark.parametrize(
    ("package", "below"), [("fastapi", (0, 140)), ("sqlalchemy", (2, 1))], ids=["fastapi", "sqla"]
)
def test_the_lock_file_holds_back_what_prefect_cannot_take(
    package: str, below: tuple[int, int]
) -> None:
    lock = (PROJECT / "deployments" / "requirements.lock").read_text()
    found = re.search(rf"^{package}==(\d+)\.(\d+)", lock, flags=re.MULTILINE)

    assert found is not None
    assert (int(found[1]), int(found[2])) < below


def test_the_lock_file_has_every_dependency_of_the_project() -> None:
    project = (PROJECT / "pyproject.toml").read_text()
    lock = (PROJECT / "deployments" / "requirements.lock").read_text()
    named = re.findall(r'^    "([a-z][a-z0-9.-]*)[<>=]*[^"]*",', project, flags=re.MULTILINE)
    wanted = [name.replace(".", "-") for name in named]

    assert len(wanted) > 10
    missing = [name for name in wanted if not re.search(rf"^{name}==", lock, flags=re.MULTILINE)]
    assert missing == []


def test_no_secret_is_committed() -> None:
    assert [str(file) for file in committed() if SECRET_FILES.search(file.as_posix())] == []
