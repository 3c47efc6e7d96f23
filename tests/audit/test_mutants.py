"""Whatever table an engine runs that is not the model's, some history shows it to the audit."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations

import orjson
import pytest

from saga.core import DeclarationError, Fact, Process, State, dump_state
from saga.engine.answers import answer
from saga.engine.instances import Instance
from saga.engine.intake import AdmittedMessage, admit
from saga.engine.turns import in_one_go
from saga.messages import Poison
from saga.modules import Entry, NewEvent, Visibility
from saga.orders import order_process
from saga.verification.audit import Record
from saga.verification.audit.comparison import compare
from saga.verification.difference import Difference
from saga.verification.replay import Stored
from tests.audit.evidence import told
from tests.convergence.mutation import FACTS, mutants, the_order_process, why_equivalent

pytestmark = pytest.mark.system

MODEL = order_process()
INSTANCE = "o-1"

ORDER_ALONE_TELLS = {
    f"({outcome}, PLACED) add payment_deadline ARMED" for outcome in ("PAID", "EXPIRED", "CANCELLED", "REFUNDED")
}
"""A deadline that is armed when everything is decided: had the order been placed first, it would be armed too."""

DEADLINES_ARE_KNOWN_BY_NAME = {
    "payment_deadline emits OrderPlaced",
    "payment_deadline emits OrderCancelled",
    "payment_deadline emits PaymentReceived",
    "payment_deadline without an override",
    "payment_deadline a minute later",
}
"""The audit sees that a deadline was armed. What it emits shows once it fired, when it was due never."""
NOTHING_THAT_AN_ENGINE_DOES = {
    "payment_request (REQUESTED) toggle final",
    "fulfilment (STARTED) toggle final",
}
"""What is final is a claim that the checker examines before anything runs."""


def histories() -> Iterator[Sequence[Fact]]:
    """Every subset of the facts, forwards and backwards, and each fact twice."""
    for size in range(1, len(FACTS) + 1):
        for subset in combinations(FACTS, size):
            yield from (subset, subset[::-1], (*subset, *subset))


def entry(event: NewEvent) -> Entry:
    """The event as it stands in the log."""
    assert event.stream_version is not None
    return Entry(
        MODEL.module,
        event.stream_version,
        0 if event.visibility is Visibility.PUBLIC else None,
        event.stream_id,
        event.stream_version,
        event.event_id,
        event.type,
        event.target,
        orjson.dumps(event.data).decode(),
        event.metadata,
        datetime(2026, 1, 1, tzinfo=UTC),
    )


def audited(engine_runs: Process, history: Sequence[Fact]) -> tuple[Difference, ...]:
    """What the audit finds in what this process has made of a history."""
    admitted = [admit(engine_runs, told(fact, INSTANCE)) for fact in history]
    understood: list[AdmittedMessage] = [one for one in admitted if not isinstance(one, Poison)]
    started = {INSTANCE: Instance(INSTANCE, 0, State.start(engine_runs))}
    answers = in_one_go(answer(engine_runs, started, understood))
    if not answers.decided:
        return ()
    (decided,) = answers.decided
    state = orjson.loads(orjson.dumps(dump_state(decided.instance.state)))
    settled = decided.outcome in engine_runs.settled
    stored = Stored(1, decided.instance.stream_version, decided.outcome.value, settled, state)
    first, *others = map(entry, answers.entries)
    record = Record.begun(MODEL, first)
    for one in others:
        record.add(one)
    return compare(MODEL, stored, record, {armed.timer.name for armed in answers.timers}).differences


def test_the_unbroken_process_is_what_the_model_says() -> None:
    for history in histories():
        assert audited(the_order_process().build(), history) == (), [fact.kind.__name__ for fact in history]


def test_every_table_that_is_another_process_is_found() -> None:
    unnoticed, runnable = [], 0
    for mutant in mutants():
        try:
            process = mutant.draft.build()
        except DeclarationError:
            continue
        runnable += 1
        if not any(audited(process, history) for history in histories()):
            unnoticed.append(mutant)
    assert runnable > 100
    explained = ORDER_ALONE_TELLS | DEADLINES_ARE_KNOWN_BY_NAME | NOTHING_THAT_AN_ENGINE_DOES
    assert {mutant.change for mutant in unnoticed if why_equivalent(mutant) is None} == explained
