"""A shop that its tests declare once more with one thing changed, and what becomes of a live instance then.

An order is placed and paid, possibly several times; a cancelled one gives each payment back.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel, create_model

from saga.convergence import Finding, Kind, check_upgrade, make_fact
from saga.core import (
    ARMED,
    Command,
    CommandTemplate,
    Deadline,
    Decision,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    State,
    SubMachine,
    Wants,
    decide,
    dump_state,
    every,
    load_state,
    outcomes,
    wanted,
)
from saga.messages.facts import read_fact


class Placed(BaseModel):
    order_id: str


class Paid(BaseModel):
    order_id: str
    payment_id: str
    amount: int


class Settled(BaseModel):
    order_id: str
    payment_id: str
    amount: int


class Cancelled(BaseModel):
    order_id: str


class Elapsed(BaseModel):
    order_id: str


class Reviewed(BaseModel):
    order_id: str


class Came(Enum):
    NO = "no"
    YES = "yes"


class Outcome(Enum):
    OPEN = "open"
    CANCELLED = "cancelled"


class Refund(Enum):
    REQUESTED = "requested"


class Invoice(Enum):
    SENT = "sent"
    VOIDED = "voided"


def memory(name: str, *kinds: type) -> SubMachine[Came]:
    return SubMachine(name, Came.NO, {state: dict.fromkeys(kinds, Came.YES) for state in Came})


def refund(
    name: str = "refund", collaborator: str = "bank", word: Enum = Refund.REQUESTED, *, is_final: bool = True, **of: Any
) -> Effect:
    template = CommandTemplate("RefundPayment", **of)
    return Effect(name, collaborator, {word: template}, final=frozenset({word} if is_final else ()))


INVOICE = Effect(
    "invoice", "office", {Invoice.SENT: CommandTemplate("SendInvoice"), Invoice.VOIDED: CommandTemplate("VoidInvoice")}
)
PAYMENTS = Register("payments", Paid, "payment_id")
CANCELLATION = memory("cancelled", Cancelled)
AMOUNT = ("amount",)


def shop(
    version: int = 1,
    *,
    payments: Register = PAYMENTS,
    effect: Effect | None = None,
    is_single: bool = False,
    cancellation: SubMachine[Any] = CANCELLATION,
    rule: Callable[[Any], Outcome] = lambda cancelled: Outcome.OPEN if cancelled.value == "no" else Outcome.CANCELLED,
    open_wants: Wants | None = None,
    cancelled_wants: Wants | None = None,
    more: Sequence[SubMachine[Any] | Reducer] = (),
    **changed: Any,
) -> Process:
    """The shop, in a version in which what is given is declared so."""
    effect = effect or refund(register=payments, fields=AMOUNT)
    refunds = next(iter(effect.commands)) if is_single else every(payments)
    table = outcomes(cancellation, rule=rule)
    wants: Mapping[Enum, Wants] = {
        Outcome.OPEN: open_wants if open_wants is not None else {INVOICE: Invoice.SENT},
        Outcome.CANCELLED: cancelled_wants
        if cancelled_wants is not None
        else {INVOICE: Invoice.VOIDED, effect: refunds},
    }
    machines = (memory("placed", Placed), cancellation, *[one for one in more if isinstance(one, SubMachine)])
    registers: tuple[Register | Reducer, ...] = (payments, *[one for one in more if isinstance(one, Reducer)])
    kinds = dict.fromkeys(
        kind for stored in (machines, registers) for one in stored for kind in sorted(one.inputs, key=str)
    )
    declared: dict[str, Any] = {
        "name": "shop",
        "version": version,
        "correlate": "order_id",
        "inputs": {"m": tuple(kinds)},
        "machines": machines,
        "registers": registers,
        "outcomes": table,
        "wanted": (wanted(table, rows=[(outcome, wants[outcome]) for outcome in table.states]),),
        "settled": frozenset(table.states),
    }
    return Process(**declared | changed)


def add_id(known: list[Any], fact: Fact) -> list[Any]:
    return sorted({*known, fact.fields["payment_id"]}, key=str)


def anew(kind: type[BaseModel], **fields: Any) -> Any:
    """The class once more, with these fields added, changed, or (None) removed."""
    known: dict[str, Any] = {name: (one.annotation, one) for name, one in kind.model_fields.items()}
    return create_model(kind.__name__, **{name: one for name, one in (known | fields).items() if one is not None})


def kept(paid: type[BaseModel], key: str = "payment_id") -> Register:
    return Register("payments", paid, key)


PLACED, CANCELLED = Placed(order_id="o"), Cancelled(order_id="o")
FIRST, SECOND = ({"order_id": "o", "payment_id": f"p{number}", "amount": 100} for number in (1, 2))
"""Payments as they are published."""


def facts(process: Process, *messages: BaseModel | Mapping[str, Any]) -> list[Fact]:
    """The messages as this version reads them; payments are given as data."""
    kinds = process.message_types
    return [
        read_fact(kinds["Paid"], one)
        if isinstance(one, Mapping)
        else read_fact(kinds[type(one).__name__], make_fact(one).fields)
        for one in messages
    ]


def run(process: Process, state: State, *messages: BaseModel | Mapping[str, Any]) -> tuple[list[Decision], State]:
    decisions = []
    for fact in facts(process, *messages):
        decisions.append(decide(process, state, fact))
        state = decisions[-1].state
    return decisions, state


def go_over(
    old: Process, new: Process, before: Sequence[Any], after: Sequence[Any]
) -> tuple[list[Command], list[Decision], State]:
    """The commands of the old version, and the decisions and the last state of the new one."""
    decisions, state = run(old, State.start(old), *before)
    sent = [command for one in decisions for command in one.commands]
    return sent, *run(new, load_state(new, dump_state(state)), *after)


def commands(decisions: Sequence[Decision]) -> list[Command]:
    return [command for one in decisions for command in one.commands]


def types(sent: Sequence[Command]) -> list[str]:
    return [one.type for one in sent]


def alone(new: Process, *messages: Any) -> dict[str, Command]:
    """The last command for each effect if the new version handles everything."""
    return {one.effect: one for one in commands(run(new, State.start(new), *messages)[0])}


def found(old: Process, new: Process, kind: Kind, words: str) -> Finding:
    """The finding of that kind with these words. Each names the version at which its history changes."""
    findings = check_upgrade(old, new)
    assert (kind, True) in [(one.kind, words in one.sentence) for one in findings], [one.sentence for one in findings]
    finding = next(one for one in findings if one.kind is kind and words in one.sentence)
    assert "[version 2]" in finding.sentence
    return finding


def timed(version: int, name: str | None = "reminder", emits: type = Elapsed, **more: Any) -> Process:
    """The shop with a deadline."""
    wants: Wants = {Deadline(name, emits=emits, after=timedelta(hours=1)): ARMED} if name else {}
    return shop(version, open_wants=wants, cancelled_wants={}, more=(memory("elapsed", Elapsed, emits),), **more)


class Reminded(BaseModel):
    order_id: str


final = refund(register=PAYMENTS, fields=AMOUNT)
