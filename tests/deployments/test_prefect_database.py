"""Where the address of Prefect's database comes from, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.failure import CommandFailed
from deployments.prefect_database import database_url
from tasks.errors import SettingsRefused
from tasks.settings import Settings
from tasks.settings_loading import load_settings

URL = "postgresql+asyncpg://kimp:s3cret-word@127.0.0.1:5432/prefect"


def a_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "database-url"
    file.touch(mode)
    file.write_text(text)
    return file


def test_without_a_word_it_is_sqlite(tmp_path: Path) -> None:
    assert database_url(Settings(home=tmp_path)) is None


def test_the_address_comes_from_a_file_or_from_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_file(tmp_path, f"{URL}\n")
    from_file = database_url(Settings(home=tmp_path, prefect_database_url_file=file))
    monkeypatch.setenv("KIMP_PREFECT_DATABASE_URL", URL)
    settings = Settings(home=tmp_path)

    assert from_file == URL
    assert database_url(settings) == URL
    assert "s3cret-word" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("postgresql://kimp:s3cret-word@127.0.0.1/prefect", 0o600, "expected postgresql\\+asyncpg"),
        ("", 0o600, "expected postgresql\\+asyncpg"),
        (URL, 0o644, "expected mode 0600"),
    ],
    ids=["another driver", "empty", "for all to read"],
)
def test_a_file_that_will_not_do_is_refused_without_its_content(
    tmp_path: Path, text: str, mode: int, said: str
) -> None:
    file = a_file(tmp_path, text)
    file.chmod(mode)

    with pytest.raises(CommandFailed, match=said) as caught:
        database_url(Settings(home=tmp_path, prefect_database_url_file=file))

    assert "s3cret-word" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    with pytest.raises(CommandFailed, match=f"there is no file {gone}"):
        database_url(Settings(home=tmp_path, prefect_database_url_file=gone))


def test_two_addresses_are_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMP_PREFECT_DATABASE_URL", URL)
    settings = Settings(home=tmp_path, prefect_database_url_file=a_file(tmp_path, URL))

    with pytest.raises(CommandFailed, match="expected one of them, got both"):
        database_url(settings)


def test_another_database_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMP_PREFECT_DATABASE_URL", "mysql://kimp:s3cret-word@127.0.0.1/prefect")

    with pytest.raises(SettingsRefused) as caught:
        load_settings()

    assert str(caught.value) == (
        "KIMP_PREFECT_DATABASE_URL: expected postgresql+asyncpg://USER:PASSWORD@HOST:PORT/NAME, "
        "got something else"
    )
