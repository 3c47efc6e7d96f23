"""What the relay could not send is seen from its order, and sent again from the log."""

import asyncio
import json

import aio_pika
import pytest

from saga.orders import order_process
from saga.postgres import connect_engine
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology
from saga.worker.relay import Relay
from tests.cli.shell import Saga, message

TOO_LONG = "ж" * 200
FIX = """
    UPDATE saga.event_log SET metadata = jsonb_set(metadata, '{correlationid}', '"short"')
    WHERE module = 'order-process' AND target IS NOT NULL
"""


@pytest.fixture
def unsent(saga: Saga) -> Saga:
    """An order whose command an older version recorded with an id that does not fit."""
    saga.handle(message("OrderPlaced", "o-1"))
    change(saga, FIX.replace("short", TOO_LONG))
    relay(saga)
    return saga


def change(saga: Saga, statement: str) -> None:
    saga.sql("ALTER TABLE saga.event_log DISABLE TRIGGER USER")
    saga.sql(statement)
    saga.sql("ALTER TABLE saga.event_log ENABLE TRIGGER USER")


def relay(saga: Saga) -> None:
    async def work() -> None:
        engine = connect_engine(saga.environment["SAGA_DATABASE_URL"], "test")
        prefix, url = saga.environment["SAGA_PREFIX"], saga.environment["SAGA_AMQP_URL"]
        try:
            async with Publisher(url, topology(prefix, order_process()), 10) as publisher:
                await Relay(engine, publisher, prefix, 100).relay_once()
        finally:
            await engine.dispose()

    asyncio.run(work())


def commands(saga: Saga) -> list[tuple[str | None, str | None, str | None]]:
    async def work() -> list[tuple[str | None, str | None, str | None]]:
        async with await aio_pika.connect(saga.environment["SAGA_AMQP_URL"]) as connection:
            channel = await connection.channel()
            queue = await channel.get_queue(f"{saga.environment['SAGA_PREFIX']}.gateway")
            found = []
            while one := await queue.get(no_ack=True, fail=False):
                found.append((one.type, one.message_id, one.correlation_id))
            return found

    return asyncio.run(work())


def test_it_is_seen_from_the_order_in_the_lists_and_in_the_figures(unsent: Saga) -> None:
    (letter,) = unsent.json("dead-letters", "list", "o-1")["dead_letters"]
    assert (letter["consumer"], letter["kind"], letter["type"]) == ("relay", "failed", "RequestPayment")
    assert letter["reason"] == "the relay can't send it: the correlation id has 400 bytes; AMQP has room for 255"
    order = unsent.json("inspect", "o-1")
    assert [one["id"] for one in order["dead_letters"]] == [letter["id"]]
    assert [one["published"] for one in order["commands"]] == [False]
    assert "still in the log only" in unsent("inspect", "o-1").stdout
    (stuck,) = unsent.json("list", "--stuck")["orders"]
    assert "an open dead letter" in stuck["reason"]
    lag = unsent.json("lag")
    assert lag["open_dead_letters"] == 1
    assert [one["not_relayed"] for one in lag["outbox"]] == [0]
    shown = unsent("dead-letters", "show", str(letter["id"]))
    assert "position 2 of order-process" in shown.stdout


def test_it_is_still_dead_before_the_cause_is_gone(unsent: Saga) -> None:
    result = unsent("dead-letters", "redrive", "1", "--json")
    assert result.exit_code == 1
    (answer,) = json.loads(result.stdout)["redriven"]
    assert (answer["answer"], answer["dead_letter_id"]) == ("dead", 1)
    assert "correlation id has 400 bytes" in answer["sentence"]
    (letter,) = unsent.json("dead-letters", "list")["dead_letters"]
    assert (letter["attempts"], letter["state"]) == (2, "open")


@pytest.mark.parametrize("words", [("1",), ("--all",)])
def test_it_is_sent_as_the_same_message_once_the_cause_is_gone(unsent: Saga, words: tuple[str, ...]) -> None:
    change(unsent, FIX)
    (answer,) = unsent.json("dead-letters", "redrive", *words)["redriven"]
    assert (answer["answer"], answer["sentence"]) == ("sent", "sent, position 2 of order-process")
    order = unsent.json("inspect", "o-1")
    assert commands(unsent) == [("RequestPayment", order["commands"][0]["id"], "short")]
    assert (order["commands"][0]["published"], order["dead_letters"]) == (True, [])
    assert unsent.json("list", "--stuck")["orders"] == []


def test_its_data_can_not_be_corrected_and_without_a_broker_nothing_is_done(unsent: Saga) -> None:
    corrected = unsent("dead-letters", "redrive", "1", "--data", "{}")
    assert corrected.exit_code == 2
    assert "entry of a log" in corrected.stderr
    assert unsent("dead-letters", "redrive", "1", SAGA_AMQP_URL="").exit_code == 2
    assert [one["attempts"] for one in unsent.json("dead-letters", "list")["dead_letters"]] == [1]


def test_it_keeps_its_order_and_its_entry_from_being_pruned(unsent: Saga) -> None:
    unsent.sql("UPDATE saga.instance SET settled = true, updated_at = now() - interval '1 year'")
    change(unsent, "UPDATE saga.event_log SET recorded_at = now() - interval '1 year'")
    unsent.json("prune", "--older-than", "1d", "--yes")
    change(unsent, FIX)
    assert unsent.json("dead-letters", "redrive", "1")["redriven"][0]["answer"] == "sent"
