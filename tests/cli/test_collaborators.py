"""`saga collaborators` shows what each collaborator took, ignored and rejected, and why."""

import asyncio
from typing import Any

from saga.collaborator import Collaborator, Command, Refusal
from saga.messages import Envelope
from saga.postgres import connect_engine
from tests.cli.shell import Saga
from tests.collaborator.test_collaborator import BookRoom, ReleaseRoom, book, release


async def refuse(command: Command[BookRoom], _: Any) -> Refusal | str:
    return Refusal("the hotel is \x1b[31mclosed") if command.instance_id == "t-2" else "booked"


async def accept(_: Command[ReleaseRoom], __: Any) -> None:
    return None


def taken(saga: Saga, *batches: list[Envelope]) -> None:
    """The batches, in a collaborator of the name `inn`."""

    async def handle() -> None:
        inn = Collaborator("inn", instance="trip_id", handlers={BookRoom: refuse, ReleaseRoom: accept})
        engine = connect_engine(saga.environment["SAGA_DATABASE_URL"], "test")
        try:
            await inn.create_tables(engine)
            for batch in batches:
                await inn.handle(engine, batch)
        finally:
            await engine.dispose()

    asyncio.run(handle())


def test_each_has_its_counts_and_what_it_rejected_with_the_reasons(saga: Saga) -> None:
    taken(saga, [release("t-1", 2), book("t-1", 1), book("t-2"), book("t-3")], [book("t-3"), book("t-4", night="now")])
    document = saga.json("collaborators")
    (inn,) = document["collaborators"]
    assert document["count"] == 1
    assert inn.pop("last_received_at").endswith("Z")
    unread, refused = inn.pop("newest_rejected")
    assert inn == {
        "name": "inn",
        "taken": 2,
        "superseded": 1,
        "refused": 1,
        "duplicates": 1,
        "results": {"booked": 1, "handled": 1, "refused": 1, "superseded": 1},
        "rejected": 2,
    }
    assert (refused["reason"], refused["message_id"]) == ("the hotel is \x1b[31mclosed", book("t-2").id)
    assert (unread["type"], unread["deliveries"]) == ("BookRoom", 1)
    assert unread["reason"].startswith("wrong data: night")


def test_people_see_the_reasons_and_no_control_character(saga: Saga) -> None:
    taken(saga, [book("t-2"), release("t-1")], [book("t-4", night="now")])
    said = saga("collaborators", "--limit", "1").stdout
    assert "Rejected by inn, and 1 more" in said
    assert "wrong data: night" in said
    assert "closed" not in said
    said = saga("collaborators").stdout
    assert "\\x1b[31mclosed" in said
    assert "\x1b" not in said


def test_there_may_be_none(saga: Saga) -> None:
    assert saga.json("collaborators") == {"collaborators": [], "count": 0}
    assert "No collaborator keeps its commands in this database." in saga("collaborators").stdout
