"""The desk's accounts at the simulated venues: keys made on this machine, known only to it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from exchanges.credentials import Credentials
from exchanges.hyperliquid.signing import address_of, parse_key
from exchanges.instrument import Venue

FUNDS = {
    Venue.UPBIT: "KRW=100000000",
    Venue.BINANCE: "USDT=100000",
    Venue.HYPERLIQUID: "USDC=100000",
}
"""What each account starts with."""


@dataclass(frozen=True, slots=True)
class PaperAccounts:
    """``file`` is what ``python -m exchanges.simulator --accounts-file`` reads."""

    file: Path
    credentials: dict[Venue, Credentials]


def paper_accounts(keys_dir: Path) -> PaperAccounts:
    """The accounts of this KIMP_HOME, made at the first call (0600)."""
    file = keys_dir / "paper_accounts.json"
    texts: list[str] = json.loads(file.read_text("ascii")) if file.exists() else []
    found = {Venue(text.partition(":")[0]): text.split(":") for text in texts}
    missing = [venue for venue in FUNDS if venue not in found]
    for venue in missing:  # an older file knows fewer venues
        found[venue] = _made(venue, seed=found[Venue.UPBIT][2] if found else "")
    if missing:
        keys_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            json.dump([":".join(parts) for parts in found.values()], stream)
        fresh.replace(file)
    credentials = {venue: Credentials(parts[1], parts[2]) for venue, parts in found.items()}
    wallet, agent = _wallet_keys(found[Venue.UPBIT][2])
    credentials[Venue.HYPERLIQUID] = Credentials(address_of(parse_key(wallet)), agent)
    return PaperAccounts(file, credentials)


def _made(venue: Venue, seed: str) -> list[str]:
    """An account as the simulators read it, which know of a wallet only its addresses."""
    if venue is Venue.HYPERLIQUID:
        key, secret = (address_of(parse_key(one)) for one in _wallet_keys(seed))
    else:
        key, secret = f"paper-{secrets.token_hex(8)}", secrets.token_hex(32)
    return [venue.value, key, secret, FUNDS[venue]]


def _wallet_keys(seed: str) -> tuple[str, str]:
    """Private keys of the paper wallet and of its API wallet, from another secret of this home."""
    wallet, agent = (
        hashlib.sha256(f"{seed}:{what}".encode()).hexdigest() for what in ("wallet", "agent")
    )
    return wallet, agent
