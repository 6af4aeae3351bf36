"""The simulated Upbit's definite no, in Upbit's words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Refusal(Exception):
    """Answered as ``{"error": {"name": …, "message": …}}`` with ``status`` and ``headers``.

    ``name`` is a code on the exchange API and the HTTP status as a number on the quotation API
    (Upbit docs, REST API errors).
    """

    def __init__(
        self,
        status: int,
        name: str | int,
        message: str,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message
        self.headers = headers


STATUSES: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "invalid_query_payload",
                "jwt_verification",
                "invalid_access_key",
                "expired_access_key",
                "nonce_used",
                "no_authorization_ip",
                "no_authorization_i_p",
                "no_authorization_token",
            ),
            401,
        ),
        **dict.fromkeys(("out_of_scope", "thirdparty_agreement_required"), 403),
        "order_not_found": 404,
        "too_many_requests": 429,
        "server_error": 500,
    }
)
"""HTTP status by name where it is not 400 (Upbit docs, REST API errors)."""


def validation_error(message: str) -> Refusal:
    """A parameter that is missing or malformed on the exchange API."""
    return Refusal(400, "validation_error", message)


def order_not_found() -> Refusal:
    return Refusal(404, "order_not_found", "주문을 찾지 못했습니다.")


def insufficient_funds(wire_side: str, currency: str) -> Refusal:
    """``wire_side``: bid or ask."""
    return Refusal(
        400, f"insufficient_funds_{wire_side}", f"주문가능한 금액({currency})이 부족합니다."
    )


def market_halted() -> Refusal:
    """An order for a market that takes none. The name is not in the venue's published list; what
    counts is the 400."""
    return Refusal(400, "market_offline", "현재 거래가 일시 중단된 마켓입니다.")


def bad_quotation(message: str) -> Refusal:
    """A parameter that is missing or malformed on the quotation API."""
    return Refusal(400, 400, message)


def market_not_found() -> Refusal:
    """A market code that is not listed, on the quotation API."""
    return Refusal(404, 404, "Code not found")
