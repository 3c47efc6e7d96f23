"""Commands come from the logs as well as from a queue: at least once, to one replica at a time, each for its target."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from structlog.testing import capture_logs

from saga.feeds.command_feed import CommandFeed
from saga.messages import Envelope, Handler, Poison
from saga.modules import NewEvent, Visibility, append
from saga.modules.outgoing import as_delivered
from saga.modules.reader import read_commands
from saga.postgres import Unavailable, durable_transaction, reading
from saga_gateway_stub.fulfilment import Fulfilment
from saga_gateway_stub.gateway import Gateway
from tests.gateway.desk import Desk, behaviour, refund, request, start, void
from tests.waiting import LIMIT_SECONDS, until

TARGETS = {"RequestPayment": "gateway", "VoidPayment": "gateway", "RefundPayment": "gateway"}


def logged(command: Envelope) -> NewEvent:
    """The command as the order process records it."""
    return NewEvent(
        stream_id=str(command.subject),
        type=command.type,
        event_id=command.id,
        data=command.data,
        visibility=Visibility.INTERNAL,
        target=TARGETS.get(command.type, "fulfilment"),
        metadata={"correlationid": f"conversation-{command.subject}"},
    )


def note(number: int) -> NewEvent:
    return NewEvent(f"o-{number}", "InputTaken", f"note-{number}", {"secret": number}, visibility=Visibility.INTERNAL)


async def record(desk: Desk, module: str, *events: NewEvent) -> None:
    async with durable_transaction(desk.engine) as connection:
        await append(connection, module, events)


def gateway_feed(desk: Desk, handle: Handler | None = None, batch_size: int = 3) -> CommandFeed:
    takes = handle or Gateway(desk.engine, behaviour(), asyncio.Event()).handle
    return CommandFeed(desk.engine, "gateway", takes, batch_size, prefix="saga", poll_seconds=0.02)


async def feed_all(feed: CommandFeed) -> None:
    while await feed.feed_once():
        pass


async def cursors(desk: Desk, consumer: str = "gateway") -> dict[str, int]:
    found = await desk.rows("SELECT module, watermark FROM saga.cursor WHERE consumer = :consumer", consumer=consumer)
    return {row.module: row.watermark for row in found}


async def deliveries(desk: Desk) -> dict[str, int]:
    return {row.command_id: row.deliveries for row in await desk.rows("SELECT * FROM gateway.command")}


class Heard:
    """A collaborator that only remembers what it was given."""

    def __init__(self, then: Callable[[], Awaitable[None]] | None = None) -> None:
        self.ids: list[str | None] = []
        self._then = then

    async def handle(self, messages: Sequence[Envelope | Poison]) -> None:
        self.ids += [message.id for message in messages]
        if self._then:
            await self._then()


async def test_each_collaborator_gets_its_own_commands_in_their_order_and_nothing_else(desk: Desk) -> None:
    asked = [request(f"o-{number}") for number in range(8)]
    packed = [start(f"o-{number}") for number in range(8)]
    await record(desk, "order-process", note(1), *map(logged, asked), note(2), *map(logged, packed), note(3))
    await record(desk, "another-process", logged(void("o-0")))
    gateway, fulfilment = Heard(), Heard()
    await feed_all(gateway_feed(desk, gateway.handle))
    await feed_all(CommandFeed(desk.engine, "fulfilment", fulfilment.handle, 3, prefix="saga", poll_seconds=1))
    assert gateway.ids == [void("o-0").id, *(one.id for one in asked)]
    assert fulfilment.ids == [one.id for one in packed]
    assert await cursors(desk) == await cursors(desk, "fulfilment") == {"order-process": 19, "another-process": 1}


async def test_what_is_fed_is_carried_out_and_remembers_its_conversation(desk: Desk) -> None:
    await record(desk, "order-process", logged(request("o-1")), logged(refund("o-2", "p-2")), logged(start("o-1")))
    await feed_all(gateway_feed(desk))
    await feed_all(
        CommandFeed(desk.engine, "fulfilment", Fulfilment(desk.engine).handle, 3, prefix="s", poll_seconds=1)
    )
    await desk.answer()
    assert await desk.results() == {request("o-1").id: "captured", refund("o-2", "p-2").id: "refunded"}
    assert await desk.results("fulfilment") == {start("o-1").id: "started"}
    (told,) = await desk.log("o-1")
    assert told.metadata == {"correlationid": "conversation-o-1", "causationid": request("o-1").id}


async def test_a_crash_between_the_command_and_the_cursor_brings_it_again_and_it_is_a_repeat(desk: Desk) -> None:
    await record(desk, "order-process", logged(request("o-1")))
    gateway = Gateway(desk.engine, behaviour(), asyncio.Event())

    async def take_and_die(messages: Sequence[Envelope | Poison]) -> None:
        await gateway.handle(messages)
        raise Unavailable("died")

    with pytest.raises(Unavailable):
        await gateway_feed(desk, take_and_die).feed_once()
    assert await cursors(desk) == {}
    await feed_all(gateway_feed(desk))
    await desk.answer()
    assert await deliveries(desk) == {request("o-1").id: 2}
    assert len(await desk.ledger("o-1")) == 1
    assert await cursors(desk) == {"order-process": 1}


async def test_a_command_from_the_log_and_the_same_from_a_queue_are_one(desk: Desk) -> None:
    await record(desk, "order-process", logged(request("o-1")), logged(request("o-2")))
    async with reading(desk.engine) as connection:
        entries = (await read_commands(connection, "order-process", "gateway", 0)).entries
    delivered = [as_delivered(entry, "saga") for entry in entries]
    await desk.send(delivered[0])
    await feed_all(gateway_feed(desk))
    await desk.send(*delivered)
    await desk.answer()
    assert await deliveries(desk) == {request("o-1").id: 3, request("o-2").id: 2}
    assert await desk.rejected() == {}
    assert [len(await desk.ledger(order_id)) for order_id in ("o-1", "o-2")] == [1, 1]


async def test_while_one_replica_hands_on_the_others_pass_by(desk: Desk) -> None:
    await record(desk, "order-process", logged(request("o-1")))
    await feed_all(gateway_feed(desk))
    await record(desk, "order-process", logged(request("o-2")))
    handling, done = asyncio.Event(), asyncio.Event()

    async def dawdle() -> None:
        handling.set()
        await done.wait()

    first, second = Heard(dawdle), Heard()
    feeding = asyncio.create_task(gateway_feed(desk, first.handle).feed_once())
    await handling.wait()
    assert await gateway_feed(desk, second.handle).feed_once() == 0
    done.set()
    assert await feeding == 1
    assert (first.ids, second.ids) == ([request("o-2").id], [])


async def test_replicas_that_begin_at_once_hand_everything_on(desk: Desk) -> None:
    asked = [request(f"o-{number}") for number in range(30)]
    await record(desk, "order-process", *map(logged, asked))
    heard = Heard()
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(LIMIT_SECONDS), asyncio.TaskGroup() as replicas:
        for _ in range(3):
            replicas.create_task(gateway_feed(desk, heard.handle).run(stop, ready))
        await until(lambda: cursors(desk), lambda seen: seen == {"order-process": 30})
        stop.set()
    assert heard.ids == [one.id for one in asked]


async def test_a_log_whose_commands_can_not_be_taken_now_keeps_no_other_one(desk: Desk) -> None:
    await record(desk, "a-module", logged(request("o-1")))
    await record(desk, "b-module", logged(request("o-2")))
    heard: list[str | None] = []

    async def choosy(messages: Sequence[Envelope | Poison]) -> None:
        if messages[0].id == request("o-1").id:
            raise Unavailable("not now")
        heard.extend(message.id for message in messages)

    with pytest.raises(Unavailable, match="not now"):
        await gateway_feed(desk, choosy).feed_once()
    assert heard == [request("o-2").id]
    assert await cursors(desk) == {"b-module": 1}


async def test_a_feed_begins_behind_what_was_pruned_and_says_so(desk: Desk) -> None:
    await record(desk, "order-process", *(logged(request(f"o-{number}")) for number in range(1, 6)))
    async with desk.engine.begin() as connection:
        await connection.exec_driver_sql("SET LOCAL saga.pruning = 'on'")
        await connection.exec_driver_sql("UPDATE saga.module SET pruned_position = 3")
        await connection.exec_driver_sql("DELETE FROM saga.event_log WHERE position <= 3")
    heard = Heard()
    with capture_logs() as said:
        await feed_all(gateway_feed(desk, heard.handle))
    assert heard.ids == [request("o-4").id, request("o-5").id]
    assert {"begins_after_pruned", 3} <= {said[0]["event"], said[0]["position"]}
    assert await cursors(desk) == {"order-process": 5}


async def test_it_feeds_until_it_is_stopped(desk: Desk) -> None:
    stop, ready, taken = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(messages: Sequence[Envelope | Poison]) -> None:
        taken.set()

    running = asyncio.create_task(gateway_feed(desk, handle).run(stop, ready))
    async with asyncio.timeout(LIMIT_SECONDS):
        await ready.wait()
        await record(desk, "order-process", logged(request("o-1")))
        await taken.wait()
        stop.set()
        await running
