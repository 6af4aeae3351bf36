"""Binance tells a key's rights.

``GET /sapi/v1/account/apiRestrictions`` at the spot address, signed as any request, weight 1,
answers ``{"ipRestrict", "createTime", "enableReading", "enableWithdrawals", "enableFutures",
"enableInternalTransfer", "permitsUniversalTransfer", …}``, all but the time booleans. Source:
Binance docs, Wallet, "Get API Key Permission".
"""

from __future__ import annotations

from exchanges.binance.signing import Signer
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.transport import Request, Transport
from tasks.venue_keys.key_check import KeyCheck, NotTold, Withdrawal, ask, shown

PATH = "/sapi/v1/account/apiRestrictions"

_REMARKS = (
    ("ipRestrict", False, "it is not bound to an address"),
    ("enableFutures", False, "it is not enabled for futures"),
    ("enableInternalTransfer", True, "it may move money to sub-accounts"),
    ("permitsUniversalTransfer", True, "it may move money between the account's wallets"),
)
"""Field, the value that is worth a remark, the remark."""


async def check_binance(
    transport: Transport, credentials: Credentials, clock: Clock, timeout_s: float
) -> KeyCheck:
    """Raises NotTold."""
    query = Signer(credentials).query((), clock.now())
    request = Request("GET", PATH, query, {"x-mbx-apikey": credentials.access_key})
    status, answer = await ask(transport, request, credentials, timeout_s)
    if not isinstance(answer, dict):
        raise NotTold(f"the answer is not of the form documented (HTTP {status})")
    withdraws = answer.get("enableWithdrawals")
    if status != 200 or not isinstance(withdraws, bool):
        code = shown(answer.get("code", "without a code"), credentials)
        raise NotTold(f"Binance refused to tell (HTTP {status}, {code})")
    return KeyCheck(
        Withdrawal.CAN if withdraws else Withdrawal.CANNOT,
        f"Binance says enableWithdrawals {str(withdraws).lower()}",
        tuple(remark for name, value, remark in _REMARKS if answer.get(name) is value),
    )
