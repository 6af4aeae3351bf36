"""Venue keys from HashiCorp Vault's key-value engine, version 2.

One secret a venue, ``<mount>/<path>/<venue>``, with the fields ``access_key``, ``secret_key`` and
``permissions`` (``read`` or ``read,trade``), e.g.
``vault kv put -mount=secret kimp/upbit access_key=… secret_key=… permissions=read,trade``.
Source of the shapes: Vault's HTTP API docs, "KV secrets engine version 2", read secret version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from exchanges.instrument import Venue
from tasks.errors import DeskError, KeyRefused, SettingMissing
from tasks.settings import Settings
from tasks.venue_keys.permission import parse_permissions
from tasks.venue_keys.private_files import read_private
from tasks.venue_keys.venue_key import VenueKey, checked_credentials

NAME = "vault"


class VaultSource:
    """One key a venue, read anew on each call. Holds no key in memory."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingMissing when it is not said where Vault is or with what token."""
        if settings.vault_url is None:
            raise SettingMissing("vault_url: expected Vault's address, set KIMP_VAULT_URL")
        self._url = settings.vault_url
        self._token = _token(settings.vault_token, settings.vault_token_file)
        self._mount = settings.vault_mount
        self._path = settings.vault_path
        self._timeout_s = settings.request_timeout_ms / 1000
        self.where = f"Vault at {self._url}"

    def __repr__(self) -> str:
        return "VaultSource()"

    def keys(self, venue: Venue) -> Sequence[VenueKey]:
        """Raises KeyRefused, one sentence, for whatever keeps the key from being read."""
        secret = self._read(venue)
        return () if secret is None else (self._key(venue, secret),)

    def missing(self, venue: Venue) -> DeskError:
        return KeyRefused(f"{self._name(venue)}: expected the key of {venue}, there is no secret")

    def _name(self, venue: Venue) -> str:
        return f"{self.where}, {self._mount}/{self._path}/{venue}"

    def _read(self, venue: Venue) -> Mapping[str, Any] | None:
        """``data`` of the reply: the secret and its metadata; None when there is none."""
        # Imported here: it takes a tenth of a second, and most desks have no Vault.
        import hvac
        import requests

        client = hvac.Client(
            url=self._url,
            token=self._token.get_secret_value(),
            timeout=self._timeout_s,
            allow_redirects=False,  # a redirect would carry the token to another host
        )
        try:
            reply = client.secrets.kv.v2.read_secret_version(
                path=f"{self._path}/{venue}",
                mount_point=self._mount,
                raise_on_deleted_version=False,
            )
        except hvac.exceptions.InvalidPath:
            return None
        except hvac.exceptions.VaultError as error:
            problem = _PROBLEMS.get(type(error).__name__, f"it failed ({type(error).__name__})")
        except requests.RequestException as error:
            problem = f"it cannot be reached ({type(error).__name__})"
        else:
            data = reply.get("data") if isinstance(reply, dict) else None
            if isinstance(data, dict) and "data" in data:
                return None if data["data"] is None else data
            problem = "the answer is not of the key-value engine, version 2"
        finally:
            client.adapter.close()
        # Outside the handlers: the library's errors hold the reply and the request.
        raise KeyRefused(f"{self._name(venue)}: {problem}")

    def _key(self, venue: Venue, secret: Mapping[str, Any]) -> VenueKey:
        fields, metadata = secret["data"], secret.get("metadata")
        for name in ("access_key", "secret_key", "permissions"):
            if not isinstance(fields, dict) or not isinstance(fields.get(name), str):
                raise KeyRefused(f"{self._name(venue)}: expected the text field {name}")
        try:
            declared = parse_permissions(fields["permissions"])
        except ValueError as error:
            raise KeyRefused(f"{self._name(venue)}, permissions: {error}") from None
        try:
            created = datetime.fromisoformat(metadata["created_time"])  # type: ignore[index]
        except (KeyError, TypeError, ValueError):
            raise KeyRefused(f"{self._name(venue)}: expected metadata with created_time") from None
        pair = checked_credentials(venue, fields["access_key"], fields["secret_key"])
        return VenueKey(venue, NAME, declared, created, pair)


def _token(token: SecretStr | None, file: Path | None) -> SecretStr:
    if token is not None:
        return token
    if file is None:
        raise SettingMissing(
            "vault_token: expected a token, set KIMP_VAULT_TOKEN or KIMP_VAULT_TOKEN_FILE"
        )
    content = (read_private(file) or b"").strip()
    if not content.isascii() or not content:
        raise KeyRefused(f"{file}: expected a Vault token, there is none")
    return SecretStr(content.decode("ascii"))


_PROBLEMS = {
    "Forbidden": "the token is not allowed to read it (403)",
    "Unauthorized": "the token was refused (401)",
    "VaultDown": "Vault is sealed or under maintenance (503)",
    "VaultNotInitialized": "Vault is not initialised (501)",
    "RateLimitExceeded": "Vault was asked too often (429)",
}
