"""The money of one simulated account: exact, never negative, part of it locked."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

ZERO = Decimal(0)


class InsufficientFunds(Exception):
    """Less is available than the amount asked for. Nothing was changed."""

    def __init__(self, currency: str, needed: Decimal, available: Decimal) -> None:
        super().__init__(f"{currency}: {needed} needed, {available} available")
        self.currency = currency
        self.needed = needed
        self.available = available


class Ledger:
    """Totals and locks by currency. total = available + locked, none below zero."""

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        for currency, amount in balances.items():
            if not amount.is_finite() or amount < 0:
                raise ValueError(f"{currency}: a balance must be 0 or more")
        self._total = dict(balances)
        self._locked: dict[str, Decimal] = {}

    def currencies(self) -> tuple[str, ...]:
        """In the order in which they first appeared; emptied ones stay."""
        return tuple(self._total)

    def total(self, currency: str) -> Decimal:
        return self._total.get(currency, ZERO)

    def locked(self, currency: str) -> Decimal:
        return self._locked.get(currency, ZERO)

    def available(self, currency: str) -> Decimal:
        return self.total(currency) - self.locked(currency)

    def lock(self, currency: str, amount: Decimal) -> None:
        """Set ``amount`` ≥ 0 aside; raises InsufficientFunds."""
        self._need(currency, amount, self.available(currency))
        self._locked[currency] = self.locked(currency) + amount

    def unlock(self, currency: str, amount: Decimal) -> None:
        """Free ``amount`` that was locked; freeing more than is locked is a ValueError."""
        if not 0 <= amount <= self.locked(currency):
            raise ValueError(f"cannot free {amount} of {self.locked(currency)} {currency}")
        self._locked[currency] = self.locked(currency) - amount

    def credit(self, currency: str, amount: Decimal) -> None:
        if amount < 0:
            raise ValueError(f"cannot credit {amount} {currency}")
        self._total[currency] = self.total(currency) + amount

    def debit(self, currency: str, amount: Decimal) -> None:
        """Take ``amount`` ≥ 0 of what is available; raises InsufficientFunds."""
        self._need(currency, amount, self.available(currency))
        self._total[currency] = self.total(currency) - amount

    def spend_locked(self, currency: str, amount: Decimal) -> None:
        """Take ``amount`` out of what is locked."""
        self.unlock(currency, amount)
        self._total[currency] = self.total(currency) - amount

    @staticmethod
    def _need(currency: str, amount: Decimal, available: Decimal) -> None:
        if amount < 0:
            raise ValueError(f"cannot take {amount} {currency}")
        if amount > available:
            raise InsufficientFunds(currency, amount, available)
