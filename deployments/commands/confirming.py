"""A phrase that a person types before something that cannot be taken back."""

from __future__ import annotations

import argparse

from deployments.commands.shared import is_terminal
from deployments.failure import CommandFailed


def add_yes(command: argparse.ArgumentParser, what: str) -> None:
    """The option ``--yes PHRASE``; ``what`` tells the phrase in the help."""
    command.add_argument(
        "--yes", metavar="PHRASE", help=f"do not ask (needed without a terminal): {what}"
    )


def confirm(given: argparse.Namespace, expected: str, otherwise: str) -> None:
    """The phrase, typed here or given with ``--yes``; raises CommandFailed."""
    typed = given.yes
    if typed is None:
        if not is_terminal():
            raise CommandFailed(
                f'{given.command}: expected --yes "{expected}", because there is no terminal to '
                "ask on"
            )
        typed = input(f"type {expected} to go on: ")
    if typed.strip() != expected:
        raise CommandFailed(f'{given.command}: expected "{expected}"; {otherwise}')
