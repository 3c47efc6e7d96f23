"""Operations on many dead letters: on the record, in batches, stopped, interrupted, and gone on with."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.engine import Step
from saga.operations import (
    ForeignDeadLetters,
    NotRunning,
    Pace,
    Redriven,
    UnknownOperation,
    begin_redrive,
    carry_out,
    list_abandoned,
    read_operation,
    redrive,
    resume_operation,
    stop_operation,
)
from saga.operations.runs import Run, begin_run
from saga.orders import order_process
from saga.postgres.operation import Operation
from tests.console.conftest import received
from tests.engine.conversation import execute, message, rows, value
from tests.waiting import pause, until

ORDER = order_process()
WHO: dict[str, Any] = {"actor": "ana", "reason": "the parser is mended"}
BAD = "UPDATE saga.dead_letter SET body = convert_to('{}', 'UTF8')"
"""From then on they can't be understood any more, whatever is done."""
EXPIRED = "UPDATE saga.operation_run SET leased_until = clock_timestamp()"


async def letters(engine: AsyncEngine, count: int) -> list[int]:
    """Dead letters that a redrive takes in: they failed for a reason that is gone."""
    await Step(engine, ORDER).handle([received("OrderPlaced", f"o-{number}", amount="much") for number in range(count)])
    await execute(
        engine,
        "UPDATE saga.dead_letter SET body = convert_to(replace(convert_from(body, 'UTF8'), '\"much\"', '5'), 'UTF8')",
    )
    return sorted(letter.id for letter in await operations.list_dead_letters(engine, limit=1_000))


async def answers(engine: AsyncEngine, operation_id: int) -> dict[str, int]:
    return dict((await read_operation(engine, operation_id)).answers)


async def begun(engine: AsyncEngine, ids: list[int], **pace: Any) -> int:
    return await begin_redrive(engine, [ORDER], ids, **WHO, pace=Pace(**{"halt_after": 0, **pace}))


async def test_a_redrive_is_on_the_record_with_each_answer(engine: AsyncEngine) -> None:
    first, second = await letters(engine, 2)
    report = await redrive(engine, [ORDER], [first, second], **WHO)
    assert report.operation_id is not None
    known = await read_operation(engine, report.operation_id)
    assert (known.actor, known.action, known.reason, known.state, known.size) == (
        "ana",
        "redrive",
        "the parser is mended",
        "done",
        2,
    )
    assert known.ids == (str(first), str(second)) and known.answers == {"taken": 2}
    assert [(one.item, one.process, one.answer) for one in known.items] == [
        (str(first), "order", "taken"),
        (str(second), "order", "taken"),
    ]
    assert {one.process_id for one in known.items} == {"o-0", "o-1"}
    (listed,) = await operations.list_operations(engine)
    assert (listed.id, listed.state, listed.answers) == (known.id, "done", {"taken": 2})


async def test_the_answer_is_committed_by_the_transaction_that_does_it(engine: AsyncEngine) -> None:
    await letters(engine, 3)
    await redrive(engine, [ORDER], **WHO, pace=Pace(batch=1))
    wrote = await rows(
        engine,
        "SELECT d.xmin = i.xmin, i.xmin = t.xmin FROM saga.operation_item AS i"
        " JOIN saga.dead_letter AS d ON CAST(d.dead_letter_id AS text) = i.item"
        " JOIN saga.instance AS t ON t.process_id = i.process_id",
    )
    assert wrote == [(True, True)] * 3


async def test_the_timeline_of_an_instance_says_who_did_what_and_why(engine: AsyncEngine) -> None:
    (letter,) = await letters(engine, 1)
    await redrive(engine, [ORDER], [letter], **WHO)
    inspection = await operations.inspect(engine, ORDER, "o-0")
    assert inspection is not None
    (act,) = inspection.acts
    assert (act.actor, act.action, act.reason, act.item, act.answer) == (
        *("ana", "redrive", "the parser is mended"),
        *(str(letter), "taken"),
    )
    assert act.at < inspection.messages[0].at  # it stands before what it led to
    assert await operations.acts_on_letter(engine, letter) == (act,)


async def test_an_erasure_is_in_the_timeline_too(engine: AsyncEngine) -> None:
    await Step(engine, ORDER).handle([message("OrderCancelled", "o-1")])
    await operations.erase(engine, ORDER, "o-1", actor="privacy desk", reason="request 4711")
    inspection = await operations.inspect(engine, ORDER, "o-1")
    assert inspection is not None and [(act.action, act.answer) for act in inspection.acts] == [("erase", "erased")]


