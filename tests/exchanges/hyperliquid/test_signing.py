"""The vectors that Hyperliquid's Python SDK publishes (tests/signing_test.py), byte for byte."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.hyperliquid.action_hash import action_bytes, action_hash
from exchanges.hyperliquid.signing import (
    Signature,
    address_of,
    parse_key,
    recover_signer,
    sign_action,
)
from exchanges.hyperliquid.typed_data import DOMAIN_SEPARATOR, agent_digest
from tests.exchanges.test_reply import JSON

KEY_TEXT = "0x0123456789012345678901234567890123456789012345678901234567890123"
KEY = parse_key(KEY_TEXT)
ADDRESS = "0x14791697260e4c9a71f18484c9f997b308e59325"
VAULT = "0x1719884eb866cb12b2287399b15f7db5e7d775ea"


def order(**changes: Any) -> dict[str, object]:
    row = {"a": 1, "b": True, "p": "100", "s": "100", "r": False, "t": {"limit": {"tif": "Gtc"}}}
    return {"type": "order", "orders": [{**row, **changes}], "grouping": "na"}


DUMMY: dict[str, object] = {"type": "dummy", "num": 100_000_000_000}
WITH_CLOID = order(c="0x00000000000000000000000000000001")
TRIGGER = order(t={"trigger": {"isMarket": True, "triggerPx": "103", "tpsl": "sl"}})
SCHEDULE: dict[str, object] = {"type": "scheduleCancel", "time": 123456789}

VECTORS = [
    pytest.param(
        DUMMY,
        None,
        True,
        "0x53749d5b30552aeb2fca34b530185976545bb22d0b3ce6f62e31be961a59298",
        "0x755c40ba9bf05223521753995abb2f73ab3229be8ec921f350cb447e384d8ed8",
        27,
        id="A-main",
    ),
    pytest.param(
        DUMMY,
        None,
        False,
        "0x542af61ef1f429707e3c76c5293c80d01f74ef853e34b76efffcb57e574f9510",
        "0x17b8b32f086e8cdede991f1e2c529f5dd5297cbe8128500e00cbaf766204a613",
        28,
        id="A-test",
    ),
    pytest.param(
        order(),
        None,
        True,
        "0xd65369825a9df5d80099e513cce430311d7d26ddf477f5b3a33d2806b100d78e",
        "0x2b54116ff64054968aa237c20ca9ff68000f977c93289157748a3162b6ea940e",
        28,
        id="B-main",
    ),
    pytest.param(
        order(),
        None,
        False,
        "0x82b2ba28e76b3d761093aaded1b1cdad4960b3af30212b343fb2e6cdfa4e3d54",
        "0x6b53878fc99d26047f4d7e8c90eb98955a109f44209163f52d8dc4278cbbd9f5",
        27,
        id="B-test",
    ),
    pytest.param(
        WITH_CLOID,
        None,
        True,
        "0x41ae18e8239a56cacbc5dad94d45d0b747e5da11ad564077fcac71277a946e3",
        "0x3c61f667e747404fe7eea8f90ab0e76cc12ce60270438b2058324681a00116da",
        27,
        id="C-main",
    ),
    pytest.param(
        WITH_CLOID,
        None,
        False,
        "0xeba0664bed2676fc4e5a743bf89e5c7501aa6d870bdb9446e122c9466c5cd16d",
        "0x7f3e74825c9114bc59086f1eebea2928c190fdfbfde144827cb02b85bbe90988",
        28,
        id="C-test",
    ),
    pytest.param(
        DUMMY,
        VAULT,
        True,
        "0x3c548db75e479f8012acf3000ca3a6b05606bc2ec0c29c50c515066a326239",
        "0x4d402be7396ce74fbba3795769cda45aec00dc3125a984f2a9f23177b190da2c",
        28,
        id="D-main",
    ),
    pytest.param(
        DUMMY,
        VAULT,
        False,
        "0xe281d2fb5c6e25ca01601f878e4d69c965bb598b88fac58e475dd1f5e56c362b",
        "0x7ddad27e9a238d045c035bc606349d075d5c5cd00a6cd1da23ab5c39d4ef0f60",
        27,
        id="D-test",
    ),
    pytest.param(
        TRIGGER,
        None,
        True,
        "0x98343f2b5ae8e26bb2587daad3863bc70d8792b09af1841b6fdd530a2065a3f9",
        "0x6b5bb6bb0633b710aa22b721dd9dee6d083646a5f8e581a20b545be6c1feb405",
        27,
        id="E-main",
    ),
    pytest.param(
        TRIGGER,
        None,
        False,
        "0x971c554d917c44e0e1b6cc45d8f9404f32172a9d3b3566262347d0302896a2e4",
        "0x206257b104788f80450f8e786c329daa589aa0b32ba96948201ae556d5637eac",
        28,
        id="E-test",
    ),
    pytest.param(
        SCHEDULE,
        None,
        True,
        "0x609cb20c737945d070716dcc696ba030e9976fcf5edad87afa7d877493109d55",
        "0x16c685d63b5c7a04512d73f183b3d7a00da5406ff1f8aad33f8ae2163bab758b",
        28,
        id="F-main",
    ),
    pytest.param(
        SCHEDULE,
        None,
        False,
        "0x4e4f2dbd4107c69783e251b7e1057d9f2b9d11cee213441ccfa2be63516dc5bc",
        "0x706c656b23428c8ba356d68db207e11139ede1670481a9e01ae2dfcdb0e1a678",
        27,
        id="F-test",
    ),
]


@pytest.mark.parametrize(("action", "vault", "is_mainnet", "r", "s", "v"), VECTORS)
def test_signature_is_the_published_one(
    action: dict[str, object], vault: str | None, is_mainnet: bool, r: str, s: str, v: int
) -> None:
    signed = sign_action(action, 0, KEY, vault=vault, is_mainnet=is_mainnet)

    assert signed.wire() == {"r": r, "s": s, "v": v}


@pytest.mark.parametrize(("action", "vault", "is_mainnet", "r", "s", "v"), VECTORS)
def test_published_signature_is_recovered_to_its_signer(
    action: dict[str, object], vault: str | None, is_mainnet: bool, r: str, s: str, v: int
) -> None:
    signature = Signature.parse(r, s, v)

    assert recover_signer(action, 0, signature, vault=vault, is_mainnet=is_mainnet) == ADDRESS


def test_leading_zeros_are_read_with_and_without() -> None:
    r = "0x3c548db75e479f8012acf3000ca3a6b05606bc2ec0c29c50c515066a326239"
    s = "0x4d402be7396ce74fbba3795769cda45aec00dc3125a984f2a9f23177b190da2c"

    padded = Signature.parse(f"0x{r[2:]:0>64}", s, 28)

    assert padded == Signature.parse(r, s, 28)
    assert recover_signer(DUMMY, 0, padded, vault=VAULT, is_mainnet=True) == ADDRESS


def test_hash_of_the_published_eth_order() -> None:
    row = {"a": 4, "b": True, "p": "1670.1", "s": "0.0147", "r": False}
    action = {
        "type": "order",
        "orders": [{**row, "t": {"limit": {"tif": "Ioc"}}}],
        "grouping": "na",
    }

    assert action_hash(action, 1677777606040).hex() == (
        "0fcbeda5ae3c4950a548021552a4fea2226858c4453571bf3f24ba017eac2908"
    )


def test_bytes_and_digest_of_the_dummy_action() -> None:
    connection_id = action_hash(DUMMY, 0)

    assert action_bytes(DUMMY, 0) == (
        bytes.fromhex("82a474797065a564756d6d79a36e756dcf000000174876e800") + bytes(9)
    )
    assert connection_id.hex() == "f528daee6a0bd11407b483cfcd9a48c56884180b70ee86f124053e5fc1bf4d57"
    assert agent_digest(connection_id, is_mainnet=True).hex() == (
        "e0aabfac88a47d3e7028b6ba6a94b30c8afcfffac26cbce788cf362b1312eafa"
    )


def test_bytes_and_digest_of_an_order() -> None:
    connection_id = action_hash(order(), 0)

    assert action_bytes(order(), 0)[:-9].hex() == (
        "83a474797065a56f72646572a66f72646572739186a16101a162c3a170a3313030a173a3313030a172c2"
        "a17481a56c696d697481a3746966a3477463a867726f7570696e67a26e61"
    )
    assert connection_id.hex() == "884f2c32bb6dbdd65f6033e32fb28c0cb6f5b345db0f6471fd3366d85c9252c1"
    assert agent_digest(connection_id, is_mainnet=True).hex() == (
        "a5cfed1f2d7948de30aecacc7fea3c5e05c1e759020e96239847879b906f801e"
    )


@pytest.mark.parametrize(
    ("action", "vault", "expected"),
    [
        (WITH_CLOID, None, "0ba500cedd8f4ba6ded620a0b1cd04f124d9ba745e2e2893fcc763bcc1444af5"),
        (DUMMY, VAULT, "de9e09a7a3da45cc694096d4bfdcd89bc1b892d05497c5ecc1f56c335945184c"),
        (TRIGGER, None, "430a86fb9876e901920d931f5bb20c9d011f6389bd179f39a73c09e6219adcad"),
    ],
    ids=["cloid", "vault", "trigger"],
)
def test_hash_of_an_action(action: dict[str, object], vault: str | None, expected: str) -> None:
    assert action_hash(action, 0, vault=vault).hex() == expected


def test_domain_separator() -> None:
    assert DOMAIN_SEPARATOR.hex() == (
        "d79297fcdf2ffcd4ae223d01edaa2ba214ff8f401d7c9300d995d17c82aa4040"
    )


def test_expiry_is_signed() -> None:
    """Computed, not published: the SDK has no vector with an expiry."""
    expires = 1700000000000

    signed = sign_action(order(), 0, KEY, expires_after=expires, is_mainnet=True)

    assert action_hash(order(), 0, expires_after=expires).hex() == (
        "bfbb24419b62b190625a57b932968f8edc25d4e27ead21954202b8d6a7f6d5a3"
    )
    assert signed.wire() == {
        "r": "0xb508e3f051d08cbe967711165e57de575bc9ae1b0de24f0d60608120a56958af",
        "s": "0x533289adbea6d4e7bd98c94181c4ded1811be7f42a31418fd331466556bd2b4e",
        "v": 28,
    }
    assert recover_signer(order(), 0, signed, expires_after=expires, is_mainnet=True) == ADDRESS


@pytest.mark.parametrize(
    "other",
    [
        {"action": order(p="100.0")},
        {"action": {"orders": order()["orders"], "type": "order", "grouping": "na"}},
        {"nonce": 1},
        {"vault": VAULT},
        {"expires_after": 1},
        {"is_mainnet": False},
    ],
    ids=["closing-zero", "key-order", "nonce", "vault", "expiry", "network"],
)
def test_anything_else_than_what_was_signed_is_somebody_elses_signature(
    other: dict[str, Any],
) -> None:
    signed = sign_action(order(), 0, KEY, is_mainnet=True)

    told: dict[str, Any] = {"action": order(), "nonce": 0, "is_mainnet": True, **other}

    assert recover_signer(signature=signed, **told) != ADDRESS


def test_address_of_a_key() -> None:
    assert address_of(KEY) == ADDRESS
    assert address_of(parse_key(KEY_TEXT.removeprefix("0x"))) == ADDRESS


@pytest.mark.parametrize("text", ["", "0x12", "g" * 64, "0" * 64, "f" * 64, "0x" + "1" * 65])
def test_no_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_key(text)

    assert not text or text not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("r", "s", "v"),
    [
        (1, "0x1", 27),
        ("0x1", None, 27),
        ("1", "0x1", 27),
        ("0x", "0x1", 27),
        ("0x" + "1" * 65, "0x1", 27),
        ("0x1", "0x1", 0),
        ("0x1", "0x1", "27"),
        ("0x1", "0x1", True),
    ],
)
def test_malformed_signature_is_refused(r: object, s: object, v: object) -> None:
    with pytest.raises(ValueError):
        Signature.parse(r, s, v)


@given(r=st.integers(0, 2**256 - 1), s=st.integers(0, 2**256 - 1), v=st.sampled_from([27, 28]))
def test_any_signature_is_somebodys_or_nobodys(r: int, s: int, v: int) -> None:
    signature = Signature.parse(hex(r), hex(s), v)

    try:
        signer = recover_signer(DUMMY, 0, signature, is_mainnet=True)
    except ValueError:
        return

    assert signer != ADDRESS


@given(nonce=st.integers(0, 2**64 - 1), number=st.integers(0, 2**64 - 1), is_mainnet=st.booleans())
def test_what_is_signed_is_recovered(nonce: int, number: int, is_mainnet: bool) -> None:
    action: dict[str, object] = {"type": "dummy", "num": number}

    signed = sign_action(action, nonce, KEY, is_mainnet=is_mainnet)

    assert recover_signer(action, nonce, signed, is_mainnet=is_mainnet) == ADDRESS


@given(action=st.dictionaries(st.text(max_size=5), JSON, max_size=5), nonce=st.integers())
def test_any_document_has_a_hash_or_is_refused(action: dict[str, object], nonce: int) -> None:
    try:
        hashed = action_hash(action, nonce)
    except ValueError:
        return

    assert len(hashed) == 32


@pytest.mark.parametrize(
    "value",
    [1.0, Decimal(1), b"1", (1,), 2**64, -(2**63) - 1, "\ud800", {1: 2}, [{"x": [0.5]}]],
    ids=repr,
)
def test_what_no_action_can_hold_is_not_signed(value: object) -> None:
    with pytest.raises(ValueError):
        sign_action({"type": "dummy", "value": value}, 0, KEY, is_mainnet=True)


@pytest.mark.parametrize(
    ("value", "packed"),
    [
        (127, "7f"),
        (128, "cc80"),
        (256, "cd0100"),
        (65_536, "ce00010000"),
        (2**32, "cf0000000100000000"),
        (-32, "e0"),
        (-33, "d0df"),
        (None, "c0"),
        (False, "c2"),
        ("x" * 31, "bf" + "78" * 31),
        ("x" * 32, "d920" + "78" * 32),
        ("x" * 256, "da0100" + "78" * 256),
        ("x" * 65_536, "db00010000" + "78" * 65_536),
        ("é", "a2c3a9"),
        ([0] * 15, "9f" + "00" * 15),
        ([0] * 16, "dc0010" + "00" * 16),
        ({str(n): 0 for n in range(10, 26)}, "de0010" + "".join(
            f"a2{str(n).encode().hex()}00" for n in range(10, 26)
        )),
    ],
)  # fmt: skip
def test_values_are_packed_in_the_shortest_form(value: object, packed: str) -> None:
    assert action_bytes({"v": value}, 0) == bytes.fromhex("81a176" + packed) + bytes(9)


@pytest.mark.parametrize("vault", ["", "0x12", VAULT[2:], "0x" + "g" * 40])
def test_vault_must_be_an_address(vault: str) -> None:
    with pytest.raises(ValueError, match="address"):
        action_hash(DUMMY, 0, vault=vault)


def test_no_signature_in_a_repr() -> None:
    signed = sign_action(DUMMY, 0, KEY, is_mainnet=True)

    assert repr(signed) == "Signature()"
