"""The fast door over TCP under attack: strangers, slow callers, floods, forged and repeated
signals, each over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from deployments.ports import free_port
from exchanges.clock import Clock, SystemClock
from tasks import door_admission
from tasks import fast_door as module
from tasks.door_admission import CONNECTIONS_EACH, STRANGERS_BURST, DoorAdmission
from tasks.errors import SettingsRefused
from tasks.executor_client import ExecutorClient
from tasks.fast_door import FastDoor
from tests.exchanges.manual_clock import ManualClock
from tests.passing_refusal import is_passing
from tests.tasks.executors import Served, executor_here, served_venues
from warehouse import read
from warehouse.records import RecordType

ALLOWED, STRANGER, DOOR = "127.0.0.2", "127.0.0.3", "127.0.0.9"
"""All of 127.0.0.0/8 is this machine, so that a caller can choose the address it comes from."""
PER_S = 20
WITHIN_S = 30.0
WITHOUT_HURRY_S = 300.0
TTL_MS = 45_000


@pytest.fixture
def address() -> tuple[str, int]:
    """Clients of this machine take their ports at 127.0.0.1, so that none can take this one."""
    return DOOR, free_port(0, DOOR)


class Knocker:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, text: str) -> None:
        self._writer.write(text.encode())
        await self._writer.drain()

    async def drip(self, text: str) -> None:
        for byte in text:
            await self.say(byte)
            await asyncio.sleep(0.02)

    async def answer(self) -> str:
        """The head of the next answer."""
        return (await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), WITHIN_S)).decode()

    async def is_cut_off(self) -> bool:
        """Whether the other side ends the connection without a word."""
        try:
            return await asyncio.wait_for(self._reader.read(1), WITHIN_S) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def knocking(address: tuple[str, int], come_from: str = ALLOWED) -> AsyncIterator[Knocker]:
    reader, writer = await asyncio.open_connection(*address, local_addr=(come_from, 0))
    knocker = Knocker(reader, writer)
    try:
        yield knocker
    finally:
        knocker.close()


@pytest_asyncio.fixture
async def served(
    tmp_path: Path, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    """An executor whose fast door lets one address in, and in no hurry."""
    monkeypatch.setattr(module, "REQUEST_S", WITHOUT_HURRY_S)
    async with (
        served_venues(
            tmp_path,
            fast_door=f"{address[0]}:{address[1]}",
            fast_door_allow=(ALLOWED,),
            fast_door_per_s=PER_S,
            fx_poll_s=1,  # the first answer may come too late
        ) as served,
        executor_here(served.settings),
    ):
        yield served


async def post(address: tuple[str, int], body: object, come_from: str = ALLOWED) -> tuple[int, Any]:
    connector = aiohttp.TCPConnector(local_addr=(come_from, 0))
    data = body if isinstance(body, bytes) else json.dumps(body)
    async with (
        aiohttp.ClientSession(f"http://{address[0]}:{address[1]}", connector=connector) as http,
        http.post("/v1/signals", data=data) as response,
    ):
        return response.status, await response.json(content_type=None)


def entry(served: Served) -> dict[str, Any]:
    made = served.signal(action="ENTER", quantity="0.010", ttl_ms=TTL_MS)
    return made.model_dump(mode="json", exclude_none=True)


async def heard(served: Served, address: tuple[str, int]) -> tuple[dict[str, Any], Any]:
    """A signal of who may trade and what became of it; of the next one where the desk could not
    take it because the machine stood still for a moment."""
    async with asyncio.timeout(2 * WITHIN_S):
        while True:
            signal = entry(served)
            _, outcome = await post(address, signal)
            if not is_passing(outcome["status"], outcome["reason"]):
                return signal, outcome
            await asyncio.sleep(0.2)


def denials(served: Served) -> list[str]:
    """Reasons of the denials that stand in the journal."""
    return [
        record.body["outcome"]["reason"]
        for record in read(served.settings.journal_dir)
        if record.type == RecordType.SIGNAL_DECIDED and record.body["outcome"]["status"] == "denied"
    ]


async def test_a_stranger_is_cut_off_before_a_byte_is_read(
    served: Served, address: tuple[str, int]
) -> None:
    async with knocking(address, STRANGER) as stranger, knocking(address) as known:
        assert await stranger.is_cut_off()
        await known.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await known.answer()).startswith("HTTP/1.1 200 ")

    with pytest.raises(aiohttp.ClientError):
        await post(address, entry(served), STRANGER)
    assert served.coin() == 0


async def test_a_signal_counts_once_however_often_it_is_sent(
    served: Served, address: tuple[str, int]
) -> None:
    signal, first = await heard(served, address)
    over_tcp = await post(address, signal)
    async with ExecutorClient(served.settings.socket_file) as executor:
        at_the_socket = await executor.submit(signal, door="prefect")

    assert first["status"] == "hedged"
    assert over_tcp == (200, {**over_tcp[1], "status": "duplicate"})
    assert over_tcp[1]["first"]["pair_id"] == first["pair_id"]
    assert at_the_socket.status == "duplicate"
    assert served.coin() == Decimal("0.01")


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": "0.020"},
        {"direction": "short_premium"},
        {"id": "another"},
        {"ttl_ms": 60_000},
        {"max_slippage_bps": 500},
        {"strategy": "another"},
        {"key_id": "operator"},
        {"signature": "0" * 128},
        {"signature": None},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_changed_signal_is_refused(
    served: Served, address: tuple[str, int], change: dict[str, Any]
) -> None:
    status, outcome = await post(address, {**entry(served), **change})

    assert (status, outcome["status"]) == (200, "denied")
    assert outcome["reason"].partition(":")[0] in ("bad_signature", "unknown_key")
    assert served.coin() == 0


async def test_a_flood_of_unsigned_signals_does_not_fill_the_journal(
    served: Served, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_admission, "STRANGERS_PER_S", 0.0)  # a slow flood is one, too
    forged = entry(served)
    count = STRANGERS_BURST + 5
    answers = [await post(address, {**forged, "id": f"forged-{n}"}) for n in range(count)]
    _, honest = await heard(served, address)

    assert [status for status, _ in answers] == [200] * STRANGERS_BURST + [429] * 5
    assert "not signed by a known key" in answers[-1][1]["error"]
    assert honest["status"] == "hedged", "who signs is heard all the same"
    by_strangers = [reason for reason in denials(served) if "signature" in reason]
    assert len(by_strangers) == STRANGERS_BURST


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[" * 10_000, 400),
        (b'{"id": "\xff"}', 400),
        (b"x" * (64 * 1024 + 1), 413),
        (json.dumps({"id": "a", "symbol": "B" * 60_000}).encode(), 400),
    ],
    ids=["nothing", "deep", "no-text", "too-large", "too-long"],
)
async def test_what_is_no_signal_gets_one_sentence(
    served: Served, address: tuple[str, int], body: bytes, status: int
) -> None:
    answered, answer = await post(address, body)

    assert answered == status
    assert set(answer) == {"error"}
    assert len(answer["error"]) < 300
    assert denials(served) == []


# ---- bounds that need no desk


class DecidedDesk:
    """Everything is decided at once."""

    def signature_refusal(self, _: object) -> None:
        return None


@asynccontextmanager
async def door_at(address: tuple[str, int], clock: Clock | None = None) -> AsyncIterator[FastDoor]:
    clock = clock or SystemClock()
    door = FastDoor(DecidedDesk(), DoorAdmission((ALLOWED,), PER_S, clock), clock)  # type: ignore[arg-type]
    await door.start(f"{address[0]}:{address[1]}")
    try:
        yield door
    finally:
        await door.stop()


@pytest.mark.parametrize(
    "begun",
    [
        "",
        "POST /v1/signals HTT",
        "POST /v1/signals HTTP/1.1\r\nHost: x\r\n",
        "POST /v1/signals HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "POST /v1/signals HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTT",
    ],
    ids=["silent", "line", "headers", "body", "chunks", "second"],
)
async def test_a_slow_caller_is_cut_off(
    address: tuple[str, int], begun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second request comes with the first, which is to be answered.
    first_s = WITHOUT_HURRY_S if begun.startswith("GET") else 0.2
    monkeypatch.setattr(module, "REQUEST_S", first_s)
    monkeypatch.setattr(module, "IDLE_S", 0.3)
    async with door_at(address), knocking(address) as slow:
        await slow.say(begun)
        if begun.startswith("GET"):
            await slow.answer()
            await slow._reader.readexactly(len('{"ok":true}'))

        assert await slow.is_cut_off()


@pytest.mark.usefixtures("served")
async def test_dripping_one_byte_at_a_time_gains_no_time(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REQUEST_S", 0.3)
    began = asyncio.get_running_loop().time()
    async with knocking(address) as slow:
        with pytest.raises(ConnectionError):
            await slow.drip("GET /healthz HTTP/1.1\r\nX: " + "x" * 4_000)

    assert asyncio.get_running_loop().time() - began < 60


async def test_one_caller_cannot_take_every_connection(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REQUEST_S", WITHOUT_HURRY_S)
    async with door_at(address):
        held = [knocking(address) for _ in range(CONNECTIONS_EACH)]
        for one in held:
            await one.__aenter__()
        async with knocking(address) as one_too_many:
            assert await one_too_many.is_cut_off()
        for one in held:
            await one.__aexit__(None, None, None)


async def test_who_asks_too_often_is_told_when_to_come_back(address: tuple[str, int]) -> None:
    async with door_at(address, ManualClock()), knocking(address) as eager:
        heads = []
        for _ in range(PER_S + 5):
            await eager.say("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            heads.append(await eager.answer())
            length = int(heads[-1].partition("Content-Length: ")[2].partition("\r\n")[0])
            await eager._reader.readexactly(length)

    refused = [head for head in heads if head.startswith("HTTP/1.1 429 ")]
    assert len(refused) == 5
    assert "Retry-After: 1\r\n" in refused[0]


async def test_the_door_closes_with_callers_inside(address: tuple[str, int]) -> None:
    async with knocking_after(address) as caller:
        assert await caller.is_cut_off()


@asynccontextmanager
async def knocking_after(address: tuple[str, int]) -> AsyncIterator[Knocker]:
    """A caller whose door has closed."""
    async with door_at(address):
        reader, writer = await asyncio.open_connection(*address, local_addr=(ALLOWED, 0))
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b'{"ok":true}')
    try:
        yield Knocker(reader, writer)
    finally:
        writer.close()


async def test_nonsense_is_answered_and_does_not_fill_the_log(
    address: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    async with door_at(address):
        for nonsense in ("\0\1\2\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/9\r\n\r\n"):
            async with knocking(address) as caller:
                await caller.say(nonsense)
                assert (await caller.answer()).startswith("HTTP/1.0 400 ")

    assert caplog.records == []


async def test_an_address_that_is_taken_is_told_in_one_sentence(address: tuple[str, int]) -> None:
    async with door_at(address):
        with pytest.raises(SettingsRefused, match=r"^KIMP_FAST_DOOR: cannot listen at 127"):
            async with door_at(address):
                pass
