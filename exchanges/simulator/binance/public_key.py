"""Signatures of accounts that are known by a public key instead of a shared secret."""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PUBLIC_KEY_HEAD = "-----BEGIN PUBLIC KEY-----"


def is_signed_by(payload: bytes, given: str, pem: str) -> bool:
    """Is ``given`` (base64) a signature over ``payload`` by the owner of the RSA or Ed25519 key
    ``pem``? Any other key signs nothing."""
    try:
        signature = base64.b64decode(given, validate=True)
        key = load_pem_public_key(pem.encode())
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, payload)
        elif isinstance(key, RSAPublicKey):
            key.verify(signature, payload, PKCS1v15(), SHA256())
        else:
            return False
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def is_ed25519(pem: str) -> bool:
    """Is it an Ed25519 key?"""
    try:
        return isinstance(load_pem_public_key(pem.encode()), Ed25519PublicKey)
    except ValueError:
        return False
