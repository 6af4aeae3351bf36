"""One executor hands over to the next, or dies in the middle of it: somebody guards, never two."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.clock import SystemClock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind
from tasks.alert import AlertLevel, AlertType
from tasks.errors import DeskError, ExecutorGone
from tasks.executor import run_executor
from tasks.executor_client import ExecutorClient
from tasks.hand_over import HandOver
from tasks.outcome import OutcomeStatus
from tasks.paper_desk import MemorySwitches
from tasks.position_watch import CHECK_S
from tasks.standby import HEIR
from tests.tasks.executors import (
    KEY,
    ROOT,
    SECRET,
    Served,
    executor_process,
    served_venues,
    until_accepting,
)
from warehouse import Record, read
from warehouse.lease import last_epoch
from warehouse.records import RecordType

AT_REST = {"hedged", "closed", "unwound", "failed"}
WITHIN_S = 30.0
GLANCE_S = 0.02
GLANCES = round(CHECK_S / GLANCE_S)
"""With nobody on guard fewer than this: one that guarded on would not have read the positions more
than once meanwhile. Counted, because a machine that stalls lets nobody glance either."""


@asynccontextmanager
async def living_executor(
    served: Served, *, take_over: bool = False
) -> AsyncIterator[asyncio.Task[str]]:
    """An executor in this process; stopped at the end unless it has ended."""
    stop = asyncio.Event()
    task = asyncio.create_task(
        run_executor(
            served.settings,
            switches=MemorySwitches(),
            on_decided=lambda *_: None,
            stop=stop,
            take_over=take_over,
        )
    )
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait({task}, timeout=WITHIN_S)


@dataclass(slots=True)
class Doomed:
    """Bears executors that die by themselves; see :mod:`tests.tasks.doomed_executor`."""

    process: asyncio.subprocess.Process

    def bear(self, role: str, step: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{role} {step}\n".encode())

    async def death(self) -> int:
        """Exit status of the one born last, once it has ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            word, status = (await self.process.stdout.readline()).decode().split()
        assert word == "dead"
        return int(status)


