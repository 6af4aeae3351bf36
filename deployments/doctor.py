"""What ``kimp doctor`` looks at: is everything there that trading needs, and if not, what to do."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from enum import StrEnum

from deployments.failure import CommandFailed
from deployments.open_doors import open_doors
from deployments.position_mode import hedge_mode
from deployments.prefect_address import prefect_api_url, prefect_http
from deployments.up_lock import RunningDesk
from deployments.venue_credentials import keys_in_use
from exchanges.clock import SystemClock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import ExchangeError, RateLimited
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from tasks.errors import DeskError, ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.key_store import KeyStore
from tasks.settings import Mode, Settings
from tasks.settings_description import variable
from tasks.venue_keys.key_check import Withdrawal
from tasks.venue_keys.key_guard import check_key
from tasks.venue_keys.venue_key import VenueKey
from warehouse.lease import holder

OWN_VARIABLES = frozenset({"KIMP_SETTINGS_FILE", "KIMP_DEBUG", "KIMP_TEST_ALL", "KIMP_PROJECT"})
MIN_FREE_BYTES = 1_000_000_000
PREFECT_VERSION = "3.8.8"
PATIENCE_S = 5.0
"""How long a look may wait for room in the rate limits."""


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing that is needed now is missing."""
    BAD = "bad"
    """Trading would not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    verdict: Verdict
    found: str
    remedy: str = ""
    """What to do, when there is something to do."""


async def examine(settings: Settings, desk: RunningDesk | None) -> list[Finding]:
    """Every check, in the order in which a person would put things right."""
    findings = [*_variables(), _disk(settings), _signers(settings), *_doors(settings)]
    findings += [finding async for finding in _venues(settings, desk)]
    findings.append(await _prefect(settings, desk))
    findings.append(await _executor(settings, desk))
    return findings


def _variables() -> list[Finding]:
    known = OWN_VARIABLES | {variable(name) for name in Settings.model_fields}
    strange = sorted(name for name in os.environ if name.startswith("KIMP_") and name not in known)
    return [
        Finding("variable", Verdict.NOTE, f"{name} is no setting", "correct or unset it")
        for name in strange
    ]


def _disk(settings: Settings) -> Finding:
    folder = settings.home.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free at {settings.home.absolute()}"
    if free < MIN_FREE_BYTES:
        return Finding("disk", Verdict.BAD, text, "free at least 1 GB or move KIMP_HOME")
    return Finding("disk", Verdict.OK, text)


def _signers(settings: Settings) -> Finding:
    keys = KeyStore(settings.keys_dir)
    try:
        trusted = sorted(keys.trusted())
        for key_id in trusted:
            if (settings.keys_dir / "signers" / f"{key_id}.key").exists():
                keys.private_key(key_id)
    except DeskError as error:
        return Finding("signer keys", Verdict.BAD, str(error), "put the key file right")
    if not trusted:
        return Finding(
            "signer keys", Verdict.NOTE, "none is trusted", "`kimp up` or `kimp signal keygen NAME`"
        )
    return Finding("signer keys", Verdict.OK, f"trusted: {', '.join(trusted)}")


def _doors(settings: Settings) -> list[Finding]:
    found = open_doors(settings)
    if not found:
        return [Finding("doors", Verdict.OK, "open to this machine and this user alone")]
    return [Finding(door.check, Verdict.NOTE, door.found, door.remedy) for door in found]


async def _venues(settings: Settings, desk: RunningDesk | None) -> AsyncIterator[Finding]:
    if settings.mode is Mode.PAPER and desk is None:
        yield Finding(
            "venues", Verdict.NOTE, "the simulated venues are not running", "start: kimp up"
        )
        return
    try:
        keys = keys_in_use(settings, desk)
    except CommandFailed as error:
        yield Finding("venue keys", Verdict.BAD, str(error), "keys without the right to withdraw")
        return
    for key in keys.values():
        yield await _key(key, settings)
    addresses = {venue: str(getattr(settings, f"{venue}_url")) for venue in keys}
    if desk is not None:
        addresses |= {venue: str(getattr(desk, f"{venue}_url")) for venue in keys}
    for venue, key in keys.items():
        async for finding in _venue(settings, venue, addresses[venue], key.credentials):
            yield finding


async def _key(key: VenueKey, settings: Settings) -> Finding:
    """What it is for, and whether it can withdraw (a simulated venue has nothing to withdraw)."""
    check, found = f"{key.venue} key", f'"{key.name}", declared {key.declared}'
    if settings.mode is Mode.PAPER:
        return Finding(check, Verdict.OK, found)
    told = await check_key(key, settings, SystemClock())
    found = f"{found}, {'; '.join((f'{told.withdrawal}: {told.why}', *told.remarks))}"
    if told.withdrawal is Withdrawal.CAN:
        return Finding(check, Verdict.BAD, found, "a key that cannot withdraw")
    if not key.may_trade:
        return Finding(check, Verdict.BAD, found, "a key declared read,trade")
    if told.withdrawal is Withdrawal.NOT_TOLD or told.remarks:
        return Finding(check, Verdict.NOTE, found, "look at the key's rights at the venue")
    return Finding(check, Verdict.OK, found)


async def _venue(
    settings: Settings, venue: Venue, address: str, credentials: Credentials
) -> AsyncIterator[Finding]:
    clock = SystemClock()
    limits_file = settings.limits_dir / venue
    async with AsyncExitStack() as stack:
        try:
            exchange = create_exchange(
                venue,
                credentials=credentials,
                endpoints=Endpoints(address),
                clock=clock,
                timeout_s=settings.request_timeout_ms / 1000,
                limits_file=limits_file,
            )
        except OSError as error:
            found = f"they are counted in {settings.limits_dir.absolute()}: {error.strerror}"
            yield Finding(f"{venue} limits", Verdict.BAD, found, "make KIMP_HOME writable")
            return
        stack.push_async_callback(exchange.aclose)

        async def reach() -> Finding:
            before = clock.now()
            theirs = await exchange.server_time()
            ours = before + (clock.now() - before) / 2
            offset_ms = (theirs - ours).total_seconds() * 1000
            found = f"{address}, clock {offset_ms:+.0f} ms from ours"
            if abs(offset_ms) > settings.max_clock_offset_ms:
                return Finding("", Verdict.BAD, found, "set this machine's clock (NTP)")
            return Finding("", Verdict.OK, found)

        first = await _try(f"{venue} reachable", reach, "check the address and the network")
        yield first
        if first.verdict is Verdict.BAD:
            return
        for symbol in settings.symbols:
            yield await _try(f"{venue} rules {symbol}", _rules(exchange, symbol), "see the symbols")
        yield await _try(
            f"{venue} balances",
            _balances(exchange),
            "check the key, its rights and its list of addresses",
        )
        if venue is Venue.BINANCE:

            async def mode() -> Finding:
                if await hedge_mode(Endpoints(address), credentials, clock, limits_file):
                    return Finding("", Verdict.BAD, "hedge mode", "switch to one-way mode")
                return Finding("", Verdict.OK, "one-way")

            yield await _try("binance position mode", mode, "check the key's rights")


def _rules(exchange: Exchange, symbol: str) -> Callable[[], Awaitable[Finding]]:
    async def read() -> Finding:
        rules = await exchange.rules(symbol)
        return Finding(
            "",
            Verdict.OK,
            f"step {rules.quantity_step}, minimum {rules.min_notional}, "
            f"taker fee {rules.taker_fee * 100:f} %",
        )

    return read


def _balances(exchange: Exchange) -> Callable[[], Awaitable[Finding]]:
    async def read() -> Finding:
        held = [item for item in await exchange.balances() if item.total]
        text = ", ".join(f"{item.total:f} {item.currency}" for item in held)
        if not held:
            return Finding("", Verdict.BAD, "the account is empty", "deposit before trading")
        return Finding("", Verdict.OK, text)

    return read


async def _try(check: str, look: Callable[[], Awaitable[Finding]], remedy: str) -> Finding:
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            return replace(await look(), check=check)
        except RateLimited as error:
            # A desk at work beside us goes first; we come when there is room.
            if error.banned or time.monotonic() + error.retry_after_s > give_up:
                return Finding(check, Verdict.BAD, str(error), "wait, then look again")
            await asyncio.sleep(error.retry_after_s)
        except ExchangeError as error:
            return Finding(check, Verdict.BAD, str(error), remedy)


async def _prefect(settings: Settings, desk: RunningDesk | None) -> Finding:
    try:
        url = prefect_api_url(settings, desk)
        async with prefect_http(settings, url) as api:
            version = await api.ask("GET", "/admin/version")
    except CommandFailed as error:
        missing = Verdict.BAD if desk else Verdict.NOTE
        return Finding("Prefect", missing, str(error), "start: kimp up")
    if version != PREFECT_VERSION:
        return Finding(
            "Prefect", Verdict.BAD, f"version {version}", f"run version {PREFECT_VERSION}"
        )
    return Finding("Prefect", Verdict.OK, f"{url.removesuffix('/api')}, version {version}")


async def _executor(settings: Settings, desk: RunningDesk | None) -> Finding:
    """Who holds the journal, and whether it takes entries."""
    try:
        async with ExecutorClient(settings.socket_file) as executor:
            state = await executor.state()
    except ExecutorGone as error:
        verdict = Verdict.BAD if desk else Verdict.NOTE
        return Finding("executor", verdict, str(error).partition(":")[0], "start: kimp up")
    text = f"process {holder(settings.journal_dir)} holds the lease, epoch {state['epoch']}"
    if state["accepting_entries"]:
        return Finding("executor", Verdict.OK, f"{text}, takes entries")
    blocks = "; ".join(block["message"] for block in state["blocks"])
    return Finding("executor", Verdict.NOTE, f"{text}, no entries: {blocks}", "see kimp status")
