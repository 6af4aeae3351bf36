"""Upbit lists no key's rights, so the right itself is tried where trying does no harm.

``DELETE /v1/withdraws/coin`` cancels a withdrawal and needs the right to withdraw (출금하기); it is
asked for a fresh random UUID, which is no withdrawal's, so there is nothing that it could cancel.

* ``out_of_scope`` (401 or 403; the docs know both): the key lacks the right. That is proof.
* ``open_api_withdraw_locked``: it has the right, held back by the lock that Upbit puts on such keys
  since July 2026 and that the account's owner opens with one switch. It counts as able.
* Another refusal of the UUID: the right was not missed, but the docs do not promise that it is
  looked at first. Then ``GET /v1/withdraws``, which needs the right to see withdrawals (출금조회),
  decides: a key that is allowed even that counts as able; one that is not remains in doubt.

Source: Upbit docs, "Cancel digital asset withdrawal", "List withdrawals", "API setup" (errors).
"""

from __future__ import annotations

import uuid

from exchanges.credentials import Credentials
from exchanges.transport import Request, Transport
from exchanges.upbit.signing import Parameters, fresh_nonce, query_string, token
from tasks.venue_keys.key_check import KeyCheck, NotTold, Withdrawal, ask, shown

CANCEL_PATH = "/v1/withdraws/coin"
LIST_PATH = "/v1/withdraws"
NO_RIGHT = "out_of_scope"
LOCKED = "open_api_withdraw_locked"
_NOT_THE_KEY = (400, 404)
"""Statuses of a refusal that concerns the UUID."""


async def check_upbit(transport: Transport, credentials: Credentials, timeout_s: float) -> KeyCheck:
    """Raises NotTold."""

    async def attempt(method: str, path: str, parameters: Parameters) -> tuple[int, str]:
        bearer = f"Bearer {token(credentials, fresh_nonce(), parameters)}"
        request = Request(method, path, query_string(parameters), {"authorization": bearer})
        status, answer = await ask(transport, request, credentials, timeout_s)
        return status, _name(answer)

    status, name = await attempt("DELETE", CANCEL_PATH, [("uuid", str(uuid.uuid4()))])
    if name == NO_RIGHT:
        return KeyCheck(Withdrawal.CANNOT, f"Upbit says {NO_RIGHT} to withdrawing")
    if name == LOCKED:
        return KeyCheck(Withdrawal.CAN, f"Upbit says {LOCKED}: it has the right, locked for now")
    if status not in _NOT_THE_KEY or not name:
        raise NotTold(f"Upbit answered HTTP {status} {shown(name, credentials)}".rstrip())
    list_status, list_name = await attempt("GET", LIST_PATH, [("limit", "1")])
    if list_status == 200:
        return KeyCheck(Withdrawal.CAN, "Upbit let it at withdrawals")
    raise NotTold(
        f"Upbit answered HTTP {status} {shown(name, credentials)} to withdrawing and "
        f"HTTP {list_status} {shown(list_name, credentials)}".rstrip()
        + " to looking"
    )


def _name(answer: object) -> str:
    """The error's name; both envelopes that Upbit uses. ``""``: none."""
    error = answer.get("error", answer) if isinstance(answer, dict) else None
    name = error.get("name") if isinstance(error, dict) else None
    return name if isinstance(name, str) else ""
