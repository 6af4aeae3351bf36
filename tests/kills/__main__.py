"""``python -m tests.kills --kills 200 [--seed N] [--perpetual hyperliquid]``: kill executors."""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import tempfile
from pathlib import Path

from exchanges.instrument import Venue
from tests.kills.campaign import run_campaign


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many executors die")
    parser.add_argument("--seed", type=int, default=None, help="of points, signals and faults")
    parser.add_argument(
        "--perpetual", choices=("binance", "hyperliquid"), default="binance", help="second venue"
    )
    parser.add_argument("--home", type=Path, default=None, help="keep the state in this folder")
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(
            run_campaign(
                given.home or Path(folder),
                given.kills,
                seed,
                perpetual=Venue(given.perpetual),
                tell=lambda line: print(line, flush=True),
            )
        )
    print(report)


if __name__ == "__main__":
    main()
