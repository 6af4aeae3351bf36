"""Ports on this machine: free ones, and whether a wanted one is free."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from pathlib import Path
from random import SystemRandom

from deployments.failure import CommandFailed

HOST = "127.0.0.1"
LOWEST = 10_000
"""Below are ports that programs are known by."""
CONNECTIONS = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""First and last port that Linux gives to whoever connects (its ``ip-sysctl`` documentation)."""
TRIES = 100


def is_free(port: int, host: str = HOST) -> bool:
    with socket.socket(_family(host)) as probe:
        # As servers do: a port whose old connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(preferred: int, host: str = HOST) -> int:
    """``preferred`` when it is free, else (and for 0) any free port."""
    if preferred and is_free(preferred, host):
        return preferred
    # Not where a connection of somebody else may take it before its server does.
    for _ in range(TRIES if (end := _first_of_connections()) > LOWEST else 0):
        if is_free(port := SystemRandom().randrange(LOWEST, end), host):
            return port
    with socket.socket(_family(host)) as probe:
        probe.bind((host, 0))
        given: int = probe.getsockname()[1]
        return given


def demand_free(port: int, setting: str, host: str = HOST) -> None:
    """Raises CommandFailed when ``port``, which ``setting`` asks for, is taken."""
    if not is_free(port, host):
        raise CommandFailed(
            f"{setting}: expected a free port, {host}:{port} is in use by another program; "
            "stop that one, choose another port or leave the setting out"
        )


def reached_at(host: str) -> str:
    """How this machine's programs reach a server that listens at the address ``host``."""
    address = ip_address(host)
    if address.is_unspecified:  # all of the machine's addresses, loopback among them
        return HOST
    return f"[{host}]" if address.version == 6 else host


def _first_of_connections() -> int:
    """0 where the system does not say."""
    try:
        return int(CONNECTIONS.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
