"""The `eventsourcing` library's process application on PostgreSQL, fed from the queue by aio-pika.

A `ProcessApplication` has a policy that answers each event it follows, and records what the policy did together with
the position of that event, its tracking, in one transaction: the tracking drops duplicates ("System"). Here the
events it follows come from the queue, and their position is `ce-sequence`. What an order does with a message is an
event of its aggregate, and carries the command: its row has a position in the application's notification log, which is
where others read it, so it is state change and command out in one.

As the documentation has it for speed: the aggregate cache is on and is not fast-forwarded, which is for a single
instance ("Configuring aggregate caching"). The recorder is the usual one: the faster way through a database function
leaves the tracking out. Events are processed one at a time, as the library's lock for it wants; the psycopg calls
block, so they run in a thread.
"""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from aio_pika.abc import AbstractIncomingMessage
from contract import Done, Task, fresh_schema, run
from eventsourcing.application import AggregateNotFoundError, ProcessingEvent
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError, Tracking
from eventsourcing.system import ProcessApplication
from lanes import consume
from orders import Message, State, decide, read
from sqlalchemy.engine import make_url

SCHEMA = "eventsourcing_app"


class Order(Aggregate):
    """An order, made of its events."""

    @event("Opened")
    def __init__(self, order_id: str) -> None:
        self.order_id = order_id
        self.placed = self.paid = self.cancelled = self.elapsed = False

    @staticmethod
    def create_id(order_id: str) -> UUID:
        """The id of the order of this name."""
        return uuid5(NAMESPACE_URL, f"/orders/{order_id}")

    def take(self, message: Message) -> None:
        """Decide, and record the decision."""
        decision = decide(State(self.placed, self.paid, self.cancelled, self.elapsed), message)
        state = decision.state
        self.move(
            placed=state.placed,
            paid=state.paid,
            cancelled=state.cancelled,
            elapsed=state.elapsed,
            command_id=decision.command_id,
            command=decision.command,
        )

    @event("Moved")
    def move(
        self,
        *,
        placed: bool,
        paid: bool,
        cancelled: bool,
        elapsed: bool,
        command_id: str,  # noqa: ARG002 -- recorded in the event
        command: str,  # noqa: ARG002 -- recorded in the event
    ) -> None:
        """The state changed, and this command follows."""
        self.placed, self.paid, self.cancelled, self.elapsed = placed, paid, cancelled, elapsed


class Orders(ProcessApplication[UUID]):
    """Follows the messages of all orders."""

    name = SCHEMA

    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        """Find or open the order, and apply the message."""
        order_id = domain_event.body.order_id
        try:
            order: Order = self.repository.get(Order.create_id(order_id))
        except AggregateNotFoundError:
            order = Order(order_id)
        order.take(domain_event)
        processing_event.collect_events(order)


def configured(database_url: str) -> dict[str, str]:
    """The environment variables that configure the library."""
    url = make_url(database_url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.database or "",
        "POSTGRES_HOST": url.host or "",
        "POSTGRES_PORT": str(url.port or 5432),
        "POSTGRES_USER": url.username or "",
        "POSTGRES_PASSWORD": str(url.password or ""),
        "POSTGRES_SCHEMA": SCHEMA,
        "AGGREGATE_CACHE_MAXSIZE": "10000",
        "AGGREGATE_CACHE_FASTFORWARD": "n",
    }


async def work(task: Task) -> Done:
    """Handle all messages, one at a time, whatever ``at_once`` is."""
    await fresh_schema(task.database_url, SCHEMA)
    application = Orders(configured(task.database_url))

    async def handle(delivery: AbstractIncomingMessage) -> None:
        message = read(delivery.headers, delivery.body)
        with suppress(IntegrityError):  # it was tracked before
            await asyncio.to_thread(application.process_event, message, Tracking("orders", message.sequence))

    try:
        seconds = await consume(task, handle)
    finally:
        application.close()
    return Done(
        seconds,
        SCHEMA,
        taken="SELECT max(notification_id) FROM {schema}.eventsourcing_app_tracking",
        commands="SELECT count(*) FROM {schema}.eventsourcing_app_events WHERE topic LIKE '%Moved'",
    )


if __name__ == "__main__":
    run("eventsourcing_app", __doc__, work)