async def test_a_correction_is_recorded_with_its_answer_and_without_its_contents(engine: AsyncEngine) -> None:
    await Step(engine, ORDER).handle([received("OrderPlaced", "o-1", amount="much")])
    (letter,) = await operations.list_dead_letters(engine)
    right = operations.Correction(data=b'{"order_id": "o-1", "amount": 77001, "currency": "EUR"}')
    report = await redrive(engine, [ORDER], [letter.id], **WHO, correction=right)
    assert report.operation_id is not None
    known = await read_operation(engine, report.operation_id)
    assert (known.action, known.answers, known.batch) == ("edit", {"taken": 1}, None)
    assert "77001" not in str(await rows(engine, "SELECT o, i FROM saga.operation AS o, saga.operation_item AS i"))


async def test_a_correction_is_not_passed_over_where_no_id_is_named(engine: AsyncEngine) -> None:
    await Step(engine, ORDER).handle([received("OrderPlaced", "o-1", amount="much")])
    right = operations.Correction(data=b'{"order_id": "o-1", "amount": 5, "currency": "EUR"}')
    report = await redrive(engine, [ORDER], **WHO, correction=right)
    assert [one.answer for one in report.answers] == ["taken"]


async def test_a_discard_is_on_the_record(engine: AsyncEngine) -> None:
    ids = await letters(engine, 2)
    await operations.discard(engine, ids, **WHO)
    (listed,) = await operations.list_operations(engine)
    assert (listed.action, listed.answers, listed.size) == ("discard", {"discarded": 2}, 2)
    (act,) = await operations.acts_on_letter(engine, ids[0])
    assert (act.actor, act.answer) == ("ana", "discarded")


async def test_the_same_request_twice_is_one_operation(engine: AsyncEngine) -> None:
    ids, request = await letters(engine, 1), uuid4()
    asked = [begin_redrive(engine, [ORDER], ids, **WHO, pace=Pace(), request=request) for _ in range(5)]
    assert len(set(await asyncio.gather(*asked))) == 1
    assert await value(engine, "SELECT count(*) FROM saga.operation") == 1


async def test_an_interrupted_one_is_gone_on_with_and_each_thing_is_answered_once(engine: AsyncEngine) -> None:
    ids = await letters(engine, 5)
    operation_id = await begun(engine, ids, batch=2)

    class Killed(Exception):
        pass

    def die_after_three(answer: Redriven) -> None:
        if answer.id == ids[2]:
            raise Killed

    with pytest.raises(Killed):
        await carry_out(engine, [ORDER], operation_id, progress=die_after_three)
    done = sum((await answers(engine, operation_id)).values())
    assert 2 < done < 5
    assert await carry_out(engine, [ORDER], operation_id) is None  # it may still be at work, for a minute
    assert await list_abandoned(engine) == ()
    await execute(engine, EXPIRED)
    assert await list_abandoned(engine) == (operation_id,)
    said: list[Redriven] = []
    assert await carry_out(engine, [ORDER], operation_id, progress=said.append) == "done"
    assert len(said) == 5 - done
    assert await answers(engine, operation_id) == {"taken": 5}
    assert await value(engine, "SELECT sum(repeats) FROM saga.inbox") == 0


async def test_two_who_go_on_with_it_at_once_do_it_once(engine: AsyncEngine) -> None:
    operation_id = await begun(engine, await letters(engine, 6), batch=1)
    ended = await asyncio.gather(*(carry_out(engine, [ORDER], operation_id) for _ in range(3)))
    assert sorted(ended, key=str) == [None, None, "done"]
    assert await value(engine, "SELECT sum(repeats) FROM saga.inbox") == 0


async def test_it_stops_by_itself_when_the_first_ones_fail_again_and_may_be_resumed(engine: AsyncEngine) -> None:
    ids = await letters(engine, 6)
    await execute(engine, BAD)
    operation_id = await begun(engine, ids, batch=100, halt_after=2)
    assert await carry_out(engine, [ORDER], operation_id) == "halted"
    known = await read_operation(engine, operation_id)
    assert known.answers == {"dead": 2} and known.note == "It stopped by itself: 2 in a row failed again."
    with pytest.raises(NotRunning, match="is halted, not running"):
        await stop_operation(engine, operation_id, actor="bo")
    await resume_operation(engine, operation_id, actor="bo")
    assert await carry_out(engine, [ORDER], operation_id) == "halted"
    assert await answers(engine, operation_id) == {"dead": 4}


