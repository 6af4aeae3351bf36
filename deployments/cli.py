"""The command ``kimp``. Exit codes: 0 done, 1 refused or failed, 2 bad usage.

An error is one clear sentence on stderr; ``--debug`` or ``KIMP_DEBUG=1`` shows where it came from.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from deployments.failure import CommandFailed
from deployments.private_umask import keep_files_private
from exchanges.errors import ExchangeError
from tasks.errors import DeskError, ExecutorGone

GROUPS = {
    "desk": ("up", "down", "sim"),
    "watching": ("status", "pairs"),
    "alerts": ("alerts",),
    "signals": ("signal",),
    "stopping": ("stop", "resume"),
    "killing": ("kill", "reset"),
    "books": ("report", "warehouse"),
    "backups": ("backup", "restore"),
    "keys": ("keys",),
    "password": ("password",),
    "doctor": ("doctor",),
    "bench": ("bench",),
}
"""Module of :mod:`deployments.commands` → its commands, in the order of the help."""


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Every command with its arguments; or those of one command's group alone, because a stop
    should be heard within a second and has no time to load what the others need."""
    top = argparse.ArgumentParser(
        prog="kimp",
        description="A hedged-arbitrage desk for the kimchi premium.",
        epilog="Settings: KIMP_… variables or KIMP_HOME/settings.toml; `kimp doctor` shows them.",
        allow_abbrev=False,
    )
    top.add_argument("--debug", action="store_true", help="show where an error came from")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    its_own = [group for group, names in GROUPS.items() if command in names]
    for group in its_own or GROUPS:
        import_module(f"deployments.commands.{group}").add_commands(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    first = next((word for word in words if word != "--debug"), None)
    given = parser(first).parse_args(words)
    keep_files_private()
    try:
        code: int = given.run(given)
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:
        # The reader of our output has gone; nothing more can be said on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if given.debug or os.environ.get("KIMP_DEBUG"):
            traceback.print_exc()
        print(f"kimp: {_sentence(error)}", file=sys.stderr)
        return 1
    return code


def _sentence(error: Exception) -> str:
    """Our own errors are sentences already; another one is a fault, and says so."""
    if isinstance(error, ExecutorGone):
        return f"{error}, or start the whole desk with `kimp up`"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    ours = isinstance(error, CommandFailed | DeskError | ExchangeError | OSError)
    if ours or _is_of_the_books(error):
        return str(error)
    return (
        f"unexpected {type(error).__name__}: {error} (a fault of this program; "
        "run again with KIMP_DEBUG=1 to see where)"
    )


def _is_of_the_books(error: Exception) -> bool:
    """The warehouse brings DuckDB along: a command that has not loaded it need not do so now."""
    errors = sys.modules.get("warehouse.errors")
    return errors is not None and isinstance(error, errors.WarehouseError)
