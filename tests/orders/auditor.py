"""The auditor: what a set of facts must come to, written down without ever looking at their order.

Independent of the tables on purpose: it checks them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from saga.core import Fact, State
from saga.core.announcement import ANNOUNCED
from saga.orders import OrderCancelled, OrderPlaced, PaymentReceived, PaymentTimedOut


@dataclass(frozen=True)
class EndState:
    """An outcome and the net effects: the last condition of everything that was commanded."""

    outcome: str
    effects: frozenset[tuple[str, str]]


def audit(facts: Iterable[Fact]) -> EndState:
    """The end state for a set of facts (at least one)."""
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


def what_is_said(facts: Iterable[Fact]) -> Mapping[tuple[str, str], tuple[str, str, Mapping[str, Any]]]:
    """For each effect and condition that can be wanted: the command that brings it about, to whom, and what it says."""
    facts = list(facts)
    order = next((f.fields for f in facts if f.kind is OrderPlaced), {})
    payments = {f.fields["payment_id"]: f.fields for f in facts if f.kind is PaymentReceived}
    said: dict[tuple[str, str], tuple[str, str, Mapping[str, Any]]] = {
        ("payment_request", "requested"): ("RequestPayment", "gateway", _only(order, "amount", "currency")),
        ("payment_request", "voided"): ("VoidPayment", "gateway", {}),
        ("fulfilment", "started"): ("StartFulfilment", "fulfilment", {}),
        ("fulfilment", "stopped"): ("StopFulfilment", "fulfilment", {}),
    }
    for payment_id, payment in payments.items():
        refund = _only(payment, "payment_id", "amount", "currency")
        said[f"refund/{payment_id}", "refunded"] = ("RefundPayment", "gateway", refund)
    return said


def _only(fields: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    return {name: fields.get(name) for name in names}


def net_effects(state: State) -> frozenset[tuple[str, str]]:
    """What the instance commanded last of everything; an armed deadline has no lasting effect."""
    return frozenset(
        (effect, sent.condition)
        for effect, sent in state.commanded.items()
        if effect not in ("payment_deadline", ANNOUNCED)
    )


def _verdict(outcome: str, *effects: tuple[str, str]) -> EndState:
    return EndState(outcome, frozenset(effects))
