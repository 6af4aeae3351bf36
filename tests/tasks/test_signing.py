"""Who signed a signal, and that nothing else passes."""

from __future__ import annotations

import coincurve
import pytest
from coincurve.ecdsa import der_to_cdata, serialize_compact

from tasks.signal import Signal, canonical_bytes, parse_signal
from tasks.signing import PrivateKey, is_signed_by, sign

GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

# A fixed case for implementations in other languages.
VECTOR_KEY = PrivateKey("alpha", bytes.fromhex("11" * 32))
VECTOR_PUBLIC_KEY = "034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa"
VECTOR_BYTES = (
    b'{"action":"ENTER","created_at":"2026-01-31T09:30:00.250000Z","direction":"long_premium",'
    b'"id":"s-1","key_id":"alpha","quantity":"0.01","symbol":"BTC","ttl_ms":3000}'
)
VECTOR_SIGNATURE = (
    "058e8adb8159423f3fde7c379c23e6554007935c481a22ff088d244014f368fb"
    "22c2d0600dbf0351ecb60c2078923158b0264db58c5e4c312ebb6a1a4e6fdcfc"
)


@pytest.fixture
def signal() -> Signal:
    return parse_signal(
        {
            "id": "s-1",
            "action": "ENTER",
            "symbol": "BTC",
            "quantity": 0.010,
            "created_at": "2026-01-31T18:30:00.25+09:00",
        }
    )


def test_the_fixed_vector_holds(signal: Signal) -> None:
    signed = sign(signal, VECTOR_KEY)

    assert canonical_bytes(signed) == VECTOR_BYTES
    assert signed.signature == VECTOR_SIGNATURE  # RFC 6979: the nonce is no matter of chance
    assert VECTOR_KEY.public_key.hex() == VECTOR_PUBLIC_KEY
    assert is_signed_by(signed, bytes.fromhex(VECTOR_PUBLIC_KEY))


def test_a_signature_made_without_this_module_is_accepted(signal: Signal) -> None:
    der = coincurve.PrivateKey(VECTOR_KEY.secret).sign(VECTOR_BYTES)
    compact = serialize_compact(der_to_cdata(der)).hex()

    named = signal.model_copy(update={"key_id": "alpha", "signature": compact})

    assert is_signed_by(named, VECTOR_KEY.public_key)


def test_signing_again_replaces_name_and_signature(signal: Signal) -> None:
    other = PrivateKey("beta", bytes.fromhex("22" * 32))

    signed = sign(sign(signal, VECTOR_KEY), other)

    assert signed.key_id == "beta"
    assert is_signed_by(signed, other.public_key)
    assert not is_signed_by(signed, VECTOR_KEY.public_key)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "s-2"},
        {"symbol": "ETH"},
        {"quantity": "0.02"},
        {"direction": "short_premium"},
        {"created_at": "2026-01-31T09:30:00.250001Z"},
        {"ttl_ms": 3_001},
        {"premium_limit_pct": "1"},
        {"max_slippage_bps": 0},
        {"strategy": "x"},
        {"key_id": "alpha2"},
    ],
)
def test_any_change_breaks_the_signature(signal: Signal, change: dict[str, object]) -> None:
    changed = parse_signal(sign(signal, VECTOR_KEY).to_json() | change)

    assert not is_signed_by(changed, VECTOR_KEY.public_key)


def test_the_high_s_twin_of_a_signature_is_refused(signal: Signal) -> None:
    r, s = VECTOR_SIGNATURE[:64], int(VECTOR_SIGNATURE[64:], 16)
    twin = r + f"{GROUP_ORDER - s:064x}"

    named = signal.model_copy(update={"key_id": "alpha", "signature": twin})

    assert not is_signed_by(named, VECTOR_KEY.public_key)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "ab",
        "zz" * 64,
        "00" * 64,
        "ff" * 64,
        "é" * 128,
        VECTOR_SIGNATURE + "00",
        " " * 128,
    ],
)
def test_a_malformed_signature_is_just_false(signal: Signal, signature: str | None) -> None:
    named = signal.model_copy(update={"key_id": "alpha", "signature": signature})

    assert is_signed_by(named, VECTOR_KEY.public_key) is False


@pytest.mark.parametrize("key", [b"", b"\x02" * 33, b"\x00" * 33, b"x" * 65])
def test_a_malformed_public_key_is_just_false(signal: Signal, key: bytes) -> None:
    assert is_signed_by(sign(signal, VECTOR_KEY), key) is False


def test_a_private_key_does_not_show() -> None:
    assert "11" * 4 not in repr(VECTOR_KEY)
    assert "alpha" in repr(VECTOR_KEY)
