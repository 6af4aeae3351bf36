"""What became of a signal: the one answer that both doors, the journal and the flows carry."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, model_validator

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.signal import Direction
from tasks.wire_text import decimal_text

DecimalText = Annotated[
    Decimal, PlainSerializer(decimal_text, return_type=str, when_used="json-unless-none")
]


class OutcomeStatus(StrEnum):
    HEDGED = "hedged"
    """A pair is open and both legs hold the same."""
    CLOSED = "closed"
    HELD = "held"
    """An exit was refused because it would not be in profit; the pair stays."""
    DENIED = "denied"
    """Refused by us; nothing was sent."""
    DUPLICATE = "duplicate"
    """The signal's id was seen before; ``first`` is what became of it then."""
    FAILED = "failed"
    """Sent, and nothing is held."""
    UNWOUND = "unwound"
    """One leg failed and the other was undone: nothing is held, it cost something."""
    NAKED = "naked"
    """One leg is held without the other and the desk could not help it: a person is needed."""


class OutcomeLeg(BaseModel):
    """What one leg traded for this signal. ``average_price`` and ``fee`` in quote currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    venue: Venue
    side: Side
    quantity: DecimalText
    average_price: DecimalText | None
    """None when nothing was traded."""
    fee: DecimalText
    fee_currency: str
    client_order_ids: tuple[str, ...]


class Outcome(BaseModel):
    """The answer to one signal. ``reason`` reads ``code: sentence``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signal_id: str
    status: OutcomeStatus
    reason: str | None = None
    pair_id: str | None = None
    direction: Direction | None = None
    legs: tuple[OutcomeLeg, ...] = ()
    premium_pct: DecimalText | None = None
    """Executable, on the basis that decides, percent."""
    timings_us: dict[str, int] = Field(default_factory=dict)
    """Name of a stage → microseconds."""
    first: Outcome | None = None
    """With ``duplicate`` only: the outcome of the first time."""

    @model_validator(mode="after")
    def _only_a_duplicate_has_a_first(self) -> Self:
        if (self.status is OutcomeStatus.DUPLICATE) != (self.first is not None):
            raise ValueError("first: expected with status duplicate and only then")
        return self

    @property
    def settled(self) -> Outcome:
        """The outcome that counts: of a duplicate the first one."""
        return self.first.settled if self.first else self

    @property
    def is_failure(self) -> bool:
        """The signal was acted on and did not end as asked: the flow run that carried it fails."""
        return self.settled.status in (
            OutcomeStatus.FAILED,
            OutcomeStatus.UNWOUND,
            OutcomeStatus.NAKED,
        )

    def to_json(self) -> dict[str, Any]:
        """Decimals as strings; ``first`` only where there is one."""
        fields = self.model_dump(mode="json")
        if self.first is None:
            del fields["first"]
        else:
            fields["first"] = self.first.to_json()
        return fields
