"""What was sent is held against what the collaborators have: a command that only one side has is named."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.feeds.command_feed import CommandFeed
from saga.messages import Envelope
from saga.messages.identity import derived_id
from saga.verification.audit import StrayCommand, audit_commands
from saga.verification.audit.commands import _Collaborator
from saga_gateway_stub.fulfilment import Fulfilment
from saga_gateway_stub.gateway import Gateway
from tests.engine.conversation import looking_beside, message
from tests.gateway.desk import Desk, behaviour, command
from tests.replay.evidence import PROCESS, delete_entries
from tests.retention.archive import prune, read_all

PAID = ("OrderPlaced", "PaymentReceived")
CANCELLED = ("OrderPlaced", "OrderCancelled")


def said(order_id: str, *kinds: str) -> list[Envelope]:
    return [message(kind, order_id) for kind in kinds]


async def bring(engine: AsyncEngine) -> None:
    """Bring every command to its collaborator."""
    handlers = {
        "gateway": Gateway(engine, behaviour(), asyncio.Event()).handle,
        "fulfilment": Fulfilment(engine).handle,
    }
    for name, handle in handlers.items():
        feed = CommandFeed(engine, name, handle, 1_000, prefix="t", poll_seconds=1)
        while await feed.feed_once():
            pass


async def settled(desk: Desk, *messages: Envelope) -> None:
    """Orders whose commands their collaborators have had for some time."""
    await Step(desk.engine, PROCESS).handle(messages)
    await bring(desk.engine)
    await age(desk)


async def age(desk: Desk) -> None:
    for schema in ("gateway", "fulfilment"):
        await desk.run(f"UPDATE {schema}.command SET received_at = received_at - interval '1 minute'")


async def forget(desk: Desk, collaborator: str, command_id: str) -> None:
    """Take a command from its collaborator, whatever hangs on it."""
    async with desk.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        statement = text(f"DELETE FROM {collaborator}.command WHERE command_id = :id")
        assert (await connection.execute(statement, {"id": command_id})).rowcount == 1


async def audited(desk: Desk, page_size: int = 1_000) -> tuple[int, list[StrayCommand]]:
    """How many commands were compared, and those on one side only."""
    pages = [page async for page in audit_commands(desk.engine, PROCESS, page_size)]
    return sum(page.compared for page in pages), [one for page in pages for one in page.astray]


async def sentences(desk: Desk) -> list[str]:
    return [one.sentence for one in (await audited(desk, page_size=2))[1]]


def request_of(order_id: str, revision: int = 1) -> str:
    return derived_id("command", "order", order_id, "payment_request", revision)


@pytest.mark.parametrize("page_size", [1, 3, 1_000])
async def test_commands_that_both_sides_have_are_fine(desk: Desk, page_size: int) -> None:
    await settled(desk, *said("o-1", *PAID), *said("o-2", *CANCELLED), *said("o-3", *PAID, "OrderCancelled"))
    ((logged,),) = await desk.rows("SELECT count(*) FROM saga.event_log WHERE target IS NOT NULL")
    assert await audited(desk, page_size) == (logged, [])


async def test_a_command_that_its_collaborator_has_and_the_log_lost_is_named(desk: Desk) -> None:
    await settled(desk, *said("o-1", *CANCELLED), *said("o-2", *CANCELLED), *said("o-3", *PAID))
    await delete_entries(desk.engine, "o-2", "type = 'VoidPayment'")
    await delete_entries(desk.engine, "o-3", "module = 'order-process'")
    assert sorted(await sentences(desk)) == sorted(
        [
            f"gateway has VoidPayment {request_of('o-2', 2)} about o-2, and the log lacks it",
            f"gateway has RequestPayment {request_of('o-3')} about o-3, and the log lacks it",
            *[
                f"{row.schema} has {row.type} {row.command_id} about o-3, and the log lacks it"
                for row in await desk.rows(
                    "SELECT 'fulfilment' AS schema, type, command_id FROM fulfilment.command WHERE order_id = 'o-3'"
                    " UNION ALL SELECT 'gateway', type, command_id FROM gateway.command"
                    " WHERE order_id = 'o-3' AND type <> 'RequestPayment'"
                )
            ],
        ]
    )


async def test_a_command_that_its_collaborator_lost_is_named_once_later_ones_are_there_for_some_time(
    desk: Desk,
) -> None:
    await Step(desk.engine, PROCESS).handle(said("o-1", *CANCELLED))
    await Step(desk.engine, PROCESS).handle(said("o-2", "OrderPlaced"))
    await bring(desk.engine)
    await forget(desk, "gateway", request_of("o-1"))
    await forget(desk, "gateway", request_of("o-2"))
    assert await sentences(desk) == [], "it may be on its way"
    await age(desk)
    assert await sentences(desk) == [
        f"RequestPayment {request_of('o-1')} about o-1 was sent to gateway, which has later ones and lacks it"
    ], "the last one may still be on its way"


@pytest.mark.parametrize("where", ["rejected", "given up by the broker"])
async def test_what_was_rejected_or_given_up_is_accounted_for(desk: Desk, where: str) -> None:
    await settled(desk, *said("o-1", *CANCELLED))
    await forget(desk, "gateway", request_of("o-1"))
    assert len(await sentences(desk)) == 1
    statement = {
        "rejected": "INSERT INTO gateway.rejected (fingerprint, reason, message_id, body, properties)"
        " VALUES ('', 'wrong', :id, '', '{}')",
        "given up by the broker": "INSERT INTO saga.dead_letter"
        " (consumer, fingerprint, kind, reason, message_id, body, properties)"
        " VALUES ('order', '', 'poison', 'given up', :id, '', '{}')",
    }[where]
    await desk.run(statement, id=request_of("o-1"))
    assert await sentences(desk) == []


async def test_commands_of_pruned_orders_are_not_asked_for(desk: Desk) -> None:
    await settled(desk, *said("o-1", *CANCELLED), *said("o-2", *CANCELLED))
    await read_all(desk.engine)
    await prune(desk.engine)
    ((left,),) = await desk.rows("SELECT count(*) FROM saga.event_log WHERE target IS NOT NULL")
    assert left == 0
    assert await sentences(desk) == []
    await settled(desk, *said("o-1", "PaymentReceived"))
    assert await sentences(desk) == [], "and one of them came back"


async def test_commands_of_others_are_not_ours_to_ask_for(desk: Desk) -> None:
    theirs = command("VoidPayment", "o-1", 1, "payment_request")
    await desk.send(replace(theirs, id="their own"))
    assert await audited(desk) == (0, [])


@pytest.mark.parametrize("change", ["DROP SCHEMA gateway CASCADE", "ALTER TABLE gateway.command RENAME body TO b"])
async def test_a_collaborator_that_keeps_no_commands_here_is_not_asked(desk: Desk, change: str) -> None:
    await settled(desk, *said("o-1", *CANCELLED))
    await desk.run(change)
    await delete_entries(desk.engine, "o-1", "target = 'gateway'")
    assert await audited(desk) == (0, [])


async def test_an_audit_beside_running_steps_and_collaborators_finds_nothing(desk: Desk) -> None:
    batches: Sequence[Sequence[Envelope]] = [
        [one for number in range(start, 90, 30) for one in said(f"o-{number}", *PAID, "OrderCancelled")]
        for start in range(30)
    ]
    found: list[StrayCommand] = []
    looked_at = 0

    async def look() -> None:
        nonlocal looked_at
        await bring(desk.engine)
        await age(desk)
        count, astray = await audited(desk, page_size=50)
        looked_at += count
        found.extend(astray)

    await looking_beside(Step(desk.engine, PROCESS), batches, look)
    assert found == []
    assert looked_at > 0


async def test_the_tables_of_a_collaborator_are_read_by_index(desk: Desk) -> None:
    await desk.run(
        "INSERT INTO fulfilment.command"
        " (command_id, order_id, effect, type, revision, body, metadata, digest, result, deliveries)"
        " SELECT n, 'o-' || n, 'fulfilment', 'StartFulfilment', 1, '{}', '{}', decode(repeat('00', 16), 'hex'),"
        " 'started', 1 FROM generate_series(1, 30000) AS n"
    )
    await desk.run("ANALYZE fulfilment.command")
    fulfilment = _Collaborator("fulfilment", keeps_rejected=False)
    for statement in (fulfilment.next_commands(PROCESS, "12", 500), fulfilment.known([str(n) for n in range(500)])):
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy says nothing of its arguments
        compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        plan = "\n".join(row[0] for row in await desk.rows(f"EXPLAIN {compiled}".replace(":", "\\:")))
        assert "command_pkey" in plan
        assert "Seq Scan" not in plan
