"""Ports for servers that are to be started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from deployments import ports
from deployments.ports import HOST, LOWEST, free_port, is_free


@pytest.fixture
def connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's word on the ports of those who connect."""
    file = tmp_path / "ip_local_port_range"
    monkeypatch.setattr(ports, "CONNECTIONS", file)
    return file


def test_a_free_port_is_none_that_a_connection_could_take_meanwhile(connections: Path) -> None:
    connections.write_text("32768\t60999\n")

    found = {free_port(0) for _ in range(50)}

    assert len(found) > 40
    assert all(LOWEST <= port < 32_768 for port in found)
    assert all(is_free(port) for port in found)


@pytest.mark.parametrize("said", [None, "", "many", "1024 65535"])
def test_where_the_system_says_nothing_of_use_any_free_port_will_do(
    connections: Path, said: str | None
) -> None:
    if said is not None:
        connections.write_text(said)

    assert is_free(free_port(0))


def test_a_wanted_port_is_given_unless_it_is_taken() -> None:
    wanted = free_port(0)
    first = free_port(wanted)
    with socket.socket() as other:
        other.bind((HOST, wanted))
        other.listen()
        second = free_port(wanted)

    assert first == wanted
    assert second != wanted
