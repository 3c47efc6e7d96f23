"""Each role can do its work with the real code, and is refused what is not its work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.feeds.command_feed import CommandFeed
from saga.feeds.log_feed import AT_ONCE, LogFeed
from saga.messages import Envelope, Poison
from saga.modules import Module, NewEvent, StreamConflict, internal, read_horizon, read_public
from saga.modules.outgoing import Outgoing
from saga.modules.reader import read_all, read_commands, read_outgoing, read_stream
from saga.orders import order_process
from saga.postgres import NeedsPerson, connect_engine, durable_transaction
from saga.retention import PruneEnd, Pruner
from saga.worker.relay import Relay
from saga_scheduler.sweeper import MODULE as SCHEDULER
from saga_scheduler.sweeper import Sweeper
from tests.engine.conversation import commands, execute, message, outcome, rows, value
from tests.retention.archive import fire_all
from tests.visibility.feeds import first_reading
from tests.visibility.logins import Logins
from tests.visibility.records import RELATIONS, event, record, refused

PROCESS_MODULE = f"saga_module_{order_process().module}"


@dataclass(frozen=True)
class OrderPlaced:
    order_id: str


@internal
@dataclass(frozen=True)
class FraudScoreComputed:
    order_id: str
    score: int


class Kept:
    """Takes the place of the publisher: keeps what the relay would have sent."""

    def __init__(self) -> None:
        self.messages: list[Outgoing] = []

    async def publish(self, messages: list[Outgoing]) -> tuple[Outgoing, ...]:
        self.messages += messages
        return ()


async def test_a_reader_reads_and_follows_what_is_public(logins: Logins, engine: AsyncEngine) -> None:
    await record(engine, "orders", event("a"), event("secret", internal=True), event("b"), event("pay", target="bank"))
    reader = await logins.engine("saga_reader")
    async with reader.connect() as connection:
        found = await read_public(connection, "orders", 0)
    assert [entry.event_id for entry in found.entries] == ["a", "b"]
    assert found.horizon == 4
    assert [entry.event_id for entry in (await first_reading(reader, "orders", 1)).entries] == ["b"]


async def test_a_reader_reaches_no_table_and_no_other_view(logins: Logins, engine: AsyncEngine) -> None:
    await record(engine, "orders", event("a"), event("secret", internal=True))
    reader = await logins.engine("saga_reader")
    for relation in set(RELATIONS) - {"public_event", "public_module"}:
        await refused(reader, f"SELECT FROM saga.{relation}")
    for function in (read_all, read_outgoing):
        async with reader.connect() as connection:
            with pytest.raises(DBAPIError, match="permission denied"):
                await function(connection, "orders", 0)
    with pytest.raises(NeedsPerson, match="permission denied"):
        await record(reader, "orders", event("forged"))
    await refused(reader, "CREATE VIEW saga.mine AS SELECT 1 AS one")
    await refused(reader, "ALTER VIEW saga.public_event SET (security_barrier = false)")
    await refused(reader, "SET ROLE saga_auditor")


async def test_a_relay_relays_and_can_not_look_into_the_logs(logins: Logins, engine: AsyncEngine) -> None:
    await record(engine, "orders", event("a"), event("secret", internal=True), event("b"), event("pay", target="bank"))
    relay, kept = await logins.engine("saga_relay"), Kept()
    assert await Relay(relay, kept, "saga", 10).relay_once() == 4  # type: ignore[arg-type]
    assert [one.id for one in kept.messages] == ["a", "b", "pay"]
    await refused(relay, "SELECT FROM saga.event_log")
    await refused(relay, "SELECT FROM saga.module")


async def test_a_relay_keeps_what_it_can_not_send_and_reads_no_dead_letter(logins: Logins, engine: AsyncEngine) -> None:
    bad = NewEvent("o-1", "Happened", "e-1", {}, metadata={"correlationid": "x" * 256})
    await record(engine, "orders", bad, event("b"))
    relay, kept = await logins.engine("saga_relay"), Kept()
    for attempts in (1, 2):
        await execute(engine, "UPDATE saga.cursor SET watermark = 0")
        assert await Relay(relay, kept, "saga", 10).relay_once() == 2  # type: ignore[arg-type]
        told = await rows(engine, "SELECT consumer, position, attempts FROM saga.dead_letter")
        assert told == [("relay", 1, attempts)]
    assert [one.id for one in kept.messages] == ["b", "b"]
    await refused(relay, "SELECT body FROM saga.dead_letter")
    await refused(relay, "DELETE FROM saga.dead_letter")


async def test_a_relay_has_its_own_cursors_only(logins: Logins, engine: AsyncEngine) -> None:
    await execute(engine, "INSERT INTO saga.cursor (consumer, module) VALUES ('order', 'orders'), ('relay', 'orders')")
    relay = await logins.engine("saga_relay")
    assert await rows(relay, "SELECT consumer FROM saga.cursor") == [("relay",)]
    await execute(relay, "UPDATE saga.cursor SET watermark = 7")
    assert await rows(engine, "SELECT consumer, watermark FROM saga.cursor ORDER BY 1") == [("order", 0), ("relay", 7)]
    await refused(relay, "INSERT INTO saga.cursor (consumer, module) VALUES ('order', 'payments')")


async def test_a_worker_takes_the_durable_step_through_all_its_stages(logins: Logins, engine: AsyncEngine) -> None:
    await record(engine, "payments", event("secret", internal=True))
    worker = await logins.engine("saga_worker", PROCESS_MODULE)
    step = Step(worker, order_process())
    await step.handle([message("OrderPlaced", "o-1"), message("Nonsense", "o-1")])
    await step.handle([message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1", currency="euro")])
    again = message("OrderCancelled", "o-1")
    assert (await step.handle([again, again, message("PaymentReceived", "o-2")])).repeated == 1
    conflict = message("PaymentReceived", "o-3", module="payments", position=1)
    assert (await step.handle([conflict])).dead == 1
    ((letter,),) = await rows(worker, "SELECT dead_letter_id FROM saga.dead_letter WHERE type = 'Nonsense'")
    assert (await step.handle([message("OrderPlaced", "o-4")], redriven=[letter])).taken == 1
    assert await outcome(engine, "o-1") == "cancelled"
    assert await commands(engine, "o-1") == ["RequestPayment", "VoidPayment"]


async def test_a_worker_revives_an_instance_that_was_pruned(logins: Logins, engine: AsyncEngine) -> None:
    worker = await logins.engine("saga_worker", PROCESS_MODULE)
    step = Step(worker, order_process())
    await step.handle([message("OrderPlaced", "o-1"), message("OrderCancelled", "o-1")])
    await execute(
        engine,
        """
        WITH gone AS (DELETE FROM saga.instance RETURNING *)
        INSERT INTO saga.instance_tombstone
            (process, process_id, process_version, stream_version, outcome, state, created_at, settled_at)
        SELECT process, process_id, process_version, stream_version, outcome, state, created_at, updated_at FROM gone
        """,
    )
    await step.handle([message("PaymentReceived", "o-1")])
    assert await outcome(engine, "o-1") == "refunded"


async def test_a_worker_feeds_its_process_from_the_logs(logins: Logins, engine: AsyncEngine) -> None:
    said = {"order_id": "o-1"}
    await record(engine, "orders", event("secret", internal=True), NewEvent("o-1", "OrderCancelled", "e-1", said))
    worker, process = await logins.engine("saga_worker", PROCESS_MODULE), order_process()
    feed = LogFeed(worker, Step(worker, process), process, "saga", grace=AT_ONCE, page_size=10)
    await feed.feed_once()
    assert await outcome(engine, "o-1") == "cancelled"
    assert await value(engine, "SELECT watermark FROM saga.cursor WHERE module = 'orders'") == 2


async def test_a_worker_sees_its_own_log_and_of_others_what_is_public(logins: Logins, engine: AsyncEngine) -> None:
    worker = await logins.engine("saga_worker", PROCESS_MODULE)
    await Step(worker, order_process()).handle([message("OrderPlaced", "o-1")])
    await record(engine, "payments", event("a"), event("secret", internal=True))
    async with worker.connect() as connection:
        assert [one.type for one in await read_stream(connection, "order-process", "o-1")] == [
            "InputTaken",
            "RequestPayment",
        ]
        assert [one.event_id for one in (await read_all(connection, "payments", 0)).entries] == ["a"]
    assert await rows(worker, "SELECT event_id FROM saga.event_log WHERE module = 'payments'") == [("a",)]


async def test_a_worker_changes_no_log(logins: Logins, engine: AsyncEngine) -> None:
    worker = await logins.engine("saga_worker", PROCESS_MODULE)
    await Step(worker, order_process()).handle([message("OrderPlaced", "o-1")])
    for statement in (
        "DELETE FROM saga.event_log",
        "UPDATE saga.event_log SET type = 'Other'",
        "TRUNCATE saga.event_log",
        "ALTER TABLE saga.event_log DISABLE TRIGGER USER",
        "ALTER TABLE saga.event_log DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE saga.another (one int)",
        "DROP TABLE saga.event_log",
    ):
        await refused(worker, statement)
    with pytest.raises(NeedsPerson, match="row-level security"):
        await record(worker, "payments", event("forged"))


async def test_a_scheduler_fires_timers_into_its_own_log_and_no_other(logins: Logins, engine: AsyncEngine) -> None:
    await Step(engine, order_process()).handle([message("OrderPlaced", "o-1", payment_timeout_seconds=1)])
    await execute(engine, "UPDATE saga.timer SET due_at = clock_timestamp() - interval '1 s'")
    scheduler = await logins.engine("saga_scheduler")
    assert (await Sweeper(scheduler, 10).sweep()).fired == 1
    assert await rows(engine, "SELECT type FROM saga.event_log WHERE module = :module", module=SCHEDULER) == [
        ("PaymentTimedOut",)
    ]
    with pytest.raises(NeedsPerson, match="row-level security"):
        await record(scheduler, "orders", event("forged"))
    await refused(scheduler, "UPDATE saga.timer SET due_at = clock_timestamp()")
    assert await rows(scheduler, "SELECT position FROM saga.event_log WHERE module <> 'scheduler'") == []


async def test_a_collaborator_reads_the_commands_for_it_and_for_nobody_else(
    logins: Logins, engine: AsyncEngine
) -> None:
    await record(engine, "order-process", event("pay", target="gateway"), event("pack", target="fulfilment"))
    gateway = await logins.engine("saga_collaborator_gateway")
    async with gateway.connect() as connection:
        assert [one.event_id for one in (await read_commands(connection, "order-process", "gateway", 0)).entries] == [
            "pay"
        ]
        assert await read_commands(connection, "order-process", "fulfilment", 0) == ([], 2)
    assert await rows(gateway, "SELECT event_id FROM saga.command") == [("pay",)]
    await refused(gateway, "SELECT FROM saga.event_log")
    await refused(gateway, "SELECT FROM saga.public_event")
    await refused(gateway, "INSERT INTO saga.cursor (consumer, module) VALUES ('fulfilment', 'order-process')")
    await execute(gateway, "INSERT INTO saga.cursor (consumer, module) VALUES ('gateway', 'order-process')")


async def test_a_collaborator_is_fed_from_the_logs(logins: Logins, engine: AsyncEngine) -> None:
    await record(engine, "order-process", event("pay", target="gateway"), event("pack", target="fulfilment"))
    got: list[str | None] = []

    async def handle(messages: Sequence[Envelope | Poison]) -> None:
        got.extend(one.id for one in messages)

    gateway = await logins.engine("saga_collaborator_gateway")
    feed = CommandFeed(gateway, "gateway", handle, 10, prefix="saga", poll_seconds=1)
    assert await feed.feed_once() == 2
    assert got == ["pay"]


async def test_a_service_of_another_team_declares_its_module_and_keeps_tables_of_its_own(
    logins: Logins, engine: AsyncEngine
) -> None:
    orders_url = await logins.url("saga_module_orders")
    await logins.may_create_schemas(orders_url)
    orders = connect_engine(orders_url, "orders", pool_size=2)
    module = Module("orders", stream="order_id", events=(OrderPlaced, FraudScoreComputed))
    try:
        await execute(orders, "CREATE SCHEMA shop")
        await execute(orders, "CREATE TABLE shop.orders (order_id text)")
        async with orders.begin() as connection:
            await connection.execute(text("INSERT INTO shop.orders VALUES ('o-1')"))
            module.append(connection, [OrderPlaced("o-1"), FraudScoreComputed("o-1", 7)], expected_version=0)
        with pytest.raises(StreamConflict):
            async with orders.begin() as connection:
                module.append(connection, [OrderPlaced("o-1")], expected_version=0)
        async with orders.connect() as connection:
            assert len(await module.read_stream(connection, "o-1")) == 2
        async with (await logins.engine("saga_reader")).connect() as connection:
            assert [one.type for one in (await read_public(connection, "orders", 0)).entries] == ["OrderPlaced"]
    finally:
        await orders.dispose()


async def test_a_module_appends_to_its_own_log_and_reads_all_of_it(logins: Logins, engine: AsyncEngine) -> None:
    orders = await logins.engine("saga_module_orders")
    await record(orders, "orders", event("a"), event("scored", internal=True))
    await record(orders, "orders", event("a", internal=True))
    async with orders.connect() as connection:
        assert [one.event_id for one in (await read_all(connection, "orders", 0)).entries] == ["a", "scored", "a"]
        assert len(await read_stream(connection, "orders", "stream-of-a")) == 2
        horizon = await read_horizon(connection, "orders")
    assert horizon is not None
    assert (horizon.last_position, horizon.last_public_position) == (3, 1)


@pytest.mark.parametrize("exists", [True, False])
async def test_a_module_neither_appends_to_the_log_of_another_nor_reads_it(
    logins: Logins, engine: AsyncEngine, exists: bool
) -> None:
    if exists:
        await record(engine, "payments", event("a"), event("secret", internal=True))
    orders = await logins.engine("saga_module_orders")
    with pytest.raises(NeedsPerson, match="row-level security"):
        await record(orders, "payments", event("forged"))
    await refused(
        orders,
        """
        INSERT INTO saga.event_log
            (module, position, previous_public_position, stream_id, stream_version, event_id, type, visibility, data,
            metadata)
        VALUES ('payments', 3, 1, 's', 1, 'forged', 'PaymentReceived', 'public', '{}', '{}')
        """,
    )
    await execute(orders, "UPDATE saga.module SET last_position = 1000 WHERE name = 'payments'")
    assert await rows(orders, "SELECT position FROM saga.event_log") == []
    assert await rows(engine, "SELECT last_position FROM saga.module") == ([(2,)] if exists else [])


async def test_a_module_that_runs_no_process_sends_no_commands(logins: Logins) -> None:
    orders = await logins.engine("saga_module_orders")
    with pytest.raises(NeedsPerson, match="row-level security"):
        await record(orders, "orders", event("refund", target="gateway"))


async def test_a_login_proves_its_own_commits_and_keeps_nobody_else_from_it(
    logins: Logins, engine: AsyncEngine
) -> None:
    payments, gateway = [await logins.engine(f"saga_{name}") for name in ("module_payments", "collaborator_gateway")]
    for service in (payments, gateway):
        async with durable_transaction(service):
            pass
    assert await value(engine, "SELECT count(DISTINCT login) FROM saga.commit_proof") == 2
    async with payments.begin() as connection:
        locked = await connection.execute(text("SELECT login = current_user FROM saga.commit_proof FOR UPDATE"))
        assert locked.all() == [(True,)]
        async with durable_transaction(gateway):
            pass
    await refused(payments, "UPDATE saga.commit_proof SET login = 'somebody'")
    await refused(payments, "TRUNCATE saga.commit_proof")


async def test_an_auditor_reads_everything_and_changes_nothing(logins: Logins, engine: AsyncEngine) -> None:
    await record(engine, "orders", event("a"), event("secret", internal=True))
    auditor = await logins.engine("saga_auditor")
    async with auditor.connect() as connection:
        assert len((await read_all(connection, "orders", 0)).entries) == 2
    for relation in RELATIONS:
        await execute(auditor, f"SELECT FROM saga.{relation}")
    await refused(auditor, "UPDATE saga.instance SET settled = true")
    await refused(auditor, "DELETE FROM saga.inbox")


async def test_a_pruner_prunes_what_is_settled_and_the_rest_of_the_logs(logins: Logins, engine: AsyncEngine) -> None:
    step = Step(engine, order_process())
    await record(
        engine, "orders", NewEvent("o-1", "OrderPlaced", "e-1", {"order_id": "o-1"}), event("secret", internal=True)
    )
    placed = message("OrderPlaced", "o-1", message_id="e-1", module="orders", position=1, previous=0)
    nonsense = message("Nonsense", "o-1")
    await step.handle([placed, nonsense, message("PaymentReceived", "o-1"), message("OrderPlaced", "o-2")])
    await execute(engine, "UPDATE saga.dead_letter SET state = 'discarded', closed_at = clock_timestamp()")
    worker = await logins.engine("saga_worker", PROCESS_MODULE)
    process = order_process()
    await LogFeed(worker, Step(worker, process), process, "saga", grace=AT_ONCE, page_size=10).feed_once()
    while await Relay(await logins.engine("saga_relay"), Kept(), "saga", 100).relay_once():  # type: ignore[arg-type]
        pass
    await fire_all(engine)
    report = await Pruner(await logins.engine("saga_pruner")).prune(timedelta(0))
    assert report.ended is PruneEnd.DONE
    assert await rows(engine, "SELECT process_id FROM saga.instance") == [("o-2",)]
    assert await rows(engine, "SELECT process_id FROM saga.instance_tombstone") == [("o-1",)]
    assert await value(engine, "SELECT count(*) FROM saga.inbox_tombstone") == 1
    assert await value(engine, "SELECT count(*) FROM saga.dead_letter") == 0
    assert await value(engine, "SELECT count(*) FROM saga.event_log WHERE module = 'orders'") == 0


async def test_a_pruner_is_held_to_the_rule_of_the_append_only_log(logins: Logins, engine: AsyncEngine) -> None:
    await record(engine, "orders", event("a"))
    pruner = await logins.engine("saga_pruner")
    with pytest.raises(DBAPIError, match="append-only"):
        await execute(pruner, "DELETE FROM saga.event_log")
    await refused(pruner, "UPDATE saga.event_log SET type = 'Other'")
    async with pruner.begin() as connection:
        await connection.execute(text("SET LOCAL saga.pruning = 'on'"))
        await connection.execute(text("UPDATE saga.module SET pruned_position = 1"))
        await connection.execute(text("DELETE FROM saga.event_log"))
    assert await value(engine, "SELECT count(*) FROM saga.event_log") == 0
