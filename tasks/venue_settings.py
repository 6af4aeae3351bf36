"""Settings of the venues: where they are, what speaks to them, and where their keys come from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from exchanges.adapter_names import AdapterName, OrderEntry
from exchanges.instrument import Venue
from tasks.setting_types import DeclaredPermissions, HttpAddress, VaultAddress

PerpetualVenue = Literal[Venue.BINANCE, Venue.HYPERLIQUID]


class KeySourceName(StrEnum):
    """Where the desk takes its venue keys from."""

    ENVIRONMENT = "environment"
    FILE = "file"
    VAULT = "vault"


class VenueSettings(BaseModel):
    """The part of :class:`tasks.settings.Settings` that is about venues."""

    perpetual_venue: PerpetualVenue = Field(
        Venue.BINANCE, description="Where the perpetual leg is traded: binance or hyperliquid."
    )
    upbit_url: HttpAddress = Field("https://api.upbit.com", description="Upbit REST address.")
    binance_url: HttpAddress = Field(
        "https://fapi.binance.com", description="Binance USDⓈ-M REST address."
    )
    binance_spot_url: HttpAddress = Field(
        "https://api.binance.com", description="Binance REST address that tells a key's rights."
    )
    hyperliquid_url: HttpAddress = Field(
        "https://api.hyperliquid.xyz", description="Hyperliquid REST address."
    )
    upbit_adapter: AdapterName = Field(
        "direct", description="What speaks to Upbit: direct (ours) or ccxt."
    )
    binance_adapter: AdapterName = Field(
        "direct", description="What speaks to Binance: direct (ours) or ccxt."
    )
    hyperliquid_adapter: AdapterName = Field(
        "direct", description="What speaks to Hyperliquid: direct (ours) or ccxt."
    )
    binance_order_entry: OrderEntry = Field(
        "rest",
        description="What orders travel over at Binance: rest, or websocket (with rest behind it).",
    )
    key_source: KeySourceName = Field(
        KeySourceName.ENVIRONMENT,
        description="Where venue keys come from: environment (the next settings), file (kimp keys) "
        "or vault (HashiCorp Vault).",
    )
    upbit_access_key: SecretStr | None = Field(None, description="Upbit access key.")
    upbit_secret_key: SecretStr | None = Field(None, description="Upbit secret key.")
    binance_access_key: SecretStr | None = Field(None, description="Binance API key.")
    binance_secret_key: SecretStr | None = Field(None, description="Binance secret key.")
    hyperliquid_access_key: SecretStr | None = Field(
        None, description="Address of the Hyperliquid account, 0x…"
    )
    hyperliquid_secret_key: SecretStr | None = Field(
        None, description="Private key of its API wallet, never of the main wallet."
    )
    upbit_key_permissions: DeclaredPermissions = Field(
        "read,trade", description="What the Upbit key above is for: read or read,trade."
    )
    binance_key_permissions: DeclaredPermissions = Field(
        "read,trade", description="What the Binance key above is for: read or read,trade."
    )
    hyperliquid_key_permissions: DeclaredPermissions = Field(
        "read,trade", description="What the Hyperliquid key above is for: read or read,trade."
    )
    keys_passphrase: SecretStr | None = Field(
        None, description="Opens the key file; unset: the master key beside it does."
    )
    vault_url: VaultAddress | None = Field(None, description="Address of HashiCorp Vault.")
    vault_token: SecretStr | None = Field(None, description="Vault token that may read the keys.")
    vault_token_file: Path | None = Field(
        None, description="File (0600) with the Vault token, instead of vault_token."
    )
    vault_mount: str = Field("secret", description="Vault's key-value engine, version 2.")
    vault_path: str = Field("kimp", description="Path below it; one secret a venue: kimp/upbit.")
    allow_unchecked_keys: bool = Field(
        False,
        description="Trade live with a key when its venue does not tell whether it can withdraw.",
    )
