"""``python -m exchanges.simulator``: serve the simulated venues until stopped.

Prints one line ``ready upbit=http://… binance=http://… control=http://…`` once everything listens,
with ``hyperliquid=http://…`` at its end where that is served. With ``--state`` the venues go on
where they were stopped. Ends with 0 after SIGTERM or SIGINT, 1 when it cannot start or save, 2 on
bad usage.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from exchanges.clock import SystemClock
from exchanges.simulator.arguments import Arguments, parse_arguments
from exchanges.simulator.bars import PricePath
from exchanges.simulator.replay import BadHistory, replay, shipped_history
from exchanges.simulator.server import CannotListen, Urls, serve
from exchanges.simulator.simulation import Simulation
from exchanges.simulator.state_file import BadState, CannotSave, Source, StateFile
from exchanges.simulator.state_keeper import StateKeeper
from exchanges.simulator.walk import walk


def main() -> int:
    arguments = parse_arguments(sys.argv[1:])
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(arguments))
    except (BadHistory, BadState, CannotListen, CannotSave) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(arguments: Arguments) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    path = _path(arguments)
    state = None if arguments.state is None else StateFile(arguments.state, _source(arguments))
    simulation = Simulation(
        path,
        SystemClock(),
        speed=arguments.speed,
        remembered=None if state is None else state.load(),
    )
    for account in arguments.accounts:
        engine = simulation.engines[account.venue]
        engine.add_account(account.key, account.secret, account.balances)
    async with AsyncExitStack() as stack:
        working = [simulation.drive]
        if state is not None:  # entered first, left last: saves what the last requests did
            keeper = await stack.enter_async_context(StateKeeper(simulation, state))
            working.append(keeper.keep)
        urls = await serve(simulation, arguments.addresses, stack)
        print(_ready(urls), flush=True)
        tasks = [asyncio.create_task(work()) for work in working]
        stopping = asyncio.create_task(stopped.wait())
        done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, stopping):
            task.cancel()
        for task in done - {stopping}:
            await task  # it broke: show why


def _ready(urls: Urls) -> str:
    line = f"ready upbit={urls.upbit} binance={urls.binance} control={urls.control}"
    return line if urls.hyperliquid is None else f"{line} hyperliquid={urls.hyperliquid}"


def _path(arguments: Arguments) -> PricePath:
    if arguments.seed is not None:
        return walk(arguments.seed)
    resumed = arguments.state is not None and arguments.state.exists()
    return replay(_history(arguments), None if resumed else arguments.start)


def _source(arguments: Arguments) -> Source:
    if arguments.seed is not None:
        return Source.of_walk(arguments.seed)
    return Source.of_history(_history(arguments))


def _history(arguments: Arguments) -> Path:
    return arguments.history or shipped_history()


if __name__ == "__main__":
    sys.exit(main())
