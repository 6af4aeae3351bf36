"""Hyperliquid: an API wallet (agent) signs orders and cannot withdraw; any other wallet can.

``POST /info {"type": "userRole", "user": ADDRESS}`` answers ``{"role": "agent", "data": {"user":
MAIN}}``, or the role ``user``, ``vault``, ``subAccount`` or ``missing``. Source: Hyperliquid docs,
Info endpoint, "Query a user's role".
"""

from __future__ import annotations

from exchanges.credentials import Credentials
from exchanges.hyperliquid.signing import address_of, parse_key
from exchanges.transport import Request, Transport
from tasks.venue_keys.key_check import KeyCheck, NotTold, Withdrawal, ask

_JSON = {"content-type": "application/json"}


async def check_hyperliquid(
    transport: Transport, credentials: Credentials, timeout_s: float
) -> KeyCheck:
    """Nothing but the public address of the key leaves the desk. Raises NotTold."""
    account = credentials.access_key.lower()
    signer = address_of(parse_key(credentials.secret_key))
    if signer == account:
        return KeyCheck(Withdrawal.CAN, "it is the account's own wallet, no API wallet")
    body = f'{{"type":"userRole","user":"{signer}"}}'.encode()
    request = Request("POST", "/info", headers=_JSON, body=body)
    status, answer = await ask(transport, request, credentials, timeout_s)
    role = answer.get("role") if isinstance(answer, dict) else None
    if status != 200 or not isinstance(answer, dict):
        raise NotTold(f"Hyperliquid refused to tell (HTTP {status})")
    if role in ("user", "vault", "subAccount"):
        return KeyCheck(Withdrawal.CAN, f"Hyperliquid says that it is a {role}, no API wallet")
    if role == "missing":
        raise NotTold("Hyperliquid does not know it: approve it as an API wallet first")
    data = answer.get("data")
    master = data.get("user") if isinstance(data, dict) else None
    if role != "agent" or not isinstance(master, str):
        raise NotTold("Hyperliquid's answer is not of the form documented")
    remarks = () if master.lower() == account else ("it is the API wallet of another account",)
    return KeyCheck(Withdrawal.CANNOT, "Hyperliquid says that it is an API wallet", remarks)
