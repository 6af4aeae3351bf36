"""What an image does not need of the one lock file."""

from __future__ import annotations

import pytest

from deployments.surplus_packages import installed, main, needed_by


def test_what_a_package_needs_is_found_with_what_that_needs() -> None:
    needed = needed_by("pytest-asyncio", installed())

    assert {"pytest-asyncio", "pytest", "pluggy", "iniconfig"} <= needed
    assert not needed & {"prefect", "mypy", "pip"}


def test_what_it_does_not_need_is_surplus_but_never_the_installer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["pytest-asyncio"]) == 0

    surplus = set(capsys.readouterr().out.split())
    assert {"mypy", "hypothesis", "prefect", "ruff"} <= surplus
    assert not surplus & {"pytest-asyncio", "pytest", "pip"}


def test_a_package_that_is_not_there_does_not_make_everything_surplus(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["no-such-package"]) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert "no-such-package: expected an installed package" in told.err
