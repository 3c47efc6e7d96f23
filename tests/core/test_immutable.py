"""What users get in their hands can't be changed, whether or not a type checker looks at their code."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from examples.gallery.first_event_wins import diverging
from saga.modules import Entry, Horizon, Module
from saga.operations import Kept, ListedCollaborator, RedriveReport
from saga.orders import OrderCancelled, OrderPlaced, PaymentReceived, order_process
from saga.orders.process import CANCELLATION, PAYMENT_REQUEST
from saga.testing import Scenario, check, make_fact

PROCESS = order_process()
PLACED = OrderPlaced(order_id="o-1", amount=1, currency="EUR")
PAID = PaymentReceived(order_id="o-1", payment_id="p-1", amount=1, currency="EUR", received_at="2026-01-01T00:00:00Z")
SCENARIO = Scenario(PROCESS).given(PLACED).when(PAID)
REPORT = check(diverging)
ROW = ("orders", 1, 0, "o-1", 1, "e-1", "OrderPlaced", None, "{}", '{"correlationid": "c-1"}', datetime.now(UTC))
ENTRY = Entry.from_row(ROW)

REDRIVEN = RedriveReport(answers=(), left_alone={"order": 1}, operation_id=1)
COLLABORATOR = ListedCollaborator("gateway", 1, 0, 0, 0, {"captured": 1}, None, 0, ())
KEPT = Kept({"OrderPlaced": {"order_id": ("the process",)}}, {"RequestPayment": frozenset({"amount"})}, ())

HANDED: dict[str, Any] = {
    "fact": make_fact(PLACED),
    "command": SCENARIO.sent[0],
    "scenario": SCENARIO,
    "report": REPORT,
    "finding": REPORT.findings[0],
    "history result": REPORT.results[0],
    "end state": REPORT.results[0].end_state,
    "entry": ENTRY,
    "horizon": Horizon(1, 1, 0, commit_ordered=True),
    "module": Module("orders", stream="order_id", events=(OrderPlaced,)),
    "process": PROCESS,
    "redrive report": REDRIVEN,
    "collaborator": COLLABORATOR,
    "what an erasure keeps": KEPT,
    "sub-machine": CANCELLATION,
    "effect": PAYMENT_REQUEST,
    "outcomes": PROCESS.outcomes,
    "wanted": PROCESS.wanted[0],
    "register": PROCESS.registers[0],
}

MAPPINGS: dict[str, Mapping[Any, Any]] = {
    "fields of a command": SCENARIO.sent[0].fields,
    "metadata of an entry": ENTRY.metadata,
    "dead letters left alone": REDRIVEN.left_alone,
    "results of a collaborator": COLLABORATOR.results,
    "fields that an erasure keeps": KEPT.fields,
    "inputs of a process": PROCESS.inputs,
    "message classes of a process": PROCESS.message_types,
    "moves of a sub-machine": CANCELLATION.moves,
    "a row of a sub-machine": CANCELLATION.moves[CANCELLATION.start],
    "commands of an effect": PAYMENT_REQUEST.commands,
    "outcomes of a table": PROCESS.outcomes.cells,
    "wants of a table": PROCESS.wanted[0].cells,
    "wants of a cell": next(iter(PROCESS.wanted[0].cells.values())),
}


@pytest.mark.parametrize("name", HANDED)
def test_no_field_of_a_value_can_be_written(name: str) -> None:
    value = HANDED[name]
    assert is_dataclass(value)
    for one in fields(value):
        with pytest.raises(FrozenInstanceError):
            setattr(value, one.name, None)


@pytest.mark.parametrize("name", MAPPINGS)
def test_no_table_of_a_value_can_be_written(name: str) -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        MAPPINGS[name]["new"] = None  # type: ignore[index]


def test_what_a_declaration_was_made_of_may_change_without_it() -> None:
    moves = {state: dict(row) for state, row in CANCELLATION.moves.items()}
    machine = type(CANCELLATION)("cancellation", start=CANCELLATION.start, moves=moves)
    moves.clear()
    assert machine == CANCELLATION
    assert machine.move(machine.start, OrderCancelled) is not machine.start
