"""The desk's accounts at the simulated venues: keys made on this machine, known only to it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from exchanges.credentials import Credentials
from exchanges.instrument import Venue

FUNDS = {Venue.UPBIT: "KRW=100000000", Venue.BINANCE: "USDT=100000"}
"""What each account starts with."""


@dataclass(frozen=True, slots=True)
class PaperAccounts:
    """``file`` is what ``python -m exchanges.simulator --accounts-file`` reads."""

    file: Path
    credentials: dict[Venue, Credentials]


def paper_accounts(keys_dir: Path) -> PaperAccounts:
    """The accounts of this KIMP_HOME, made at the first call (0600)."""
    file = keys_dir / "paper_accounts.json"
    if not file.exists():
        keys_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        texts = [
            f"{venue}:paper-{secrets.token_hex(8)}:{secrets.token_hex(32)}:{funds}"
            for venue, funds in FUNDS.items()
        ]
        fresh = file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            json.dump(texts, stream)
        fresh.replace(file)
    credentials = {}
    for text in json.loads(file.read_text("ascii")):
        venue, key, secret, _ = text.split(":")
        credentials[Venue(venue)] = Credentials(key, secret)
    return PaperAccounts(file, credentials)