@asynccontextmanager
async def doomed_executors(served: Served) -> AsyncIterator[Doomed]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.tasks.doomed_executor"),
        cwd=ROOT,
        env=served.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Doomed(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def records(served: Served, *types: RecordType) -> list[Record]:
    """Reading it proves that sequence numbers have no gap and epochs never fall."""
    found = read(served.settings.journal_dir)
    return [record for record in found if not types or record.type in types]


def assert_never_two(served: Served) -> None:
    """Each order that reached a venue stands in the journal and was sent once, and every record
    of an epoch stands before the next one's first."""
    sent = Counter(
        seen.client_order_id
        for seen in served.simulation.requests.requests()
        if f"{seen.method} {seen.path}" in ("POST /v1/orders", "POST /fapi/v1/order")
    )
    intended = {r.body["client_order_id"] for r in records(served, RecordType.ORDER_INTENDED)}
    assert [name for name, times in sent.items() if times > 1] == []
    assert set(sent) <= intended
    epochs = [record.epoch for record in records(served)]
    assert epochs == sorted(epochs)


async def until_epoch(client: ExecutorClient, epoch: int) -> None:
    """Wait until an executor of this epoch or a later one takes entries."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            with suppress(ExecutorGone):
                state = await client.state()
                if state["epoch"] >= epoch and state["accepting_entries"]:
                    return
            await asyncio.sleep(0.02)


async def glance(at: list[datetime]) -> None:
    """Note when this process, in which the venues live, gets to work, for ever."""
    while True:
        at.append(datetime.now(UTC))
        await asyncio.sleep(GLANCE_S)


class Trading:
    """Keeps sending entries and exits, again and again while nobody answers."""

    def __init__(self, served: Served, client: ExecutorClient) -> None:
        self._served, self._client = served, client
        self.statuses: list[str] = []
        self.longest_silence_s = 0.0

    async def run(self) -> None:
        actions: Iterator[dict[str, str]] = iter(
            [{"action": "ENTER", "quantity": "0.010"}, {"action": "EXIT"}] * 1_000
        )
        heard = time.monotonic()
        for fields in actions:
            signal = self._served.signal(**fields).to_json()
            while True:
                try:
                    outcome = await self._client.submit(signal, door="fast")
                except ExecutorGone:
                    await asyncio.sleep(0.02)
                    continue
                break
            self.statuses.append(outcome.settled.status)
            now = time.monotonic()
            self.longest_silence_s = max(self.longest_silence_s, now - heard)
            heard = now
            await asyncio.sleep(0.02)


async def until_at_rest(client: ExecutorClient) -> None:
    """Until every pair is hedged or ended: what was sent last is still decided."""
    async with asyncio.timeout(WITHIN_S):
        while not {pair["state"] for pair in await client.pairs()} <= AT_REST:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_an_heir_takes_over_while_pairs_open_and_break(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with served_venues(tmp_path, min_net_profit_krw=Decimal(0)) as served:
        async with (
            living_executor(served) as living,
            ExecutorClient(served.settings.socket_file) as client,
        ):
            await until_accepting(client)
            kind, warning = AlertType.SYSTEM_ERROR, AlertLevel.WARNING
            await client.raise_alert(kind, warning, "the heir before was hung", subject=HEIR)
            trading = Trading(served, client)
            sending = asyncio.create_task(trading.run())
            glances: list[datetime] = []
            glancing = asyncio.create_task(glance(glances))
            reject = Fault(Venue.BINANCE, "POST /fapi/v1/order", FaultKind.REJECT, 3, {})
            served.simulation.faults.add(reject)  # a pair that is under repair for seconds

            async with executor_process(served, "take-over"):
                assert await asyncio.wait_for(living, WITHIN_S) is not None
                await until_epoch(client, 2)
                sending.cancel()
                await until_at_rest(client)
                record = await client.reconcile()
                glancing.cancel()
                rows = (await client.alerts(every=True))["others"]

        [first, second] = records(served, RecordType.LEASE_TAKEN)[:2]
        [released, *_] = records(served, RecordType.LEASE_RELEASED)
        guards = next(
            item
            for item in records(served, RecordType.RECONCILIATION)
            if item.epoch == second.epoch
        )
        unguarded = [at for at in glances if released.at < at < guards.at]
        with capsys.disabled():
            gap_s = (guards.at - released.at).total_seconds()
            print(f"\na hand-over: nobody guarded for {gap_s:.2f} s, {len(unguarded)} glances")
        assert living.result() == f"process {released.body['heir']} has taken over"
        assert (first.epoch, released.epoch, second.epoch) == (1, 1, 2)
        assert (second.seq, second.body["pid"]) == (released.seq + 1, released.body["heir"])
        assert glances[0] < released.at < guards.at < glances[-1]
        assert len(unguarded) < GLANCES
        assert record["differences"] == []
        assert [
            (row["message"], row["recovered_at"] is not None)
            for row in rows
            if row["subject"] == HEIR
        ] == [("An executor has taken over: epoch 2.", True)]
        assert OutcomeStatus.HEDGED in trading.statuses
        assert served.coin() + served.position() == 0
        assert_never_two(served)


async def test_an_heir_that_dies_at_any_step_leaves_somebody_who_guards(tmp_path: Path) -> None:
    async with (
        served_venues(tmp_path) as served,
        doomed_executors(served) as doomed,
        ExecutorClient(served.settings.socket_file) as client,
    ):
        async with living_executor(served) as living:
            await until_accepting(client)
            entry = served.signal(action="ENTER", quantity="0.010").to_json()
            await client.submit(entry, door="fast")

            for step in ("before it asks", "after it has asked", "with the lock and no lease"):
                doomed.bear("heir", step)
                assert await doomed.death() == -signal.SIGKILL
                await until_epoch(client, last_epoch(served.settings.journal_dir))
                assert not living.done()  # it goes on, or has taken the lease back
            assert last_epoch(served.settings.journal_dir) > 1
            doomed.bear("heir", "with the lease")
            assert await doomed.death() == -signal.SIGKILL
            await asyncio.wait_for(living, WITHIN_S)

        async with living_executor(served) as living:  # whoever starts next recovers
            await until_accepting(client)
            doomed.bear("heir", "while it looks at the world")
            assert await doomed.death() == -signal.SIGKILL
            await asyncio.wait_for(living, WITHIN_S)
        async with living_executor(served):
            await until_accepting(client)
            again = await client.submit(entry, door="fast")
            assert (await client.reconcile())["differences"] == []

        assert again.status is OutcomeStatus.DUPLICATE
        assert again.settled.status is OutcomeStatus.HEDGED
        assert served.coin() == -served.position() == Decimal("0.010")
        assert_never_two(served)


async def test_an_executor_that_dies_at_any_step_of_a_hand_over_has_an_heir(
    tmp_path: Path,
) -> None:
    async with (
        served_venues(tmp_path) as served,
        doomed_executors(served) as doomed,
        ExecutorClient(served.settings.socket_file) as client,
    ):
        entry = None
        for round_, step in enumerate(
            (
                "when it is asked",
                "while it finishes",
                "before it gives the lease back",
                "after it gave the lease back",
            )
        ):
            doomed.bear("living", step)
            await until_epoch(client, 2 * round_ + 1)
            entry = entry or served.signal(action="ENTER", quantity="0.010").to_json()
            await client.submit(entry, door="fast")
            async with living_executor(served, take_over=True):
                assert await doomed.death() == -signal.SIGKILL
                await until_epoch(client, 2 * round_ + 2)
                again = await client.submit(entry, door="fast")
                assert (await client.reconcile())["differences"] == []
                assert again.settled.status is OutcomeStatus.HEDGED

        assert served.coin() == -served.position() == Decimal("0.010")
        assert_never_two(served)


async def test_told_to_stop_it_cancels_what_rests_keeps_positions_and_says_so(
    tmp_path: Path,
) -> None:
    async with served_venues(tmp_path) as served:
        async with (
            executor_process(served) as process,
            ExecutorClient(served.settings.socket_file) as client,
        ):
            await until_accepting(client)
            entry = served.signal(action="ENTER", quantity="0.010").to_json()
            pair_id = (await client.submit(entry, door="fast")).pair_id
            await rest_an_order(served, "kimp-p0123456789ab-s001")
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(WITHIN_S):
                assert await process.wait() == 0

        last = records(served)[-1]
        assert last.type == RecordType.LEASE_RELEASED
        assert last.body["cancelled"] == ["kimp-p0123456789ab-s001"]
        assert last.body["open_pairs"] == [pair_id]
        assert last.body["heir"] is None
        assert served.coin() == -served.position() == Decimal("0.010")


async def test_one_heir_at_a_time_and_only_a_living_one() -> None:
    hand_over = HandOver()
    ended = await asyncio.create_subprocess_exec("true")
    await ended.wait()
    lives = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        with pytest.raises(DeskError, match="a living process"):
            hand_over.ask(ended.pid)
        hand_over.ask(lives.pid)
        hand_over.ask(lives.pid)
        with pytest.raises(DeskError, match=f"process {lives.pid} is taking over already"):
            hand_over.ask(1)
    finally:
        lives.kill()
        await lives.wait()

    assert not hand_over.heir_lives
    hand_over.ask(1)  # the one before is gone
    assert hand_over.heir == 1


async def rest_an_order(served: Served, name: str) -> None:
    """Place a spot order far from the market, as the desk would name it."""
    exchange = create_exchange(
        Venue.UPBIT,
        credentials=Credentials(KEY, SECRET),
        endpoints=Endpoints(served.settings.upbit_url),
        clock=SystemClock(),
    )
    try:
        await exchange.rules("BTC")
        await exchange.submit(
            Order(
                client_order_id=name,
                symbol="BTC",
                side=Side.BUY,
                type=OrderType.LIMIT,
                quantity=Decimal("0.001"),
                price=Decimal(30_000_000),
                time_in_force=TimeInForce.GTC,
            )
        )
    finally:
        await exchange.aclose()
