"""The auditor: what a set of facts must come to, written down without ever looking at their order.

Independent of the tables on purpose: it is the second opinion.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from saga.core import Fact, State
from saga.orders import OrderCancelled, OrderPlaced, PaymentReceived, PaymentTimedOut


@dataclass(frozen=True)
class Verdict:
    """An outcome and the net effects: the last condition of everything that was commanded."""

    outcome: str
    effects: frozenset[tuple[str, str]]


def audit(facts: Iterable[Fact]) -> Verdict:
    """The verdict on a set of facts (at least one)."""
    facts = list(facts)
    placed = any(f.kind is OrderPlaced for f in facts)
    cancelled = any(f.kind is OrderCancelled for f in facts)
    timed_out = any(f.kind is PaymentTimedOut for f in facts)
    payments = {f.fields["payment_id"]: f.fields["received_at"] or "~" for f in facts if f.kind is PaymentReceived}
    by_age = sorted(payments, key=lambda payment_id: (payments[payment_id], payment_id))
    if payments and cancelled:
        back = {(f"refund/{p}", "refunded") for p in payments}
        return _verdict("refunded", ("payment_request", "voided"), ("fulfilment", "stopped"), *back)
    if payments:
        back = {(f"refund/{p}", "refunded") for p in by_age[1:]}
        return _verdict("paid", ("payment_request", "voided"), ("fulfilment", "started"), *back)
    if cancelled:
        return _verdict("cancelled", ("payment_request", "voided"))
    if timed_out:
        return _verdict("expired", ("payment_request", "voided"))
    return _verdict("awaiting_payment", *([("payment_request", "requested")] if placed else []))


def net_effects(state: State) -> frozenset[tuple[str, str]]:
    """What the instance commanded last of everything; an armed deadline has no lasting effect."""
    return frozenset(
        (effect, sent.condition) for effect, sent in state.commanded.items() if effect != "payment_deadline"
    )


def _verdict(outcome: str, *effects: tuple[str, str]) -> Verdict:
    return Verdict(outcome, frozenset(effects))
