"""A message that kills whoever handles it is found out by a child, and is alone in the dead letters."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step, rehearsal
from saga.engine.rehearsal import RehearsalFailed, rehearse
from saga.messages import Envelope
from saga.orders import order_process
from saga.orders.process import PAYMENTS
from tests.engine.conversation import message, rows
from tests.engine.killing import die, doors

ENDS = {
    "exit": "exit code 3",
    "kill": "signal 9 (SIGKILL)",
    "kill the group": "signal 9 (SIGKILL)",
    "raise": "SystemExit",
    "crash": "signal 11 (SIGSEGV)",
    "memory": "MemoryError",
    "loop": "not decided within 1 s",
    "loop without alarm": "not decided within 1 s",
    "sleep": "not decided within 1 s",
    "match": "not decided within 1 s",
}
HOW = sorted(ENDS)
IN_A_STEP = ("exit", "kill", "raise", "memory", "loop")


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "ITEM_SECONDS", 1.0)
    monkeypatch.setattr(rehearsal, "MOST_MEMORY_BYTES", rehearsal.LEAST_MEMORY_BYTES)


def knock(room: str, **data: Any) -> Envelope:
    return message("Knocked", room, room=room, **data)


async def letters(engine: AsyncEngine) -> list[tuple[str, str, str]]:
    return await rows(engine, "SELECT kind, process_id, reason FROM saga.dead_letter ORDER BY process_id")


async def visited(engine: AsyncEngine) -> set[str]:
    return {room for (room,) in await rows(engine, "SELECT process_id FROM saga.instance")}


async def handled(engine: AsyncEngine, messages: Sequence[Envelope]) -> list[tuple[str, str, str]]:
    """The dead letters after these messages were handled warily; all others were taken in."""
    await Step(engine, doors).handle_rehearsed(messages)
    dead = await letters(engine)
    alive = {one.data["room"] for one in messages} - {room for _, room, _ in dead}
    assert await visited(engine) == alive
    return dead


async def test_what_kills_nobody_is_done_in_the_child_alone() -> None:
    done: list[int] = []
    assert await rehearse(range(1_000), done.append) == {}
    assert done == []


@pytest.mark.system
@pytest.mark.parametrize("how", HOW)
async def test_the_one_that_kills_is_named_and_how_it_ends(how: str) -> None:
    condemned = await rehearse(["fine", how, "fine"], die)
    assert condemned.keys() == {1}
    assert ENDS[how] in condemned[1]


async def test_of_several_that_kill_each_is_named() -> None:
    hows = ["exit", "fine", "kill", "fine", "raise", "fine"]
    assert (await rehearse(hows, die)).keys() == {0, 2, 4}


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The children that were made."""
    made: list[int] = []
    fork = os.fork

    def count() -> int:
        made.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", count)
    return made


async def test_one_child_goes_through_any_number_that_are_refused(forks: list[int]) -> None:
    def refuse(number: int) -> None:
        if number % 3:
            raise RehearsalFailed(f"{number} " + "x" * 5_000)

    refused = await rehearse(range(2_000), refuse)
    assert refused.keys() == {number for number in range(2_000) if number % 3}
    assert all(how.startswith(f"{number} x") for number, how in refused.items())
    assert len(forks) == 1


async def test_messages_of_an_instance_whose_decision_raises_cost_one_child_for_all(
    engine: AsyncEngine, forks: list[int]
) -> None:
    messages = [knock(f"r-{number % 20}", decided="no json" if number % 2 else "fine") for number in range(500)]
    await Step(engine, doors).handle_rehearsed(messages)
    assert len(await letters(engine)) == 250
    assert len(forks) == 2, "one to check, one to decide"


async def test_what_is_beyond_a_bound_costs_no_child_of_its_own(engine: AsyncEngine, forks: list[int]) -> None:
    process = order_process()
    messages = [
        message(
            "PaymentReceived",
            "big",
            message_id=f"p-{number}",
            payment_id=f"p-{number}",
        )
        for number in range(PAYMENTS.most + 500)
    ]
    step = Step(engine, process)
    await step.handle(messages[: PAYMENTS.most])
    taken = await step.handle_rehearsed(messages[PAYMENTS.most :])
    assert (taken.dead, list(taken.full)) == (500, ["big"])
    assert len(forks) == 2, "one to check, one to decide"


