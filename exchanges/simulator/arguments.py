"""Command line of the simulators."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from exchanges.instrument import Venue
from exchanges.simulator.market import MAX_SPEED
from exchanges.simulator.server import Address, Addresses

DEFAULT_ACCOUNTS = (
    "upbit:paper:paper-secret:KRW=100000000",
    "binance:paper:paper-secret:USDT=100000",
)
WALLET = "0x14791697260e4c9a71f18484c9f997b308e59325"
"""Of the key 0x0123…0123 that Hyperliquid's SDK publishes its test signatures with."""
DEFAULT_HYPERLIQUID_ACCOUNT = f"hyperliquid:{WALLET}:{WALLET}:USDC=100000"


@dataclass(frozen=True, slots=True)
class Account:
    """An account to open at the start."""

    venue: Venue
    key: str
    secret: str = field(repr=False)
    balances: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Arguments:
    addresses: Addresses
    history: Path | None
    """None: the shipped slice, unless there is a ``seed``."""
    seed: int | None
    start: datetime | None
    speed: float
    accounts: tuple[Account, ...]
    state: Path | None
    """Where the venues remember themselves."""


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Ends the program with exit code 2 and one sentence when an argument is wrong."""
    parser = _parser()
    given = parser.parse_args(argv)
    if given.walk is not None and given.start is not None:
        parser.error("argument --from: a random walk has no history to begin in")
    usual = list(DEFAULT_ACCOUNTS)
    if given.hyperliquid is not None:
        usual.append(DEFAULT_HYPERLIQUID_ACCOUNT)
    accounts = tuple(
        [*(given.account or ()), *(given.accounts_file or ())] or [_account(text) for text in usual]
    )
    seen = set()
    for account in accounts:
        if (account.venue, account.key) in seen:
            parser.error(f"argument --account: {account.venue}:{account.key} is given twice")
        seen.add((account.venue, account.key))
    return Arguments(
        Addresses(given.upbit, given.binance, given.control, given.hyperliquid),
        given.market,
        given.walk,
        given.start,
        given.speed,
        accounts,
        given.state,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m exchanges.simulator",
        description="Simulated Upbit, Binance USDⓈ-M and Hyperliquid on this machine.",
        allow_abbrev=False,
    )
    for name in ("upbit", "binance", "control"):
        parser.add_argument(
            f"--{name}",
            type=_address,
            default=Address("127.0.0.1", 0),
            metavar="HOST:PORT",
            help=f"where {name} listens (default 127.0.0.1:0; port 0: any free one)",
        )
    parser.add_argument(
        "--hyperliquid",
        type=_address,
        metavar="HOST:PORT",
        help="where hyperliquid listens (default: it is not served)",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--market", type=Path, metavar="FILE.csv.gz", help="history to replay (default: shipped)"
    )
    source.add_argument("--walk", type=int, metavar="SEED", help="random walk instead of history")
    parser.add_argument(
        "--from", dest="start", type=_time, metavar="ISO_TIME", help="where in the history to begin"
    )
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="market seconds per second"
    )
    parser.add_argument(
        "--account",
        type=_account,
        action="append",
        metavar="VENUE:KEY:SECRET:CURRENCY=AMOUNT,…",
        help="may be repeated; at hyperliquid KEY is the account's address and SECRET the address "
        f"of its API wallet (default: {' and '.join(DEFAULT_ACCOUNTS)})",
    )
    parser.add_argument(
        "--accounts-file",
        type=_accounts_file,
        metavar="FILE",
        help="JSON list of texts as for --account, so that no secret shows in the process list",
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="remember accounts, orders and the market's time in FILE; when it exists, go on "
        "there: --from and the balances of accounts that it knows are then not used",
    )
    return parser


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, got {text!r}")
    return Address(host.strip("[]"), int(port))


def _time(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2021-04-01T00:00:00Z, got {text!r}"
        ) from None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed <= MAX_SPEED:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to {MAX_SPEED}, got {text!r}")
    return speed


def _account(text: str) -> Account:
    """The message never repeats ``text``: it holds a secret."""
    parts = text.split(":")
    if len(parts) != 4 or not all(parts[:3]):
        raise argparse.ArgumentTypeError("expected VENUE:KEY:SECRET:CURRENCY=AMOUNT,…")
    venue_name, key, secret, amounts = parts
    try:
        venue = Venue(venue_name)
    except ValueError:
        venues = ", ".join(venue.value for venue in Venue)
        raise argparse.ArgumentTypeError(f"expected one of {venues}; got {venue_name!r}") from None
    return Account(venue, key, secret, dict(_balance(part) for part in amounts.split(",") if part))


def _accounts_file(name: str) -> list[Account]:
    """The message never repeats the file's content: it holds secrets."""
    expected = f"expected a JSON list of VENUE:KEY:SECRET:CURRENCY=AMOUNT,… in {name}"
    try:
        texts = json.loads(Path(name).read_text("utf-8"))
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{expected}: {error.strerror}") from None
    except ValueError:
        raise argparse.ArgumentTypeError(f"{expected}, got text that is not JSON") from None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise argparse.ArgumentTypeError(f"{expected}, got other JSON")
    return [_account(text) for text in texts]


def _balance(text: str) -> tuple[str, Decimal]:
    currency, _, amount_text = text.partition("=")
    try:
        amount = Decimal(amount_text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not currency or not amount.is_finite() or amount < 0:
        raise argparse.ArgumentTypeError(f"expected CURRENCY=AMOUNT, got {text!r}")
    return currency, amount
