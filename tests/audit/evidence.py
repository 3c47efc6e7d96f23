"""What the tests of the audit ask, and what they do to the database behind everybody's back."""

from itertools import count
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Fact, Process
from saga.messages import Envelope, Raw
from saga.modules import NewEvent, Visibility, append
from saga.postgres import durable_transaction
from saga.verification.audit import Audited, UnansweredEvent, audit, audit_events
from tests.engine.conversation import value
from tests.replay.evidence import PROCESS

_numbers = count(1)


async def audited(engine: AsyncEngine, process: Process = PROCESS, page_size: int = 500) -> list[Audited]:
    """Every instance, audited."""
    return [one async for page in audit(engine, process, page_size) for one in page]


async def differing(engine: AsyncEngine, process: Process = PROCESS) -> dict[str, list[str]]:
    """What differs, by instance."""
    return {
        one.process_id: [difference.what for difference in one.differences]
        for one in await audited(engine, process)
        if one.differences
    }


async def sentences(engine: AsyncEngine) -> list[str]:
    """Everything that differs, in words."""
    return [difference.sentence for one in await audited(engine) for difference in one.differences]


async def events(engine: AsyncEngine, page_size: int = 1_000) -> tuple[int, list[UnansweredEvent]]:
    """How many events were consumed, and those without an answer."""
    pages = [page async for page in audit_events(engine, PROCESS, page_size)]
    return sum(page.heard for page in pages), [one for page in pages for one in page.unanswered]


async def next_version(engine: AsyncEngine, process_id: str) -> int:
    """The next version of an instance's stream."""
    last = await value(engine, "SELECT max(stream_version) FROM saga.event_log WHERE stream_id = :id", id=process_id)
    return int(last) + 1


async def insert(engine: AsyncEngine, process_id: str, event: dict[str, Any]) -> None:
    """An entry in an instance's stream that no step has written; its row counts it."""
    version = await next_version(engine, process_id)
    entry = NewEvent(
        process_id, event_id=f"{process_id}-{version}", stream_version=version, visibility=Visibility.INTERNAL, **event
    )
    async with durable_transaction(engine) as connection:
        await append(connection, PROCESS.module, [entry])
        await connection.execute(
            text("UPDATE saga.instance SET stream_version = :version WHERE process_id = :id"),
            {"id": process_id, "version": version},
        )


async def send(engine: AsyncEngine, process_id: str, type_: str, revision: int, **fields: Any) -> None:
    """A command for the gateway's payment request that no decision has led to."""
    said = {"order_id": process_id, "effect": "payment_request", "revision": revision, **fields}
    await insert(engine, process_id, {"type": type_, "target": "gateway", "data": said})


async def answer_again(engine: AsyncEngine, process_id: str) -> None:
    """A second answer to the first message of an instance."""
    statement = (
        "SELECT concat(CAST(data AS text), '|', CAST(metadata AS text)) FROM saga.event_log"
        " WHERE stream_id = :id AND stream_version = 1"
    )
    data, metadata = (await value(engine, statement, id=process_id)).split("|")
    event = {"type": "InputIgnored", "data": orjson.loads(data), "metadata": orjson.loads(metadata)}
    await insert(engine, process_id, event)


def told(fact: Fact, process_id: str, correlate: str = "order_id") -> Envelope:
    """A message that states a fact, about this instance."""
    number = next(_numbers)
    data = {**fact.fields, correlate: process_id}
    return Envelope(type=fact.kind.__name__, id=f"told-{number}", source="/tests", data=data, raw=Raw(b"%d" % number))
