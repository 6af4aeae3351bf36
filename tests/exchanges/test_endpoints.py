from __future__ import annotations

import pytest

from exchanges.endpoints import Endpoints


@pytest.mark.parametrize(
    ("rest", "base"),
    [
        ("https://api.upbit.com", "https://api.upbit.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_address_is_accepted(rest: str, base: str) -> None:
    assert Endpoints(rest).base == base


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "api.upbit.com",
        "ftp://api.upbit.com",
        "https://api.upbit.com/v1",
        "https://api.upbit.com?x=1",
        "https://",
        "http://host:port",
        "http://host:99999",
        "http://[::1",
    ],
)
def test_other_text_is_refused_with_what_was_expected(rest: str) -> None:
    with pytest.raises(ValueError, match=r"rest: expected http\(s\)://HOST"):
        Endpoints(rest)


def test_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="without user name") as caught:
        Endpoints("https://user:hunter2@api.upbit.com")

    assert "hunter2" not in str(caught.value)


def test_streams_are_where_rest_is_unless_said_otherwise() -> None:
    together = Endpoints("https://127.0.0.1:8443/")
    apart = Endpoints("https://rest", stream="wss://stream/", order_entry="ws://orders:1")

    assert (together.stream_base, together.order_entry_base) == (
        "wss://127.0.0.1:8443",
        "wss://127.0.0.1:8443",
    )
    assert (apart.stream_base, apart.order_entry_base) == ("wss://stream", "ws://orders:1")


@pytest.mark.parametrize("name", ["stream", "order_entry"])
def test_socket_address_of_another_kind_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name}: expected ws\(s\)://HOST"):
        Endpoints("https://rest", **{name: "https://stream"})
