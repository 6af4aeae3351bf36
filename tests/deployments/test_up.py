"""``kimp up`` with everything real: it tells its story, says what goes wrong, leaves nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.cli import main
from tests.deployments.told_story import assert_told, left_in
from tests.deployments.up_process import (
    PROJECT,
    UpProcess,
    desk_environment,
    kimp,
    process_with,
    processes_of,
)
from tests.prefect_database import begin_with


@pytest.mark.prefect
@pytest.mark.timeout(300)
def test_the_whole_story_is_told_with_hyperliquid_as_well(
    tmp_path: Path, prefect_database: Path
) -> None:
    """Binance's is the beginning of ``whole_desk``."""
    home = tmp_path / "home"
    begin_with(prefect_database, home / "prefect")

    up = UpProcess(tmp_path, desk_environment(home, KIMP_PERPETUAL_VENUE="hyperliquid"), "--once")

    assert_told(up, home, "hyperliquid")


@pytest.mark.prefect
@pytest.mark.timeout(120)
def test_a_part_that_is_killed_is_named_and_everything_stops(
    tmp_path: Path, prefect_database: Path
) -> None:
    home = tmp_path / "home"
    begin_with(prefect_database, home / "prefect")
    up = UpProcess(tmp_path, desk_environment(home))
    up.wait_for("simulated venues:")

    os.kill(process_with(home, "exchanges.simulator"), signal.SIGKILL)

    assert up.wait() == 1
    assert "simulators ended unexpectedly (killed by SIGKILL)" in up.output
    assert f"its log is {home}/logs/simulators.log" in up.output
    assert "Traceback" not in up.output
    assert processes_of(home) == []


@pytest.mark.prefect
@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_asked_to_stop_while_starting_it_leaves_nothing_behind(
    number: signal.Signals, tmp_path: Path, prefect_database: Path
) -> None:
    home = tmp_path / "home"
    begin_with(prefect_database, home / "prefect")
    up = UpProcess(tmp_path, desk_environment(home))
    up.wait_for("simulated venues:")

    up.process.send_signal(number)

    assert up.wait() == 0
    assert "stopped; nothing is left running" in up.output
    assert processes_of(home) == []
    assert left_in(home) == set()


def test_a_busy_configured_port_gets_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]

        done = kimp(
            desk_environment(tmp_path, KIMP_UPBIT_URL=f"http://127.0.0.1:{port}"), "up", "--once"
        )

    assert done.returncode == 1
    assert done.stderr == (
        f"kimp: KIMP_UPBIT_URL: expected a free port, 127.0.0.1:{port} is in use by another "
        "program; stop that one, choose another port or leave the setting out\n"
    )


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What a refused command says, here, where all that it needs is loaded already."""

    def refuse(*arguments: str, **settings: str) -> str:
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("KIMP_")]:
                patch.delenv(name)
            for name, value in {"KIMP_HOME": str(tmp_path), **settings}.items():
                patch.setenv(name, value)
            assert main(arguments) == 1
        return capsys.readouterr().err

    return refuse


@pytest.mark.parametrize("port", ["99999", "80x"])
def test_a_port_that_cannot_be_gets_one_sentence(port: str, refused: Callable[..., str]) -> None:
    address = f"http://127.0.0.1:{port}"

    assert refused("up", KIMP_UPBIT_URL=address) == (
        "kimp: KIMP_UPBIT_URL: expected http://127.0.0.1:PORT, because the desk starts this "
        f"server itself, got {address}\n"
    )


def test_simulated_venues_that_cannot_be_read_are_started_over_with_fresh(tmp_path: Path) -> None:
    state = tmp_path / "simulator-state.json"
    state.write_text("damaged")

    done = kimp(desk_environment(tmp_path), "up")

    assert done.returncode == 1
    assert done.stderr.startswith(f"kimp: the simulated venues cannot go on: {state}: ")
    assert done.stderr.endswith(
        "; `kimp up --fresh` starts over, without the journal and the books\n"
    )
    assert done.stderr.count("\n") == 1


def test_a_reader_that_goes_away_stops_the_desk_without_a_traceback(tmp_path: Path) -> None:
    home = tmp_path / "home"
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "deployments", "up"],
        cwd=PROJECT,
        env=desk_environment(home),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    ) as up:
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)  # as ``| head -1`` does

        _, said = up.communicate(timeout=60)

    assert up.returncode == 1
    assert said == ""
    assert processes_of(home) == []


def test_live_without_keys_is_refused_with_what_is_missing(refused: Callable[..., str]) -> None:
    assert refused("up", "--live") == (
        "kimp: live mode needs the keys of both venues: set KIMP_UPBIT_ACCESS_KEY, "
        "KIMP_UPBIT_SECRET_KEY, KIMP_BINANCE_ACCESS_KEY, KIMP_BINANCE_SECRET_KEY\n"
    )


def test_the_story_is_never_told_with_real_money(refused: Callable[..., str]) -> None:
    assert "paper mode only" in refused("up", "--live", "--once")


def test_a_folder_with_live_books_is_never_used_for_paper_or_wiped(
    tmp_path: Path, refused: Callable[..., str]
) -> None:
    (tmp_path / "mode").write_text("live\n")
    (tmp_path / "journal").mkdir()

    assert "holds live books and cannot be used for paper" in refused("up")
    assert "holds live books, which are never wiped" in refused("up", "--fresh")
    assert (tmp_path / "journal").is_dir()
