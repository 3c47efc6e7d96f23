"""What one instance may hold is bounded; what is beyond that waits for a person, and nobody else waits for it."""

import asyncio
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.convergence import Kind, check
from saga.core import DeclarationError, Fact, Process, Reducer, Register, outcomes
from saga.engine import Step, answers, instances
from saga.engine.turns import in_turns
from saga.messages import Envelope
from saga.operations.dead_letters import list_open_ids, read_letters
from saga.orders import order_process
from saga.orders.process import PAYMENTS
from saga.verification.replay import check as replay
from tests.audit.evidence import told
from tests.engine.conversation import commands, dead_letters, message, outcome, rows, value

PROCESS = order_process()
FACTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("OrderPlaced", {}),
    ("OrderCancelled", {}),
    ("PaymentReceived", {"payment_id": "p-1"}),
    ("PaymentReceived", {"payment_id": "p-2"}),
    ("PaymentReceived", {"payment_id": "p-3"}),
)


@contextmanager
def holding_at_most(payments: int) -> Iterator[None]:
    """The order process with another bound; the declaration is a value, and everything names this one register."""
    before = PAYMENTS.most
    object.__setattr__(PAYMENTS, "most", payments)
    try:
        yield
    finally:
        object.__setattr__(PAYMENTS, "most", before)


def payment(number: int, order_id: str = "o-1", **data: Any) -> Envelope:
    return message("PaymentReceived", order_id, payment_id=f"p-{number:05}", **data)


