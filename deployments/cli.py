"""The command ``kimp``. Exit codes: 0 done, 1 refused or failed, 2 bad usage.

An error is one clear sentence on stderr; ``--debug`` or ``KIMP_DEBUG=1`` shows where it came from.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from deployments.commands import (
    alerts,
    backups,
    bench,
    books,
    desk,
    doctor,
    keys,
    killing,
    password,
    signals,
    stopping,
    watching,
)
from deployments.failure import CommandFailed
from deployments.private_umask import keep_files_private
from exchanges.errors import ExchangeError
from tasks.errors import DeskError, ExecutorGone
from warehouse.errors import WarehouseError

GROUPS = (
    desk,
    watching,
    alerts,
    signals,
    stopping,
    killing,
    books,
    backups,
    keys,
    password,
    doctor,
    bench,
)


def parser() -> argparse.ArgumentParser:
    """Every command with its arguments."""
    top = argparse.ArgumentParser(
        prog="kimp",
        description="A hedged-arbitrage desk for the kimchi premium.",
        epilog="Settings: KIMP_… variables or KIMP_HOME/settings.toml; `kimp doctor` shows them.",
        allow_abbrev=False,
    )
    top.add_argument("--debug", action="store_true", help="show where an error came from")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for group in GROUPS:
        group.add_commands(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = parser().parse_args(arguments)
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
    if isinstance(error, CommandFailed | DeskError | ExchangeError | WarehouseError | OSError):
        return str(error)
    return (
        f"unexpected {type(error).__name__}: {error} (a fault of this program; "
        "run again with KIMP_DEBUG=1 to see where)"
    )
