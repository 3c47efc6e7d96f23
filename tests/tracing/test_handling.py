"""Steps, deadlines, logs, redrives and collaborators give spans to messages, and their contexts to what follows."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.feeds.command_feed import CommandFeed
from saga.feeds.log_feed import AT_ONCE, LogFeed
from saga.messages import Envelope, Raw
from saga.modules import NewEvent, Visibility, append
from saga.operations import redrive
from saga.orders import order_process
from saga.postgres import durable_transaction
from saga.tracing import traced
from saga_scheduler.sweeper import Sweeper
from tests.collaborator.test_collaborator import Hotel, book, release
from tests.engine.conversation import execute, message, rows, value
from tests.harness.collector import Collector, attributes_of, links_of, parent_of, place_of, sent_by
from tests.waiting import until

PROCESS = order_process()
GIVEN = "00-0000000000000000000000000000abcd-00000000000000ef-01"
UNSAMPLED = GIVEN[:-1] + "0"
SENT_FROM = (0xABCD, 0xEF)
CONTEXTS = "SELECT metadata ->> 'traceparent' FROM saga.event_log WHERE stream_id = :id AND module = :module"


@pytest.fixture
async def spans(collector: Collector) -> AsyncIterator[Collector]:
    """Traces are on, and none begins here."""
    with traced("test", 0.0):
        yield collector


def sampled(one: Envelope, context: str = GIVEN) -> Envelope:
    raw = replace(one.raw, headers={"ce-traceparent": context})
    return replace(one, traceparent=context, raw=raw)


async def contexts(engine: AsyncEngine, stream_id: str, module: str = "order-process") -> set[tuple[int, int] | None]:
    """The spans that the entries of a stream came from."""
    return {sent_by(one) for (one,) in await rows(engine, CONTEXTS, id=stream_id, module=module)}


async def test_a_step_gives_the_context_of_its_span_to_all_that_a_message_leads_to(
    engine: AsyncEngine, spans: Collector
) -> None:
    silent = message("OrderPlaced", "o-2")
    await Step(engine, PROCESS).handle([sampled(message("OrderPlaced", "o-1")), silent])
    span = await spans.named("process OrderPlaced")
    assert (place_of(span)[0], parent_of(span)) == SENT_FROM
    assert await contexts(engine, "o-1") == {place_of(span)}
    assert sent_by(
        await value(engine, "SELECT metadata ->> 'traceparent' FROM saga.timer WHERE process_id = 'o-1'")
    ) == (place_of(span))
    assert await contexts(engine, "o-2") == {None}
    assert attributes_of(span)["saga.outcome"] == "awaiting_payment"
    batch = await spans.named("process order")
    assert attributes_of(batch)["messaging.batch.message_count"] == 2
    assert [event.name for event in batch.events] == ["verify", "dedup", "lock", "decide", "write", "commit"]


async def test_a_span_says_what_was_decided(engine: AsyncEngine, spans: Collector) -> None:
    step = Step(engine, PROCESS)
    paid = sampled(message("PaymentReceived", "o-1", message_id="once"))
    assert (await step.handle([sampled(message("OrderPlaced", "o-1")), paid])).taken == 2
    await step.handle([sampled(message("OrderPlaced", "o-1"))])
    await step.handle([paid])
    await step.handle([sampled(message("PaymentReceived", "o-1", message_id="once", amount=1))])
    await until(_as_async(lambda: len(spans.all_named("process order")) == 4))
    decisions = [
        (span.name.removeprefix("process "), said["saga.decision"], said.get("saga.outcome"), said.get("error.type"))
        for span in spans.spans
        if (said := attributes_of(span)).get("saga.decision")
    ]
    assert decisions == [
        ("OrderPlaced", "taken", "awaiting_payment", None),
        ("PaymentReceived", "taken", "paid", None),
        ("OrderPlaced", "ignored", "paid", None),
        ("PaymentReceived", "duplicate", None, None),
        ("PaymentReceived", "dead", None, "conflict"),
    ]


def _as_async(look: Any) -> Any:
    async def asked() -> Any:
        return look()

    return asked


async def test_conflicts_and_dead_letters_have_spans_though_nothing_is_sampled(
    engine: AsyncEngine, spans: Collector
) -> None:
    step = Step(engine, PROCESS)
    await step.handle([message("PaymentReceived", "o-1", message_id="once", amount=1)])
    conflicting = sampled(message("PaymentReceived", "o-1", message_id="once", amount=2), UNSAMPLED)
    wrong, unknown = message("PaymentReceived", "o-1", amount="secret"), message("Secret", "o-1")
    assert (await step.handle([conflicting, wrong, unknown])).dead == 3
    await spans.named("process order")
    found = [(one.name, attributes_of(one)["error.type"], parent_of(one)) for one in spans.spans[:-1]]
    assert sorted(found) == [
        ("process PaymentReceived", "conflict", SENT_FROM[1]),
        ("process PaymentReceived", "poison", 0),
        ("process message", "poison", 0),
    ]
    assert "secret" not in str(spans.spans).lower()


async def test_an_attempt_that_is_not_committed_leaves_no_span(
    engine: AsyncEngine, spans: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed, step = sampled(message("OrderPlaced", "o-1")), Step(engine, PROCESS)
    with monkeypatch.context() as patch:
        patch.setattr("saga.engine.timers.arm", _raise)
        with pytest.raises(RuntimeError):
            await step.handle([placed])
    assert (await step.handle([placed])).taken == 1
    span = await spans.named("process OrderPlaced")
    await spans.named("process order")
    assert len(spans.spans) == 2
    assert await contexts(engine, "o-1") == {place_of(span)}


async def _raise(*_: object) -> None:
    raise RuntimeError


async def test_what_a_rehearsal_condemned_is_not_tried_again_with_a_new_context(
    engine: AsyncEngine, spans: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that runs again gives its messages other contexts; what kills is known all the same."""
    deadly, step = sampled(message("OrderPlaced", "o-1")), Step(engine, PROCESS)
    step._condemned = [(deadly, "it kills")]
    with monkeypatch.context() as patch:
        patch.setattr("saga.engine.cursors.advance", _raise)
        with pytest.raises(RuntimeError):
            await step.handle_rehearsed([deadly])
    assert (await step.handle_rehearsed([deadly])).dead == 1
    assert step._condemned == []
    assert attributes_of(await spans.named("process OrderPlaced"))["error.type"] == "failed"