async def test_failures_that_are_not_in_a_row_do_not_stop_it(engine: AsyncEngine) -> None:
    ids = await letters(engine, 6)
    await execute(engine, f"{BAD} WHERE dead_letter_id % 2 = 0")
    operation_id = await begun(engine, ids, batch=1, halt_after=2)
    assert await carry_out(engine, [ORDER], operation_id) == "done"
    assert await answers(engine, operation_id) == {"dead": 3, "taken": 3}


async def test_it_is_stopped_between_two_batches_and_the_rest_is_left_alone(engine: AsyncEngine) -> None:
    operation_id = await begun(engine, await letters(engine, 6), batch=1, per_second=20.0)
    doing = asyncio.create_task(carry_out(engine, [ORDER], operation_id))
    await until(lambda: answers(engine, operation_id))
    await stop_operation(engine, operation_id, actor="bo")
    assert await doing is None
    known = await read_operation(engine, operation_id)
    assert (known.state, known.note) == ("stopped", "bo stopped it.")
    taken = known.answers["taken"]
    assert 0 < taken < 6
    assert len(await operations.list_dead_letters(engine)) == 6 - taken
    await resume_operation(engine, operation_id, actor="bo")
    assert await carry_out(engine, [ORDER], operation_id) == "done"
    acts = [(one.action, one.actor) for one in await operations.list_operations(engine)]
    assert acts == [("resume", "bo"), ("stop", "bo"), ("redrive", "ana")]
    with pytest.raises(NotRunning, match="is done, so there is nothing to resume"):
        await resume_operation(engine, operation_id, actor="bo")


async def test_what_somebody_else_closed_meanwhile_is_said_and_left_alone(engine: AsyncEngine) -> None:
    ids = await letters(engine, 3)
    operation_id = await begun(engine, ids)
    await operations.discard(engine, ids[:1], actor="bo", reason="a test")
    assert await carry_out(engine, [ORDER], operation_id) == "done"
    assert await answers(engine, operation_id) == {"closed": 1, "taken": 2}


async def test_what_it_is_done_to_is_fixed_when_it_begins(engine: AsyncEngine) -> None:
    operation_id = await begun(engine, await letters(engine, 2))
    await Step(engine, ORDER).handle([received("OrderPlaced", "late", amount="much")])
    await carry_out(engine, [ORDER], operation_id)
    assert [letter.process_id for letter in await operations.list_dead_letters(engine)] == ["late"]


async def test_a_command_that_is_interrupted_ends_its_operation(engine: AsyncEngine) -> None:
    await letters(engine, 3)

    def interrupt(_: Redriven) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await redrive(engine, [ORDER], **WHO, pace=Pace(batch=1), progress=interrupt)
    (listed,) = await operations.list_operations(engine)
    assert (listed.state, listed.answers) == ("stopped", {"taken": 1})
    assert await list_abandoned(engine) == ()


async def test_one_that_can_not_be_carried_out_here_says_why(engine: AsyncEngine) -> None:
    other = await begin_run(engine, Operation("ana", "erase", "a test", ("o-1",), {}), Pace())
    with pytest.raises(NotRunning, match=f"operation {other} is no redrive"):
        await carry_out(engine, [ORDER], other)
    with pytest.raises(UnknownOperation, match="there is no operation 99"):
        await stop_operation(engine, 99, actor="bo")
    with pytest.raises(UnknownOperation):
        await carry_out(engine, [ORDER], 2**70)
    await execute(engine, "UPDATE saga.dead_letter SET consumer = 'other'")
    (letter,) = await letters(engine, 1)
    await execute(engine, "UPDATE saga.dead_letter SET consumer = 'other'")
    with pytest.raises(ForeignDeadLetters):
        await begun(engine, [letter])


async def test_whoever_works_holds_it_for_as_long_as_that_takes(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saga.operations.runs.HELD_SECONDS", 0.3)
    monkeypatch.setattr("saga.operations.runs.HOLD_SECONDS", 0.05)
    operation_id = await begun(engine, await letters(engine, 2), batch=1)
    seen: list[object] = []

    async def slow(items: Any) -> list[bool]:
        await pause(0.5)
        seen.append(await list_abandoned(engine))
        return [False] * len(items)

    await Run(engine, operation_id).carry_out(slow)
    assert seen == [(), ()]


@pytest.mark.parametrize("pace", [{"batch": 0}, {"per_second": 0}, {"halt_after": -1}, {"batch": 10_001}])
def test_what_is_no_pace_is_refused(pace: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"a batch|a rate|it stops"):
        Pace(**pace)
