"""The decision about a key: asked at its venue, and refused when it can withdraw."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from exchanges.clock import Clock
from exchanges.endpoints import Endpoints
from exchanges.http_transport import HttpTransport
from exchanges.instrument import Venue
from tasks.errors import KeyRefused
from tasks.settings import Mode, Settings
from tasks.venue_keys.binance_check import check_binance
from tasks.venue_keys.hyperliquid_check import check_hyperliquid
from tasks.venue_keys.key_check import KeyCheck, NotTold, Withdrawal
from tasks.venue_keys.private_files import private_folder, read_private, replace_private
from tasks.venue_keys.upbit_check import check_upbit
from tasks.venue_keys.venue_key import VenueKey

log = logging.getLogger(__name__)

PROOF = timedelta(days=7)
"""How long a venue's word counts when it cannot be asked again. A desk with open pairs that
restarts while a venue is down must be able to close them."""


async def check_key(key: VenueKey, settings: Settings, clock: Clock) -> KeyCheck:
    """Ask the key's venue. Never raises: what cannot be known is ``NOT_TOLD``."""
    timeout_s = settings.request_timeout_ms / 1000
    addresses = {
        Venue.UPBIT: settings.upbit_url,
        Venue.BINANCE: settings.binance_spot_url,
        Venue.HYPERLIQUID: settings.hyperliquid_url,
    }
    transport = HttpTransport(Endpoints(addresses[key.venue]))
    try:
        match key.venue:
            case Venue.UPBIT:
                return await check_upbit(transport, key.credentials, timeout_s)
            case Venue.BINANCE:
                return await check_binance(transport, key.credentials, clock, timeout_s)
            case Venue.HYPERLIQUID:
                return await check_hyperliquid(transport, key.credentials, timeout_s)
    except NotTold as error:
        return KeyCheck(Withdrawal.NOT_TOLD, str(error))
    finally:
        await transport.aclose()


def refuse_able(key: VenueKey, check: KeyCheck) -> None:
    """Raises KeyRefused when ``key`` can withdraw."""
    if check.withdrawal is Withdrawal.CAN:
        raise KeyRefused(
            f"{key} can withdraw ({check.why}): make one at {key.venue} that cannot, and take this "
            "one back there"
        )


async def demand_unable_to_withdraw(
    keys: Iterable[VenueKey], settings: Settings, clock: Clock
) -> None:
    """Before trading: in live mode no key that can withdraw, and none of which it is not known.

    Raises:
        KeyRefused: one can; or its venue does not tell, did not within ``PROOF`` either, and
            ``allow_unchecked_keys`` is not set.
    """
    if settings.mode is not Mode.LIVE:
        return
    proofs, asked = Proofs(settings.keys_dir), tuple(keys)
    checks = await asyncio.gather(*(check_key(key, settings, clock) for key in asked))
    for key, check in zip(asked, checks, strict=True):
        refuse_able(key, check)
        if check.withdrawal is Withdrawal.CANNOT:
            log.info("%s cannot withdraw: %s", key, check.why)
            proofs.keep(key, clock.now())
        elif proofs.holds(key, clock.now()):
            log.warning("%s: not known today (%s), lately it could not withdraw", key, check.why)
        elif settings.allow_unchecked_keys:
            log.warning("%s: not known whether it can withdraw: %s", key, check.why)
        else:
            raise KeyRefused(
                f"{key}: not known whether it can withdraw: {check.why}; to trade with it all the "
                "same set KIMP_ALLOW_UNCHECKED_KEYS=true"
            )


class Proofs:
    """When each venue last said that a key cannot withdraw, in ``checked.json`` (0600). Keys stand
    in it by fingerprint."""

    def __init__(self, keys_dir: Path) -> None:
        self._file = keys_dir / "checked.json"

    def holds(self, key: VenueKey, now: datetime) -> bool:
        said = self._read().get(key.fingerprint)
        return said is not None and timedelta(0) <= now - said < PROOF

    def keep(self, key: VenueKey, now: datetime) -> None:
        """Raises OSError when it cannot be written."""
        kept = {name: said for name, said in self._read().items() if now - said < PROOF}
        private_folder(self._file.parent)
        replace_private(self._file, orjson.dumps({**kept, key.fingerprint: now}))

    def _read(self) -> dict[str, datetime]:
        """Nothing when the file is unreadable: then nothing is proven."""
        try:
            content = orjson.loads(read_private(self._file) or b"{}")
            times = {name: datetime.fromisoformat(said) for name, said in content.items()}
            return {name: said for name, said in times.items() if said.tzinfo is not None}
        except (KeyRefused, ValueError, TypeError, AttributeError):
            return {}
