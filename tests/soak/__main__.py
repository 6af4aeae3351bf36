"""``python -m tests.soak --minutes 10 --venue all --seed 1``: exit code 1 when anything is lost.

Adapters and simulated venues in this process, over real sockets on the loopback interface.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from exchanges.clock import SystemClock
from exchanges.instrument import Venue
from tests.soak.outcome import Outcome
from tests.soak.soak import SETTLE_S, soak

AUDIT_S = 300.0
"""Beyond its minutes and the settling, a run is given so long to be compared with REST."""


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--venue", choices=["all", *Venue], default="all")
    parser.add_argument("--adapter", choices=["direct", "ccxt"], default="direct")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    venues = list(Venue) if args.venue == "all" else [Venue(args.venue)]
    seconds = round(args.minutes * 60)

    async def one(venue: Venue) -> Outcome:
        async with asyncio.timeout(seconds + 2 * SETTLE_S + AUDIT_S):
            return await soak(
                venue,
                SystemClock(),
                seconds=seconds,
                seed=args.seed,
                over_sockets=True,
                adapter=args.adapter,
                progress=lambda row: print(row, flush=True),
            )

    async def every() -> list[Outcome]:
        return await asyncio.gather(*map(one, venues))

    outcomes = asyncio.run(every())
    print("\n".join(outcome.table() for outcome in outcomes))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
