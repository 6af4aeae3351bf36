"""Key files of the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import KeyRefused
from tasks.venue_keys.key_file import KeyFile
from tests.tasks.venue_keys.samples import a_clock, assert_no_secret, hidden


def a_file(folder: Path, passphrase: str | None = None) -> KeyFile:
    return KeyFile(folder, None if passphrase is None else hidden(passphrase), a_clock())


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refused(act: Callable[[], object]) -> str:
    """The one sentence; no secret is in the error or its traceback."""
    with pytest.raises(KeyRefused) as caught:
        act()
    assert_no_secret(caught.value)
    return str(caught.value)
