"""A Vault server of the tests: the read of a key-value engine, version 2, over HTTP.

Shapes as in Vault's HTTP API docs, "KV secrets engine version 2", "Read secret version", and "Error
response". hvac blocks, so it runs on a thread of its own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.tasks.venue_keys.samples import TOKEN

MOUNT = "/v1/secret/data/"


@dataclass(slots=True)
class FakeVault:
    url: str = ""
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Path below the mount → the secret's fields."""
    deleted: set[str] = field(default_factory=set)
    answer: tuple[int, dict[str, str], bytes] | None = None
    """Given instead of everything else: status, headers, body."""
    asked: list[str] = field(default_factory=list)
    silent: threading.Event | None = None
    """When set, no answer comes until the event does."""

    def reply(self, path: str, token: str | None) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        if self.answer is not None:
            return self.answer
        if token != TOKEN:
            return _json(403, {"errors": ["permission denied"]})
        name = path.removeprefix(MOUNT)
        if name in self.deleted:
            return _json(404, _version(None, "2026-11-20T08:00:00.5Z"))
        if not path.startswith(MOUNT) or name not in self.secrets:
            return _json(404, {"errors": []})
        return _json(200, _version(self.secrets[name], ""))


def _version(data: dict[str, Any] | None, deletion_time: str) -> dict[str, Any]:
    metadata = {
        "created_time": "2026-11-02T10:11:12.123456789Z",
        "custom_metadata": None,
        "deletion_time": deletion_time,
        "destroyed": False,
        "version": 3,
    }
    return {
        "request_id": "52ad1d5c-6a0d-4a3c-9d0b-0a1b2c3d4e5f",
        "lease_id": "",
        "renewable": False,
        "lease_duration": 0,
        "data": {"data": data, "metadata": metadata},
        "wrap_info": None,
        "warnings": None,
        "auth": None,
        "mount_type": "kv",
    }


def _json(status: int, content: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


@contextmanager
def running_fake_vault() -> Iterator[FakeVault]:
    vault = FakeVault()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if vault.silent is not None:
                vault.silent.wait(10)
            status, headers, body = vault.reply(self.path, self.headers.get("X-Vault-Token"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    vault.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield vault
    finally:
        if vault.silent is not None:
            vault.silent.set()
        server.shutdown()
        thread.join()
        server.server_close()
