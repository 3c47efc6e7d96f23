"""DBOS Transact: a workflow for each order, started by the message that places it and signalled by the others.

OrderPlaced starts the workflow, with the order's id as the workflow's ("Workflow IDs and Idempotency"); the others are
sent to it, each with its own id as idempotency key (`DBOS.send_async`). A delivery is acknowledged once that is
durable. The workflow receives them (`DBOS.recv_async`), keeps the order's state, as a workflow does, and publishes
each command together with the new state (`DBOS.set_event_async`, "Communicating with Workflows"): durable, and a step
of the workflow. So DBOS's own tables drop a duplicate, and the clock ends when the last command is written.

Chosen by trial, for speed: a row of one's own in a "datasource" transaction, instead of an event, costs a fifth more,
and workflows in threads are as fast as coroutines, which the documentation wants where many wait. Waiting is woken by
LISTEN/NOTIFY, and the pool of the system database is 20, both the defaults. How many messages are fed at once makes no
difference.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from contract import Done, Task, fresh_schema, run
from dbos import DBOS, DBOSConfig, SetWorkflowID, error
from lanes import consume
from orders import FLAGS, KINDS, Message, State, decide, read

SCHEMA = "dbos_transact"
LONGEST_WAIT_SECONDS = 600
PAUSE_SECONDS = 0.05
START = "OrderPlaced"

Workflow = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]


class Written:
    """Counts the commands that are still to be written; ``all`` is set when none is left."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.all = asyncio.Event()

    def one_more(self) -> None:
        """Count a written command."""
        self._left -= 1
        if self._left == 0:
            self.all.set()


def order_workflow(written: Written) -> Workflow:
    """The workflow of an order: one message of each type, in any sequence after the first."""

    @DBOS.workflow()
    async def order(first: dict[str, Any]) -> None:
        state, received = State(), first
        for left in reversed(range(len(FLAGS))):
            decision = decide(state, from_fields(received))
            state = decision.state
            event = {"command": decision.command, "cause": received["id"], **asdict(state)}
            await DBOS.set_event_async(decision.command_id, event)
            written.one_more()
            if left:
                received = await DBOS.recv_async(timeout_seconds=LONGEST_WAIT_SECONDS)

    return order


def to_fields(message: Message) -> dict[str, Any]:
    """The message as fields that DBOS can store."""
    known = {name: getattr(message, name) for name in ("id", "source", "sequence", "type")}
    return {**known, "body": message.body.model_dump()}


def from_fields(fields: dict[str, Any]) -> Message:
    """The message from its fields, which were checked before."""
    return Message(**{**fields, "body": KINDS[fields["type"]].model_construct(**fields["body"])})


async def signal(message: Message) -> None:
    """Send the message to its order's workflow; wait for a workflow that does not exist yet."""
    async with asyncio.timeout(LONGEST_WAIT_SECONDS):
        while True:
            try:
                await DBOS.send_async(message.body.order_id, to_fields(message), idempotency_key=message.id)
                return
            except error.DBOSNonExistentWorkflowError:
                await asyncio.sleep(PAUSE_SECONDS)


async def work(task: Task) -> Done:
    """Handle all messages, and wait for the workflows."""
    await fresh_schema(task.database_url, SCHEMA)
    config: DBOSConfig = {
        "name": "peers",
        "system_database_url": task.database_url,
        "dbos_system_schema": SCHEMA,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    written = Written(task.count)
    order = order_workflow(written)
    DBOS.launch()
    running = []

    async def handle(delivery: AbstractIncomingMessage) -> None:
        message = read(delivery.headers, delivery.body)
        if message.type == START:
            with SetWorkflowID(message.body.order_id):
                running.append(await DBOS.start_workflow_async(order, to_fields(message)))
        else:
            await signal(message)

    try:
        seconds = await consume(task, handle, written.all.wait)
        await asyncio.gather(*(workflow.get_result() for workflow in running))
    finally:
        await asyncio.to_thread(DBOS.destroy)
    return Done(
        seconds,
        SCHEMA,
        taken="SELECT (SELECT count(*) FROM {schema}.workflow_status) + (SELECT count(*) FROM {schema}.notifications)",
        commands="SELECT count(*) FROM {schema}.workflow_events",
    )


if __name__ == "__main__":
    run("dbos_transact", __doc__, work)
