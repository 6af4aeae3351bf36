"""``python -m exchanges.simulator``: serve the simulated venues until stopped.

Prints one line ``ready upbit=http://… binance=http://… control=http://…`` once everything
listens. Ends with 0 after SIGTERM or SIGINT, 1 when it cannot start, 2 on bad usage.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack

import uvloop

from exchanges.clock import SystemClock
from exchanges.simulator.arguments import Arguments, parse_arguments
from exchanges.simulator.bars import PricePath
from exchanges.simulator.replay import BadHistory, replay, shipped_history
from exchanges.simulator.server import CannotListen, serve
from exchanges.simulator.simulation import Simulation
from exchanges.simulator.walk import walk


def main() -> int:
    arguments = parse_arguments(sys.argv[1:])
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(arguments))
    except (BadHistory, CannotListen) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(arguments: Arguments) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    simulation = Simulation(_path(arguments), SystemClock(), speed=arguments.speed)
    for account in arguments.accounts:
        engine = simulation.engines[account.venue]
        engine.add_account(account.key, account.secret, account.balances)
    async with AsyncExitStack() as stack:
        urls = await serve(simulation, arguments.addresses, stack)
        print(f"ready upbit={urls.upbit} binance={urls.binance} control={urls.control}", flush=True)
        driving = asyncio.create_task(simulation.drive())
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait([driving, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (driving, stopping):
            task.cancel()
        if not stopped.is_set():
            await driving  # it broke: show why


def _path(arguments: Arguments) -> PricePath:
    if arguments.seed is not None:
        return walk(arguments.seed)
    return replay(arguments.history or shipped_history(), arguments.start)


if __name__ == "__main__":
    sys.exit(main())
