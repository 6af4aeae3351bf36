"""``kimp password``."""

from __future__ import annotations

import argparse
from typing import Any

from deployments.commands.shared import home
from deployments.failure import CommandFailed
from deployments.prefect_password import read_password


def add_commands(commands: Any) -> None:
    password = commands.add_parser("password", help="what the login of the Prefect UI asks for")
    password.set_defaults(run=run_password)


def run_password(_: argparse.Namespace) -> int:
    """Prints the whole of it: USER:PASSWORD is what both UIs ask for as "password"."""
    settings, _desk = home()
    found = read_password(settings)
    if found is None:
        raise CommandFailed(f"there is no password yet ({settings.password_file}): start kimp up")
    print(found)
    return 0
