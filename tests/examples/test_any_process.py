"""The step takes in the messages of any process: whatever type its ids have, whatever its message classes say."""

from dataclasses import replace
from enum import Enum
from uuid import UUID

import orjson
import pytest
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.trip.process import trip
from saga.core import Process, SubMachine, outcomes
from saga.engine import Step
from saga.messages import Envelope, Raw
from saga.operations import inspect, list_dead_letters, list_instances
from tests.rabbitmq.records import dead_letters, rows

UPPER, LOWER = "7C9E6679-7425-40DE-944B-E07FC1F90AE7", "7c9e6679-7425-40de-944b-e07fc1f90ae7"


class Ticket(Enum):
    OPEN = "open"
    USED = "used"


class Used(BaseModel):
    ticket: int


class Scanned(BaseModel):
    ticket: UUID


class Named(BaseModel):
    ticket: str


def process_of(kind: type, name: str = "ticket") -> Process:
    machine = SubMachine("ticket", start=Ticket.OPEN, moves={state: {kind: Ticket.USED} for state in Ticket})
    return Process(
        name=name,
        version=1,
        correlate="ticket",
        inputs={"gates": (kind,)},
        machines=(machine,),
        outcomes=outcomes(machine, rule=lambda ticket: ticket),
        settled=frozenset({Ticket.USED}),
    )


def message(kind: type, ticket: object, number: int = 1, subject: str | None = None) -> Envelope:
    data = {"ticket": ticket}
    return Envelope(
        kind.__name__, f"m-{number}", "/modules/gates", data, Raw(orjson.dumps(data)), subject=subject, time=None
    )


async def process_ids(engine: AsyncEngine) -> list[str]:
    return [row.process_id for row in await rows(engine, "SELECT process_id FROM saga.instance ORDER BY process_id")]


async def test_ids_may_be_numbers_in_the_data_or_as_subject(engine: AsyncEngine) -> None:
    step = Step(engine, process_of(Used))
    taken = await step.handle([message(Used, 42), message(Used, None, 2, subject="42"), message(Used, "42", 3)])
    assert (taken.taken, taken.ignored, taken.dead) == (1, 2, 0)
    assert await process_ids(engine) == ["42"]


async def test_an_id_that_is_written_in_two_ways_is_one_instance(engine: AsyncEngine) -> None:
    step = Step(engine, process_of(Scanned))
    taken = await step.handle([message(Scanned, UPPER), message(Scanned, LOWER, 2)])
    assert (taken.taken, taken.ignored) == (1, 1)
    assert await process_ids(engine) == [LOWER]


async def test_a_bad_message_is_found_from_its_instance_however_that_is_written(engine: AsyncEngine) -> None:
    bad = replace(message(Scanned, UPPER), subject="another")
    await Step(engine, process_of(Scanned)).handle([message(Scanned, LOWER, 2), bad])
    (letter,) = await dead_letters(engine)
    assert letter.process_id == LOWER


@pytest.mark.parametrize(
    "ticket", ["", "x" * 201, "ж" * 128, "a\nb"], ids=["empty", "too long", "too many bytes", "control character"]
)
async def test_an_id_that_can_name_no_instance_is_a_dead_letter_with_the_rule(engine: AsyncEngine, ticket: str) -> None:
    taken = await Step(engine, process_of(Named)).handle([message(Named, ticket), message(Named, "good", 2)])
    assert (taken.taken, taken.dead) == (1, 1)
    (letter,) = await dead_letters(engine)
    assert "names no instance: that takes 1 to 200 characters" in letter.reason


async def test_a_dead_letter_about_an_id_is_no_obstacle_to_another_process_with_that_id(engine: AsyncEngine) -> None:
    tickets, badges = process_of(Named), process_of(Named, "badge")
    await Step(engine, tickets).handle([message(Named, "7")])
    await Step(engine, badges).handle([message(Named, "7"), message(Named, {"no": "text"}, 2, subject="7")])
    assert [letter.consumer for letter in await list_dead_letters(engine, process_id="7")] == ["badge"]
    shown = await inspect(engine, tickets, "7")
    assert shown is not None and shown.dead_letters == ()
    assert await list_instances(engine, [tickets], stuck=True) == ()


async def test_what_is_overheard_of_anothers_deadline_is_neither_taken_in_nor_a_dead_letter(
    engine: AsyncEngine,
) -> None:
    timed_out = Envelope(
        "TripTimedOut",
        "m-1",
        "/modules/scheduler",
        {"trip_id": "t-1", "armed_by": "holiday"},
        Raw(b"{}"),
        subject="t-1",
    )
    taken = await Step(engine, trip).handle([timed_out])
    assert (taken.taken, taken.ignored, taken.dead) == (0, 0, 0)
    assert await process_ids(engine) == []
    own = Envelope("TripTimedOut", "m-2", "/modules/scheduler", {"trip_id": "t-1", "armed_by": "trip"}, Raw(b"{}"))
    assert (await Step(engine, trip).handle([own])).taken == 1
