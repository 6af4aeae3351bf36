"""Accounts from a file: the same as from arguments, and no secret in a message."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.simulator.arguments import parse_arguments


def test_accounts_of_a_file_are_opened(tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps(["upbit:key:secret:KRW=5", "binance:k:s:USDT=0.5"]))

    accounts = parse_arguments(["--accounts-file", str(file)]).accounts

    assert [(account.venue, account.key) for account in accounts] == [
        (Venue.UPBIT, "key"),
        (Venue.BINANCE, "k"),
    ]
    assert accounts[1].balances == {"USDT": Decimal("0.5")}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "No such file or directory"),
        ("upbit:key:very-secret:KRW=5", "got text that is not JSON"),
        ('{"upbit": "very-secret"}', "got other JSON"),
        (
            '["kraken:key:very-secret:KRW=5"]',
            "expected one of upbit, binance, hyperliquid; got 'kraken'",
        ),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_sentence(
    content: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "accounts.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--accounts-file", str(file)])

    error = capsys.readouterr().err
    assert caught.value.code == 2
    assert sentence in error
    assert "very-secret" not in error
