"""``kimp up``, ``kimp down`` and ``kimp sim``."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from typing import Any

from deployments.commands.shared import home
from deployments.failure import CommandFailed
from deployments.progress import Progress
from deployments.up_lock import running_desk
from tasks.settings import Mode
from tasks.settings_loading import load_settings

DOWN_S = 60.0
MAX_SPEED = 86_400.0


def add_commands(commands: Any) -> None:
    up_parser = commands.add_parser("up", help="start the whole desk", allow_abbrev=False)
    up_parser.add_argument(
        "--once", action="store_true", help="tell one whole story on simulated venues, then stop"
    )
    up_parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="replayed seconds per second"
    )
    up_parser.add_argument(
        "--fresh", action="store_true", help="paper only: forget journal and books first"
    )
    up_parser.add_argument("--live", action="store_true", help="real venues, real money")
    up_parser.set_defaults(run=run_up)
    down_parser = commands.add_parser("down", help="stop a running desk")
    down_parser.set_defaults(run=run_down)
    sim_parser = commands.add_parser(
        "sim",
        help="only the simulated venues (arguments: see `kimp sim --help`)",
        add_help=False,
        prefix_chars="\0",  # every word is the simulator's, also those that begin with a dash
    )
    sim_parser.add_argument("arguments", nargs=argparse.REMAINDER)
    sim_parser.set_defaults(run=run_sim)


def run_up(given: argparse.Namespace) -> int:
    # Here, because no other command should wait for all that a desk imports.
    from deployments.up import UpOptions, up

    settings = load_settings(**({"mode": Mode.LIVE} if given.live else {}))
    options = UpOptions(once=given.once, speed=given.speed, fresh=given.fresh)
    asyncio.run(up(settings, options, Progress()))
    return 0


def run_down(_: argparse.Namespace) -> int:
    settings, desk = home()
    if desk is None:
        print("no desk is running in this KIMP_HOME")
        return 0
    os.kill(desk.pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_S
    while running_desk(settings.home) is not None:
        if time.monotonic() > deadline:
            raise CommandFailed(f"the desk (pid {desk.pid}) has not stopped within {DOWN_S:g} s")
        time.sleep(0.1)
    print("stopped")
    return 0


def run_sim(given: argparse.Namespace) -> int:
    """Becomes ``python -m exchanges.simulator``."""
    os.execv(sys.executable, [sys.executable, "-m", "exchanges.simulator", *given.arguments])


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed <= MAX_SPEED:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to {MAX_SPEED:g}, got {text!r}")
    return speed