async def test_a_deadline_begins_a_trace_that_is_linked_to_the_one_that_armed_it(
    engine: AsyncEngine, spans: Collector
) -> None:
    placed = [sampled(message("OrderPlaced", "o-1")), sampled(message("OrderPlaced", "o-2"), UNSAMPLED)]
    await Step(engine, PROCESS).handle([*placed, message("OrderPlaced", "o-3")])
    await execute(engine, "UPDATE saga.timer SET due_at = now() - interval '1 s'")
    assert (await Sweeper(engine, batch_size=10).sweep()).fired == 3
    fired = await spans.named("fire payment_deadline")
    assert links_of(fired) == {place_of(await spans.named("process OrderPlaced"))}
    assert parent_of(fired) == 0
    assert await contexts(engine, "o-1", "scheduler") == {place_of(fired)}
    assert await rows(engine, CONTEXTS, id="o-2", module="scheduler") == [(UNSAMPLED,)]
    assert await rows(engine, CONTEXTS, id="o-3", module="scheduler") == [(None,)]
    assert len(spans.all_named("fire payment_deadline")) == 1


async def test_an_event_that_is_read_from_a_log_begins_a_trace_with_a_link(
    engine: AsyncEngine, spans: Collector
) -> None:
    cancelled = NewEvent("o-1", "OrderCancelled", "e-1", {"order_id": "o-1"}, metadata={"traceparent": GIVEN})
    async with durable_transaction(engine) as connection:
        await append(connection, "orders", [cancelled])
    feed = LogFeed(engine, Step(engine, PROCESS), PROCESS, "saga", grace=AT_ONCE, page_size=3)
    await until(feed.feed_once)
    span = await spans.named("process OrderCancelled")
    assert (parent_of(span), SENT_FROM in links_of(span)) == (0, True)
    assert await contexts(engine, "o-1") == {place_of(span)}


