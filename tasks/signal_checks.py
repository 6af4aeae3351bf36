"""Checks of the desk's own state and of the signal as such."""

from __future__ import annotations

from datetime import timedelta

from tasks.gate_facts import Door, GateFacts, SignerFacts
from tasks.refusal import Refusal
from tasks.signal import Signal
from tasks.switch_guard import SIGNAL_INTAKE, STOPS_ENTRIES

MILLISECOND = timedelta(milliseconds=1)


def intake_paused(facts: GateFacts) -> Refusal | None:
    """A paused intake refuses what research sends; an operator can still close a pair by hand."""
    if not facts.switches.paused.get(SIGNAL_INTAKE):
        return None
    if facts.door is Door.OPERATOR and not facts.is_entry:
        return None
    told = f"{SIGNAL_INTAKE} is paused in Prefect: signals are refused"
    return Refusal("paused", told + _why(facts, SIGNAL_INTAKE))


def entries_paused(facts: GateFacts) -> Refusal | None:
    for name in STOPS_ENTRIES:
        if name != SIGNAL_INTAKE and facts.is_entry and facts.switches.paused.get(name):
            told = f"{name} is paused in Prefect: no new pairs"
            return Refusal("paused", told + _why(facts, name))
    return None


def _why(facts: GateFacts, switch: str) -> str:
    why = facts.switches.why.get(switch)
    return f" ({why})" if why else ""


def switch_silent(facts: GateFacts) -> Refusal | None:
    if not facts.is_entry:
        return None
    age_s, limit_s = facts.switches.age_s, facts.settings.switch_silence_s
    if age_s is None:
        return Refusal("switch_silent", "Prefect was never heard, so a pause could be missed")
    if age_s > limit_s:
        return Refusal(
            "switch_silent", f"Prefect was last heard {age_s:.1f} s ago, at most {limit_s:g} s"
        )
    return None


def killed(facts: GateFacts) -> Refusal | None:
    if facts.is_entry and facts.killed is not None:
        return Refusal("killed", f"the desk was killed ({facts.killed}) and not resumed")
    return None


def lease_lost(facts: GateFacts) -> Refusal | None:
    if facts.lease_held:
        return None
    return Refusal("lease_lost", "this executor does not hold the journal's lease")


def not_ready(facts: GateFacts) -> Refusal | None:
    if facts.is_entry and facts.not_ready is not None:
        return Refusal("not_ready", facts.not_ready)
    return None


def unknown_key(facts: GateFacts) -> Refusal | None:
    return key_refusal(facts.signal, facts.signer)


def bad_signature(facts: GateFacts) -> Refusal | None:
    return signature_refusal(facts.signal, facts.signer)


def key_refusal(signal: Signal, signer: SignerFacts) -> Refusal | None:
    if signal.key_id is None:
        return Refusal("unknown_key", "the signal names no key_id")
    if not signer.is_trusted:
        return Refusal("unknown_key", f"no trusted key is named {signal.key_id}")
    return None


def signature_refusal(signal: Signal, signer: SignerFacts) -> Refusal | None:
    if not signer.is_trusted or signer.signature_fits:
        return None
    if signal.signature is None:
        return Refusal("bad_signature", "the signal is not signed")
    return Refusal(
        "bad_signature",
        f"the signature is not one of {signal.key_id} over the canonical form of this signal",
    )


def operator_not_allowed(facts: GateFacts) -> Refusal | None:
    if not facts.signer.is_operator or facts.settings.operator_trades:
        return None
    return Refusal(
        "operator_not_allowed", "the operator key may not trade (setting operator_may_trade)"
    )


def duplicate(facts: GateFacts) -> Refusal | None:
    if facts.seen_before:
        return Refusal("duplicate", f"a signal with the id {facts.signal.id} was seen before")
    return None


def expired(facts: GateFacts) -> Refusal | None:
    age_ms = (facts.now - facts.signal.created_at) // MILLISECOND
    if age_ms <= facts.signal.ttl_ms:
        return None
    return Refusal(
        "expired", f"the signal is {age_ms:,} ms old, it was good for {facts.signal.ttl_ms:,} ms"
    )


def from_future(facts: GateFacts) -> Refusal | None:
    lead_ms = (facts.signal.created_at - facts.now) // MILLISECOND
    limit_ms = facts.settings.max_signal_lead_ms
    if lead_ms <= limit_ms:
        return None
    return Refusal(
        "from_future", f"the signal is dated {lead_ms:,} ms in the future, at most {limit_ms:,} ms"
    )


def symbol_unknown(facts: GateFacts) -> Refusal | None:
    traded = facts.settings.symbols
    if facts.signal.symbol in traded:
        return None
    return Refusal(
        "symbol_unknown", f"{facts.signal.symbol} is not traded here, only {', '.join(traded)}"
    )
