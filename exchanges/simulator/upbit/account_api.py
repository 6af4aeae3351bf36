"""What an account is told about itself: balances, chances, keys, pockets, wallets."""

from __future__ import annotations

from typing import Any

from exchanges.instrument import Venue
from exchanges.simulator.faults import FaultKind, Faults
from exchanges.simulator.upbit.account import UpbitAccount
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.fields import Fields
from exchanges.simulator.upbit.listings import asked_listing
from exchanges.simulator.upbit.refusal import Refusal, validation_error
from exchanges.simulator.upbit.shapes import NETWORKS, account_json, chance_json, korean_time


class AccountApi:
    """An account has one pocket, the main one."""

    def __init__(self, engine: UpbitEngine, faults: Faults) -> None:
        self._engine = engine
        self._faults = faults

    def balances(self, account: UpbitAccount, fields: Fields) -> Any:
        ledger = account.ledger
        coins = [name for name in ledger.currencies() if name != "KRW" and ledger.total(name)]
        return [account_json(account, currency) for currency in ("KRW", *coins)]

    def chance(self, account: UpbitAccount, fields: Fields) -> Any:
        listing = asked_listing(self._engine, fields)
        return chance_json(account, listing, is_active=not self._engine.is_halted(listing.native))

    def api_keys(self, account: UpbitAccount, fields: Fields) -> Any:
        return [{"access_key": account.key, "expire_at": korean_time(account.key_expires_at)}]

    def pockets(self, account: UpbitAccount, fields: Fields) -> Any:
        return [{"uuid": account.pocket_uuid, "name": "메인 포켓", "type": "main"}]

    def pocket_keys(self, account: UpbitAccount, fields: Fields) -> Any:
        """Those of ``uuids[]``, else of all pockets."""
        asked = fields.many("uuids")
        if asked and account.pocket_uuid not in asked:
            return []
        key = {
            "access_key": account.key,
            "permissions": ["view_account", "view_orders", "make_orders"],
            "allowed_ips": ["127.0.0.1"],
            "created_at": korean_time(account.key_made_at),
            "expired_at": korean_time(account.key_expires_at),
        }
        return [{"uuid": account.pocket_uuid, "keys": [key]}]

    def pocket_assets(self, account: UpbitAccount, fields: Fields) -> Any:
        asked = fields.one("uuid")
        if asked is None:
            raise validation_error("uuid is missing")
        if asked != account.pocket_uuid:
            raise Refusal(404, "pocket_not_found", "포켓을 찾지 못했습니다.")
        return self.balances(account, fields)

    def wallets(self, account: UpbitAccount, fields: Fields) -> Any:
        """Whether coins can be moved in and out."""
        return [self._wallet(coin) for coin in self._coins()]

    def _coins(self) -> list[str]:
        return [listing.symbol for listing in self._engine.market.listings(Venue.UPBIT)]

    def _wallet(self, coin: str) -> dict[str, Any]:
        closed = self._faults.holds(FaultKind.WALLET_CLOSED, Venue.UPBIT, coin)
        net_type, network = NETWORKS.get(coin, (coin, coin))
        now = self._engine.clock.now()
        return {
            "currency": coin,
            "wallet_state": "paused" if closed else "working",
            "block_state": "inactive" if closed else "normal",
            "block_height": int(now.timestamp()) // 600,
            "block_updated_at": now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+00:00",
            "block_elapsed_minutes": 0,
            "net_type": net_type,
            "network_name": network,
        }
