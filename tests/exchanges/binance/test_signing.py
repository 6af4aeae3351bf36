from __future__ import annotations

from datetime import UTC, datetime

from exchanges.binance.signing import query_string, signature, signed_query
from exchanges.credentials import Credentials

CREDENTIALS = Credentials(
    "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83",
    "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9",
)
PARAMETERS = [
    ("symbol", "BTCUSDT"),
    ("side", "BUY"),
    ("type", "LIMIT"),
    ("quantity", "1"),
    ("price", "9000"),
    ("timeInForce", "GTC"),
]
PAYLOAD = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
    "&recvWindow=5000&timestamp=1591702613943"
)
SIGNATURE = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"


def test_signature_is_the_one_of_the_documentation() -> None:
    assert signature(CREDENTIALS, PAYLOAD) == SIGNATURE


def test_whole_query_is_the_one_of_the_documentation() -> None:
    venue_time = datetime(2020, 6, 9, 11, 36, 53, 943000, tzinfo=UTC)

    assert signed_query(CREDENTIALS, PARAMETERS, venue_time) == (f"{PAYLOAD}&signature={SIGNATURE}")


def test_values_are_escaped_before_they_are_signed() -> None:
    assert query_string([("newClientOrderId", "a/b:c d")]) == "newClientOrderId=a%2Fb%3Ac%20d"
