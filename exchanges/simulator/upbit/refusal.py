"""The simulated Upbit's definite no, in Upbit's words."""

from __future__ import annotations


class Refusal(Exception):
    """Answered as ``{"error": {"name": …, "message": …}}`` with ``status``.

    ``name`` is a code on the exchange API and the HTTP status as a number on the quotation API
    (Upbit docs, REST API errors).
    """

    def __init__(self, status: int, name: str | int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message


def validation_error(message: str) -> Refusal:
    """A parameter that is missing or malformed on the exchange API."""
    return Refusal(400, "validation_error", message)


def bad_quotation(message: str) -> Refusal:
    """A parameter that is missing or malformed on the quotation API."""
    return Refusal(400, 400, message)


def market_not_found() -> Refusal:
    """A market code that is not listed, on the quotation API."""
    return Refusal(404, 404, "Code not found")