async def test_a_child_that_somebody_else_kills_says_nothing_against_a_message(tmp_path: Path) -> None:
    def is_killed_from_outside(number: int) -> None:
        met = tmp_path / str(number)
        if number in (2, 5, 6) and not met.exists():
            met.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    assert await rehearse(range(10), is_killed_from_outside) == {}
    assert all((tmp_path / str(number)).exists() for number in (2, 5, 6))


async def test_a_child_does_not_hear_the_signals_that_stop_a_service() -> None:
    def stopped_with_all_others(number: int) -> None:
        for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(os.getpid(), stop)

    assert await rehearse(range(3), stopped_with_all_others) == {}


@pytest.mark.parametrize("how", IN_A_STEP)
async def test_a_message_that_kills_when_it_is_decided_is_the_only_dead_letter(engine: AsyncEngine, how: str) -> None:
    ((kind, room, reason),) = await handled(engine, [knock("a"), knock("b", decided=how), knock("c")])
    assert (kind, room) == ("failed", "b")
    assert ENDS[how] in reason


@pytest.mark.parametrize("how", IN_A_STEP)
async def test_a_message_that_kills_when_it_is_checked_is_the_only_dead_letter(engine: AsyncEngine, how: str) -> None:
    ((kind, room, reason),) = await handled(engine, [knock("a"), knock("b", checked=how), knock("c")])
    assert (kind, room) == ("failed", "b")
    assert ENDS[how] in reason


async def test_a_message_whose_check_has_a_bug_is_poison(engine: AsyncEngine) -> None:
    await Step(engine, doors).handle_rehearsed([knock("a"), knock("b", checked="bug"), knock("c")])
    ((kind, _, reason),) = await letters(engine)
    assert (kind, await visited(engine)) == ("poison", {"a", "c"})
    assert "ZeroDivisionError: a validator divides" in reason


async def test_two_that_kill_among_500_are_the_only_dead_letters(engine: AsyncEngine) -> None:
    messages = [knock(f"r-{number}") for number in range(498)]
    messages[100:100] = [knock("bad-1", decided="exit"), knock("bad-2", checked="kill")]
    assert [room for _, room, _ in await handled(engine, messages)] == ["bad-1", "bad-2"]


async def test_one_that_kills_only_after_another_is_found_whether_they_come_together_or_not(
    engine: AsyncEngine,
) -> None:
    step = Step(engine, doors)
    await step.handle_rehearsed([knock("together", decided="first"), knock("together", decided="second")])
    await step.handle([knock("apart", decided="first")])
    await step.handle_rehearsed([knock("apart", decided="second")])
    assert [(kind, room) for kind, room, _ in await letters(engine)] == [("failed", "apart"), ("failed", "together")]
    assert await visited(engine) == {"apart", "together"}
    await step.handle_rehearsed([knock("never", decided="second")])
    assert len(await letters(engine)) == 2


@pytest.mark.parametrize("how", ["no json", "no jsonb"])
async def test_a_message_that_leads_to_what_can_not_be_stored_is_the_only_dead_letter(
    engine: AsyncEngine, how: str
) -> None:
    messages = [knock(f"r-{number}") for number in range(5)]
    ((kind, room, _),) = await handled(engine, [*messages, knock("b", decided=how), knock("c")])
    assert (kind, room) == ("failed", "b")


async def test_many_that_hang_are_found_although_no_transaction_lasts_that_long(engine: AsyncEngine) -> None:
    messages = [knock(f"bad-{number}", decided="loop") for number in range(3)] + [knock("good")]
    assert len(await handled(engine, messages)) == 3


async def test_a_position_that_a_killing_message_claims_is_passed_where_its_log_is_elsewhere(
    engine: AsyncEngine,
) -> None:
    killing = message("Knocked", "b", room="b", checked="exit", module="halls", position=5, previous=0)
    await Step(engine, doors, remote_modules={"halls"}).handle_rehearsed([killing])
    assert await rows(engine, "SELECT module, watermark FROM saga.cursor WHERE consumer = 'doors'") == [("halls", 5)]
