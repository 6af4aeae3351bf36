"""``kimp signal keygen | sign | send``."""

from __future__ import annotations

import argparse
import asyncio
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from deployments.commands.shared import home, print_json
from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.prefect_address import prefect_api_url, prefect_http
from deployments.prefect_door import PrefectDoor
from tasks.executor_client import ExecutorClient
from tasks.key_store import KeyStore
from tasks.settings import Settings
from tasks.signal import parse_signal
from tasks.signing import sign

WAIT_S = 120.0
FAILED_STATES = frozenset({"FAILED", "CRASHED", "CANCELLED"})


def add_commands(commands: Any) -> None:
    group = commands.add_parser("signal", help="make keys, sign signals and send them")
    steps = group.add_subparsers(dest="step", metavar="STEP", required=True)
    keygen = steps.add_parser("keygen", help="make a key pair and trust its public part")
    keygen.add_argument("key_id", help="the name of the key, e.g. research")
    keygen.set_defaults(run=run_keygen)
    for name, run, text in (
        ("sign", run_sign, "print the signed signal as JSON"),
        ("send", run_send, "sign the signal and send it"),
    ):
        step = steps.add_parser(name, help=text, allow_abbrev=False)
        _add_signal_arguments(step)
        step.set_defaults(run=run)
        if name == "send":
            step.add_argument(
                "--door", choices=("prefect", "fast"), default="prefect", help="default: prefect"
            )


def run_keygen(given: argparse.Namespace) -> int:
    settings, _ = home()
    public_key = KeyStore(settings.keys_dir).generate(given.key_id)
    folder = settings.keys_dir / "signers"
    print(f"{given.key_id}: public key {public_key.hex()}, trusted by this desk")
    print(f"the private key is in {folder / f'{given.key_id}.key'}; never copy it elsewhere")
    return 0


def run_sign(given: argparse.Namespace) -> int:
    settings, _ = home()
    print(orjson.dumps(_signed(settings, given)).decode())
    return 0


def run_send(given: argparse.Namespace) -> int:
    """0 when the desk acted as asked or refused for a reason of its own rules that is shown; 1
    when the signal was denied or failed."""
    settings, desk = home()
    signal = _signed(settings, given)
    if given.door == "fast":
        return asyncio.run(_send_fast(settings, signal))
    prefect = prefect_http(settings, prefect_api_url(settings, desk))
    return asyncio.run(_send_to_prefect(prefect, signal))


async def _send_fast(settings: Settings, signal: dict[str, Any]) -> int:
    async with ExecutorClient(settings.socket_file) as executor:
        outcome = await executor.submit(signal, door="fast")
    print_json(outcome.to_json())
    return 1 if outcome.is_failure or outcome.settled.status == "denied" else 0


async def _send_to_prefect(prefect: HttpJson, signal: dict[str, Any]) -> int:
    async with prefect as api:
        door = PrefectDoor(api)
        run = await door.finished(
            await door.create("signal-intake/live", {"signal": signal}), WAIT_S
        )
    told = run.message
    if not told.startswith(run.state_name):
        told = f"{run.state_name}: {told}"
    print(f"{told}\n{run.url}")
    return 1 if run.state_type in FAILED_STATES or run.state_name == "Denied" else 0


def _add_signal_arguments(step: argparse.ArgumentParser) -> None:
    step.add_argument("--key", default="research", metavar="KEY_ID", help="default: research")
    step.add_argument(
        "--file", metavar="FILE", help="the signal as JSON instead of the options below; - is stdin"
    )
    step.add_argument("--id", help="idempotency key (default: a new one)")
    step.add_argument("--action", choices=("ENTER", "EXIT"))
    step.add_argument("--symbol", default="BTC")
    step.add_argument("--direction", choices=("long_premium", "short_premium"))
    step.add_argument("--quantity", help="coin (ENTER)")
    step.add_argument("--notional-krw", help="KRW (ENTER), instead of a quantity")
    step.add_argument("--pair-id", help="one pair (EXIT); default: all of the symbol")
    step.add_argument("--premium-limit-pct", help="worst premium to enter at")
    step.add_argument("--max-slippage-bps", type=int)
    step.add_argument("--ttl-ms", type=int)
    step.add_argument("--strategy")


def _signed(settings: Settings, given: argparse.Namespace) -> dict[str, Any]:
    """Raises CommandFailed, BadSignal or KeyRefused, each one sentence."""
    fields = _from_file(given.file) if given.file else _from_options(given)
    fields.setdefault("created_at", datetime.now(UTC).isoformat())
    signal = parse_signal(fields)
    return sign(signal, KeyStore(settings.keys_dir).private_key(given.key)).to_json()


def _from_file(name: str) -> dict[str, Any]:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        fields = orjson.loads(data)
    except OSError as error:
        raise CommandFailed(f"--file {name}: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise CommandFailed(f"--file {name}: expected a signal as JSON: {error}") from None
    if not isinstance(fields, dict):
        raise CommandFailed(f"--file {name}: expected a JSON object")
    return fields


def _from_options(given: argparse.Namespace) -> dict[str, Any]:
    if given.action is None:
        raise CommandFailed("--action: expected ENTER or EXIT (or a signal with --file)")
    names = (
        *("action", "symbol", "direction", "quantity", "notional_krw", "pair_id"),
        *("premium_limit_pct", "max_slippage_bps", "ttl_ms", "strategy"),
    )
    fields = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    return {"id": given.id or f"cli-{uuid.uuid4().hex[:16]}", **fields}