async def redrive_all(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        letters = await read_letters(connection, [*await list_open_ids(connection)])
    for letter in letters.values():
        envelope = next(one for one in SENT if one.raw.body == letter.body)
        await Step(engine, PROCESS).handle([envelope], redriven=[letter.id])


SENT: list[Envelope] = []


async def net_effects(engine: AsyncEngine, order_id: str) -> tuple[str | None, list[Any]]:
    """The outcome, and the last command for each effect."""
    last = await rows(
        engine,
        "SELECT DISTINCT ON (data ->> 'effect') data ->> 'effect', type, data - 'revision' - 'order_id'"
        " FROM saga.event_log WHERE stream_id = :id AND target IS NOT NULL"
        " ORDER BY data ->> 'effect', stream_version DESC",
        id=order_id,
    )
    return await outcome(engine, order_id), [one for one in last if one[1] != "VoidPayment"]


async def test_what_is_beyond_the_bound_is_a_dead_letter_that_says_what_to_do(engine: AsyncEngine) -> None:
    step = Step(engine, PROCESS)
    with holding_at_most(2):
        taken = await step.handle([payment(1), payment(2), payment(3), message("OrderPlaced", "o-2")])
        assert (taken.taken, taken.dead, list(taken.full)) == (3, 1, ["o-1"])
        assert await dead_letters(engine) == [
            (
                "failed",
                "register payments holds 2 entries, and its bound is most=2: raise the bound, deploy, then redrive",
            )
        ]
        again, contradiction = payment(1), payment(2, amount=1)
        assert (await step.handle([again])).ignored == 1, "what is known is answered"
        assert (await step.handle([contradiction])).dead == 1
        assert (await dead_letters(engine))[1][0] == "conflict"
        assert (await step.handle([message("OrderCancelled", "o-1")])).taken == 1, "other inputs are taken in"
    assert await outcome(engine, "o-1") == "refunded"


async def test_after_raising_the_bound_and_redriving_all_orders_of_arrival_end_as_without_it(
    engine: AsyncEngine,
) -> None:
    step, orders = Step(engine, PROCESS), list(permutations(range(len(FACTS))))
    said = [[message(FACTS[n][0], f"o-{i}", **FACTS[n][1]) for n in order] for i, order in enumerate(orders)]
    SENT[:] = [one for each in said for one in each]
    with holding_at_most(1):
        for number in range(len(FACTS)):
            await step.handle([each[number] for each in said])
    assert await value(engine, "SELECT count(*) FROM saga.dead_letter WHERE kind = 'failed'") == 2 * len(orders)
    await redrive_all(engine)
    assert await value(engine, "SELECT count(*) FROM saga.dead_letter WHERE state = 'open'") == 0
    ends = [await net_effects(engine, f"o-{number}") for number in range(len(orders))]
    assert ends == [ends[0]] * len(orders)
    assert ends[0][0] == "refunded"
    assert [one[0] for one in ends[0][1]] == ["fulfilment", "refund/p-1", "refund/p-2", "refund/p-3"]


async def test_a_bound_that_was_lowered_leaves_what_was_taken_in(engine: AsyncEngine) -> None:
    step = Step(engine, PROCESS)
    await step.handle([payment(1), payment(2), payment(3)])
    with holding_at_most(1):
        assert [one.differences async for page in replay(engine, PROCESS) for one in page] == [()]
        taken = await step.handle([payment(2), payment(4)])
        assert (taken.ignored, taken.dead) == (1, 1)


async def test_a_message_that_changes_nothing_does_not_write_the_state_anew(engine: AsyncEngine) -> None:
    step = Step(engine, PROCESS)
    await step.handle([payment(number) for number in range(200)])
    stored = "SELECT CAST(state AS text), stream_version FROM saga.instance"
    toasted = "SELECT CAST(CAST(reltoastrelid AS regclass) AS text) FROM pg_class WHERE relname = 'instance'"
    apart = f"SELECT max(chunk_id) FROM {await value(engine, toasted)}"
    before, chunk = await rows(engine, stored), await value(engine, apart)
    for number in range(10):
        await step.handle([payment(number)])
    assert await rows(engine, stored) == [(before[0][0], before[0][1] + 10)]
    assert await value(engine, apart) == chunk
    assert chunk is not None


async def test_an_instance_that_is_larger_than_it_may_be_still_takes_in_what_adds_nothing(
    engine: AsyncEngine,
) -> None:
    """As one from before there were bounds, or from before they were lowered."""
    process = order_process()
    await Step(engine, process).handle([payment(number) for number in range(5)])
    object.__setattr__(process, "most_bytes", 100)
    taken = await Step(engine, process).handle([message("OrderCancelled", "o-1"), payment(1), payment(9)])
    assert (taken.taken, taken.ignored, taken.dead) == (1, 1, 1)
    assert await outcome(engine, "o-1") == "refunded"


class Only(Enum):
    """One outcome."""

    ONE = "one"


@dataclass
class Noted:
    """Something to keep."""

    book: str
    note: str


NOTES = Reducer(
    "notes", of=(Noted,), start=[], reduce=lambda held, fact: sorted({*held, fact.fields["note"]}), most_bytes=20
)


def book(*registers: Register | Reducer, **bounds: Any) -> Process:
    noted = outcomes(rows=[(Only.ONE,)])
    return Process(
        name="book", version=1, correlate="book", inputs={"m": (Noted,)}, registers=registers, outcomes=noted,
        settled=frozenset(Only), **bounds,
    )  # fmt: skip


def note(said: str) -> Envelope:
    return told(Fact(Noted, {"book": "b", "note": said}), "b", "book")


async def test_a_reducer_does_not_grow_beyond_its_bound_either(engine: AsyncEngine) -> None:
    step = Step(engine, book(NOTES))
    assert (await step.handle([note("aaaa"), note("bbbb")])).taken == 2
    taken = await step.handle([note("c" * 20), note("aaaa"), note("d")])
    assert (taken.taken, taken.ignored, taken.dead) == (1, 1, 1)
    ((_, reason),) = await dead_letters(engine)
    assert reason.startswith("reducer notes would hold 38 bytes, and its bound is most_bytes=20")


async def test_the_state_as_a_whole_does_not_grow_beyond_its_bound(engine: AsyncEngine) -> None:
    step = Step(engine, book(Register("notes", of=Noted, key="note"), most_bytes=64 * 1024))
    long = [note(f"{number}" + "x" * 10_000) for number in range(9)]
    assert sum([(await step.handle([one])).dead for one in long]) in (3, 6), "key and contents"
    assert "the bound of process book is most_bytes=65536" in (await dead_letters(engine))[0][1]
    assert await value(engine, "SELECT octet_length(CAST(state AS text)) FROM saga.instance") < 70_000


def test_the_checker_says_that_a_bound_decides(engine: AsyncEngine) -> None:
    with holding_at_most(2):
        report = check(PROCESS, always_explore=True)
        assert Kind.BEYOND in {finding.kind for finding in report.findings}
        assert Kind.DIVERGES not in {finding.kind for finding in report.findings}
        assert not report.converges
    assert check(PROCESS, always_explore=True).converges
    assert check(PROCESS).bounds == {"order": "1000 entries", "payments": "1000 entries", "in all": "1048576 bytes"}


async def test_a_batch_about_many_large_instances_is_taken_in_parts(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Step(engine, PROCESS)
    each = [f"o-{number}" for number in range(9)]
    await step.handle([payment(1, one) for one in each])
    monkeypatch.setattr(instances, "MOST_BYTES", 600)
    taken = await step.handle([payment(2, one) for one in each])
    assert taken.taken == len(each)
    commits = "SELECT count(DISTINCT recorded_at) FROM saga.event_log WHERE data ->> 'type' = 'PaymentReceived'"
    assert await value(engine, commits) > 3, "several transactions"


async def test_messages_that_lead_to_very_many_commands_are_taken_in_parts(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Step(engine, PROCESS)
    each = [f"o-{number}" for number in range(4)]
    await step.handle([payment(number, one) for one in each for number in range(30)])
    monkeypatch.setattr(answers, "MOST_ENTRIES", 10)
    taken = await step.handle([message("OrderCancelled", one) for one in each])
    assert (taken.taken, taken.outgoing) == (4, 4 * 3)
    assert (await commands(engine, "o-3"))[-1] == "RefundPayment"


async def test_a_long_decision_lets_others_have_a_turn() -> None:
    turns = 0

    def work() -> Generator[None, None, str]:
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < began + 0.2:
            yield
        return "done"

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(other())
    assert await in_turns(work(), partial(asyncio.sleep, 0)) == "done"
    beside.cancel()
    assert turns > 2


@pytest.mark.parametrize("bound", [0, -1, True, 1.5, None, "many"])
def test_a_bound_that_is_none_is_refused(bound: Any) -> None:
    with pytest.raises(DeclarationError, match="a whole number of at least 1"):
        Register("notes", of=Noted, key="note", most=bound)
    with pytest.raises(DeclarationError, match="a whole number of at least 1"):
        Reducer("notes", of=(Noted,), start=0, reduce=max, most_bytes=bound)
    with pytest.raises(DeclarationError, match="a whole number of at least 65536"):
        book(most_bytes=bound)
