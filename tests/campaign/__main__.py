"""``python -m tests.campaign --schedules 100000``: exit code 1 when anything is wrong.

Batches of schedules on as many processes as there are cores, at both perpetual venues. Each batch
is drawn from a number of its own, which is printed with its shortest failing schedule:
``--only NUMBER --venue VENUE`` runs that batch again.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time

from exchanges.instrument import Venue
from tasks.venue_settings import PerpetualVenue
from tests.campaign.batch import FIRST_BATCH, SCHEDULES
from tests.campaign.carrying_out import Batch, carry_out
from tests.campaign.tally import Tally

VENUES: tuple[PerpetualVenue, ...] = (Venue.BINANCE, Venue.HYPERLIQUID)


def planned(args: argparse.Namespace) -> list[Batch]:
    venues = [venue for venue in VENUES if args.venue in ("all", venue)]
    if args.only is not None:
        return [Batch(venue, args.only, args.batch, args.sockets) for venue in venues]
    rounds = -(-args.schedules // (args.batch * len(venues)))
    return [
        Batch(venue, args.seed + number, args.batch, args.sockets)
        for number in range(rounds)
        for venue in venues
    ]


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.campaign", description=__doc__)
    parser.add_argument("--schedules", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=FIRST_BATCH, help="number of the first batch")
    parser.add_argument("--only", type=int, help="run the batch of this number and no other")
    parser.add_argument("--venue", choices=["all", *VENUES], default="all")
    parser.add_argument("--batch", type=int, default=SCHEDULES, help="schedules of a batch")
    parser.add_argument("--sockets", action="store_true", help="real sockets and the real time")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    began = time.monotonic()
    total, failed = Tally(), 0
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        for done in pool.imap_unordered(carry_out, planned(args)):
            total.add(done.tally)
            if done.failure is not None:
                failed += 1
                command = f"--only {done.batch.number} --venue {done.batch.venue}"
                print(f"FAILED: {command} --batch {done.batch.schedules}\n{done.failure}\n")
            elif total.schedules // 1_000 > (total.schedules - done.tally.schedules) // 1_000:
                rate = total.schedules / (time.monotonic() - began)
                print(f"{total.schedules} schedules, {rate:.1f} a second", flush=True)
    seconds = time.monotonic() - began
    print(f"{total.table()}\n  {total.schedules / seconds:.1f} schedules a second")
    print(f"  {failed} batches failed" if failed else "  all as it must be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
