"""``python -m exchanges.simulator`` as a process."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from exchanges.instrument import Venue
from exchanges.simulator.arguments import parse_arguments
from exchanges.simulator.server import Address

READY = re.compile(r"ready upbit=(http://\S+) binance=(http://\S+) control=(http://\S+)\n")


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "exchanges.simulator", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_listens_and_stops_cleanly(stop: signal.Signals) -> None:
    async with (
        started("--speed", "60", "--account", "upbit:me:hidden:KRW=5000.5,BTC=1") as process,
        aiohttp.ClientSession() as session,
    ):
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        addresses = READY.fullmatch(line)
        assert addresses is not None, line
        upbit, binance, control = addresses.groups()
        async with session.get(f"{control}/state") as response:
            state = json.loads(await response.read())
        async with session.get(f"{upbit}/v1/market/all") as response:
            upbit_status = response.status
        async with session.get(f"{binance}/fapi/v1/time") as response:
            binance_status = response.status

        process.send_signal(stop)
        rest, errors = await process.communicate()

        assert state["upbit"]["accounts"]["me"]["balances"]["KRW"]["total"] == "5000.5"
        assert state["market"]["speed"] == 60
        assert (upbit_status, binance_status) == (200, 200)
        assert (process.returncode, rest, errors) == (0, b"", b"")


async def test_a_busy_port_gets_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with started("--binance", f"127.0.0.1:{port}") as process:
            _, errors = await process.communicate()

    assert process.returncode == 1
    assert errors.decode().startswith(f"error: binance: cannot listen on 127.0.0.1:{port}: ")
    assert errors.count(b"\n") == 1


async def test_a_missing_history_gets_one_sentence(tmp_path: Path) -> None:
    async with started("--market", str(tmp_path / "none.csv.gz")) as process:
        _, errors = await process.communicate()

    assert process.returncode == 1
    assert errors.decode().strip().endswith("none.csv.gz: No such file or directory")
    assert errors.count(b"\n") == 1


def test_without_arguments_there_are_accounts_and_the_shipped_history() -> None:
    arguments = parse_arguments([])

    assert (arguments.history, arguments.seed, arguments.speed) == (None, None, 1.0)
    assert {account.venue for account in arguments.accounts} == {Venue.UPBIT, Venue.BINANCE}
    assert arguments.addresses.control == Address("127.0.0.1", 0)
    assert arguments.addresses.hyperliquid is None


def test_third_venue_brings_an_account_of_its_own() -> None:
    arguments = parse_arguments(["--hyperliquid", "127.0.0.1:0"])

    assert {account.venue for account in arguments.accounts} == set(Venue)
    assert arguments.addresses.hyperliquid == Address("127.0.0.1", 0)


def test_arguments_are_understood() -> None:
    arguments = parse_arguments(
        ["--upbit", "[::1]:8001", "--from", "2021-04-01T09:00:00+09:00", "--speed", "0.5",
         "--account", "binance:key:secret:USDT=12.5,BNB=1"]
    )  # fmt: skip

    assert arguments.addresses.upbit == Address("::1", 8001)
    assert arguments.start == datetime(2021, 4, 1, tzinfo=UTC)
    (account,) = arguments.accounts
    assert account.balances == {"USDT": Decimal("12.5"), "BNB": Decimal(1)}
    assert "secret" not in repr(account)


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--upbit", "8001"], "argument --upbit: expected HOST:PORT"),
        (["--upbit", "localhost:70000"], "argument --upbit: expected HOST:PORT"),
        (["--speed", "-1"], "argument --speed: expected a number from 0"),
        (["--speed", "nan"], "argument --speed: expected a number from 0"),
        (["--from", "spring"], "argument --from: expected a time such as"),
        (["--walk", "1", "--from", "2021-04-01"], "argument --from: a random walk"),
        (["--walk", "1", "--market", "x"], "argument --market: not allowed with argument --walk"),
        (["--account", "upbit:a:hidden"], "argument --account: expected VENUE:KEY:SECRET"),
        (
            ["--account", "bithumb:a:hidden:KRW=1"],
            "argument --account: expected one of upbit, binance, hyperliquid",
        ),
        (["--account", "upbit:a:hidden:KRW=-1"], "argument --account: expected CURRENCY=AMOUNT"),
        (["--account", "upbit:a:hidden:KRW"], "argument --account: expected CURRENCY=AMOUNT"),
        (
            ["--account", "upbit:a:hidden:KRW=1", "--account", "upbit:a:hidden:KRW=2"],
            "argument --account: upbit:a is given twice",
        ),
    ],
)
def test_a_bad_argument_gets_one_sentence_without_a_secret(
    argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(argv)

    errors = capsys.readouterr().err
    assert ended.value.code == 2
    assert sentence in errors.splitlines()[-1]
    assert "hidden" not in errors