async def park(engine: AsyncEngine) -> None:
    """A message about o-1 that is a dead letter, and may be taken in now."""
    attributes = {"specversion": "1.0", "id": "m-1", "source": "/tests", "type": "OrderCancelled", "traceparent": GIVEN}
    headers = {f"ce-{name}": value for name, value in attributes.items()}
    raw = Raw(b'{"order_id": "o-1"}', exchange="saga.events", headers=headers)
    parked = replace(sampled(message("OrderCancelled", "o-1")), raw=raw)
    await Step(engine, PROCESS)._park(parked, "a row was damaged", (), ())


async def test_a_redrive_begins_a_trace_with_a_link(engine: AsyncEngine, spans: Collector) -> None:
    await park(engine)
    assert attributes_of(await spans.named("process OrderCancelled"))["error.type"] == "failed"
    assert (await redrive(engine, [PROCESS], actor="ana", reason="a test")).answers[0].answer == "taken"
    await until(_as_async(lambda: len(spans.all_named("process OrderCancelled")) == 2))
    again = spans.all_named("process OrderCancelled")[1]
    assert (parent_of(again), SENT_FROM in links_of(again)) == (0, True)
    assert await contexts(engine, "o-1") == {place_of(again)}


async def test_the_command_that_redrives_sends_its_span(
    engine: AsyncEngine, database_url: str, collector: Collector
) -> None:
    await park(engine)
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "saga", "dead-letters", "redrive", "--all"),
        env={**os.environ, "SAGA_DATABASE_URL": database_url, "SAGA_TRACES": "0"},
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await command.wait() == 0
    span = await collector.named("process OrderCancelled")
    assert SENT_FROM in links_of(span)
    assert await contexts(engine, "o-1") == {place_of(span)}


@pytest.fixture
async def hotel(engine: AsyncEngine) -> Hotel:
    hotel = Hotel()
    await hotel.collaborator.create_tables(engine)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE night (night date)"))
    return hotel


async def test_a_collaborator_gives_its_context_to_its_answers(
    engine: AsyncEngine, spans: Collector, hotel: Hotel
) -> None:
    booked = sampled(book("t-1"))
    await hotel.collaborator.handle(engine, [booked, sampled(book("t-2")), sampled(release("t-2"))])
    await hotel.collaborator.handle(engine, [booked, book("t-3", night="never")])
    await until(_as_async(lambda: len(spans.all_named("process hotel-2")) == 2))
    said = [(span.name, attributes_of(span)["saga.decision"]) for span in spans.spans if span.name != "process hotel-2"]
    assert said == [
        ("process BookRoom", "handled"),
        ("process BookRoom", "superseded"),
        ("process ReleaseRoom", "handled"),
        ("process BookRoom", "duplicate"),
        ("process BookRoom", "dead"),
    ]
    first = spans.all_named("process BookRoom")[0]
    assert parent_of(first) == SENT_FROM[1]
    assert await contexts(engine, "t-1", "hotel-log") == {place_of(first)}


async def test_no_trace_begins_at_a_collaborator(engine: AsyncEngine, collector: Collector, hotel: Hotel) -> None:
    with traced("test", 1.0):
        await hotel.collaborator.handle(engine, [replace(book("t-1"), traceparent=None)])
        await hotel.collaborator.handle(engine, [sampled(book("t-2"))])
    await collector.named("process hotel-2")
    assert len(collector.spans) == 2


async def test_a_command_that_is_read_from_a_log_begins_a_trace_with_a_link(
    engine: AsyncEngine, spans: Collector, hotel: Hotel
) -> None:
    command = book("t-1")
    entry = NewEvent(
        "t-1",
        "BookRoom",
        command.id,
        command.data,
        visibility=Visibility.INTERNAL,
        target="hotel-2",
        metadata={"traceparent": GIVEN},
    )
    async with durable_transaction(engine) as connection:
        await append(connection, "trip-process", [entry])

    async def handle(messages: Any) -> None:
        await hotel.collaborator.handle(engine, messages)

    await CommandFeed(engine, "hotel-2", handle, 10, prefix="saga", poll_seconds=1).feed_once()
    span = await spans.named("process BookRoom")
    assert (parent_of(span), SENT_FROM in links_of(span)) == (0, True)
