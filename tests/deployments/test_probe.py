"""Health checks of containers, with nothing but the standard library."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deployments.ports import HOST
from deployments.probe import main
from tests.fake_executor import running_fake_executor

PASSWORD = "Basic a2ltcDphLXBhc3N3b3Jk"  # kimp:a-password


@contextmanager
def prefect_that_heard_of_a_worker(ago: timedelta) -> Iterator[str]:
    """Answers for health and for the workers of a pool, to who has the password."""
    heard = (datetime.now(UTC) - ago).isoformat()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, b"true")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Authorization"] != PASSWORD:
                self._answer(401, b"{}")
                return
            is_hot = self.path == "/api/work_pools/hot/workers/filter"
            rows = [{"last_heartbeat_time": heard}] if is_hot else []
            self._answer(200, json.dumps(rows).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    with HTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/api"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prefect-auth").write_text("kimp:a-password\n")
    monkeypatch.setenv("KIMP_PREFECT_AUTH_FILE", str(tmp_path / "prefect-auth"))


def ask(what: str, url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("PREFECT_API_URL", url)
    return main([what])


@pytest.mark.usefixtures("password")
def test_a_worker_that_prefect_hears_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    with prefect_that_heard_of_a_worker(timedelta(seconds=20)) as url:
        assert ask("server", url, monkeypatch) == 0
        assert ask("hot", url, monkeypatch) == 0


@pytest.mark.usefixtures("password")
def test_a_worker_that_fell_silent_or_never_came_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with prefect_that_heard_of_a_worker(timedelta(minutes=2)) as url:
        assert ask("hot", url, monkeypatch) == 1
        assert ask("batch", url, monkeypatch) == 1

    assert "has not heard of a worker of pool batch for 90 s" in capsys.readouterr().err


def test_without_the_password_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("KIMP_PREFECT_AUTH_FILE", raising=False)
    with prefect_that_heard_of_a_worker(timedelta(0)) as url:
        assert ask("hot", url, monkeypatch) == 1

    assert "401" in capsys.readouterr().err


def test_a_server_that_is_away_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask("server", f"http://{HOST}:1/api", monkeypatch) == 1


def test_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage:" in capsys.readouterr().err


async def test_an_executor_that_answers_is_well(kimp_home: Path) -> None:
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as executor:
        executor.answers["GET /v1/state"] = {"epoch": 1}

        assert await asyncio.to_thread(main, ["executor"]) == 0


def test_an_executor_that_does_not_answer_is_not_well(
    kimp_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["executor"]) == 1
    assert "executor: " in capsys.readouterr().err
