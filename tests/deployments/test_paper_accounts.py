"""The simulated accounts of a KIMP_HOME: made once, completed, never changed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from deployments.paper_accounts import FUNDS, paper_accounts
from exchanges.hyperliquid.signing import address_of, parse_key
from exchanges.instrument import Venue


def test_each_venue_gets_an_account_that_only_its_owner_can_read(tmp_path: Path) -> None:
    made = paper_accounts(tmp_path / "keys")

    assert set(made.credentials) == set(Venue)
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    written = [text.split(":") for text in json.loads(made.file.read_text())]
    assert {Venue(venue): funds for venue, _, _, funds in written} == FUNDS


def test_accounts_stay_what_they_are(tmp_path: Path) -> None:
    first = paper_accounts(tmp_path)
    before = first.file.read_bytes()

    again = paper_accounts(tmp_path)

    assert again.credentials == first.credentials
    assert again.file.read_bytes() == before


def test_older_file_is_completed_and_nothing_in_it_changes(tmp_path: Path) -> None:
    older = ["upbit:key-u:secret-u:KRW=5", "binance:key-b:secret-b:USDT=7,BNFCR=1"]
    (tmp_path / "paper_accounts.json").write_text(json.dumps(older))

    completed = paper_accounts(tmp_path)

    texts = json.loads(completed.file.read_text())
    assert texts[:2] == older
    assert [text.partition(":")[0] for text in texts] == ["upbit", "binance", "hyperliquid"]
    assert completed.credentials[Venue.UPBIT].secret_key == "secret-u"
    assert completed.credentials == paper_accounts(tmp_path).credentials


def test_simulator_knows_the_wallet_by_its_addresses_alone(tmp_path: Path) -> None:
    made = paper_accounts(tmp_path)
    wallet = made.credentials[Venue.HYPERLIQUID]

    [told] = [text for text in json.loads(made.file.read_text()) if text.startswith("hyper")]

    _, account, agent, _ = told.split(":")
    assert account == wallet.access_key
    assert agent == address_of(parse_key(wallet.secret_key))
    assert agent != account
    assert wallet.secret_key.removeprefix("0x") not in made.file.read_text()
