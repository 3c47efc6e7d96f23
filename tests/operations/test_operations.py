"""Operations in a program of one's own: what they refuse is an error with values; what is away is one answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.engine import DeadLetterKind, Step, dead_letters
from saga.engine.dead_letters import NewDeadLetter
from saga.messages import Poison, Raw
from saga.modules import connect_engine
from saga.operations import (
    ClosedDeadLetters,
    NewMessage,
    NoBroker,
    NoConsumer,
    NotLoggable,
    Unavailable,
    UnknownDeadLetters,
    UnknownFields,
    UnknownInstances,
    UnknownModule,
)
from saga.orders import order_process
from saga.postgres import durable_transaction
from tests.engine.conversation import message, rows

ORDERS = [order_process()]
NOWHERE = "postgresql://somebody:verysecret@127.0.0.1:1/saga"
WHO: dict[str, Any] = {"actor": "ops", "reason": "a test"}


async def a_dead_letter(engine: AsyncEngine) -> int:
    """One that no process can take in."""
    await Step(engine, ORDERS[0]).handle([message("OrderPlaced", "o-1", amount="much")])
    (letter,) = await operations.list_dead_letters(engine)
    return letter.id


@pytest.mark.parametrize(
    "ask",
    [
        lambda engine: operations.replay(engine, ORDERS, ["o-1", "o-9"]),
        lambda engine: operations.audit(engine, ORDERS, ["o-9", "o-1"]),
        lambda engine: operations.erase(engine, ORDERS[0], "o-9", **WHO),
    ],
    ids=["replay", "audit", "erase"],
)
async def test_instances_that_nobody_knows_are_named(
    engine: AsyncEngine, ask: Callable[[AsyncEngine], Awaitable[Any]]
) -> None:
    await Step(engine, ORDERS[0]).handle([message("OrderPlaced", "o-1")])
    with pytest.raises(UnknownInstances, match="nothing is known of 'o-9'") as refused:
        await ask(engine)
    assert refused.value.ids == ("o-9",)
    assert await operations.inspect(engine, ORDERS[0], "o-9") is None


async def test_what_is_not_there_is_named_with_what_is(engine: AsyncEngine) -> None:
    with pytest.raises(UnknownDeadLetters, match="there is no dead letter 7, 8"):
        await operations.read_dead_letters(engine, [7, 8])
    await operations.append_message(engine, ORDERS, an_order())
    with pytest.raises(UnknownModule) as refused:
        await operations.read_log(engine, "nobody")
    assert (refused.value.kept_here, refused.value.is_remote) == (("orders",), False)


def an_order(**other: Any) -> NewMessage:
    data = {"order_id": "o-1", "amount": 4_200, "currency": "EUR"}
    return NewMessage("OrderPlaced", "o-1", **{"module": "orders", "data": data} | other)


@pytest.mark.parametrize(
    ("other", "error", "why"),
    [
        ({"data": {"order_id": "o-1", "amout": 1}}, UnknownFields, r"amout \(did you mean amount\?\)"),
        ({"module": "payments"}, NoConsumer, "nobody follows OrderPlaced in the log of payments"),
        ({"sequence": 7, "source": "/elsewhere"}, NotLoggable, "no place for sequence, source"),
    ],
)
async def test_a_message_that_no_log_takes_is_refused_with_nothing_appended(
    engine: AsyncEngine, other: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        await operations.append_message(engine, ORDERS, an_order(**other))
    assert await operations.list_modules(engine) == ()


async def test_a_dry_run_discards_nothing_and_refuses_the_same(engine: AsyncEngine) -> None:
    letter = await a_dead_letter(engine)
    assert await operations.discard(engine, [letter], **WHO, dry_run=True) == (letter,)
    assert await operations.list_operations(engine) == ()
    assert await operations.discard(engine, [letter], **WHO) == (letter,)
    for dry_run in (True, False):
        with pytest.raises(ClosedDeadLetters) as refused:
            await operations.discard(engine, [letter], **WHO, dry_run=dry_run)
        assert refused.value.ids == (letter,)


async def test_what_the_relay_could_not_send_needs_a_broker(engine: AsyncEngine) -> None:
    unsent = Poison(Raw(b"{}"), "too long", type="RequestPayment", module="order-process", position=2)
    async with durable_transaction(engine) as connection:
        await dead_letters.keep(connection, "relay", [NewDeadLetter(DeadLetterKind.FAILED, unsent, "o-1")])
    with pytest.raises(NoBroker, match="is sent again to the broker, and there is none"):
        await operations.redrive(engine, ORDERS, **WHO)
    assert [letter.state for letter in await operations.list_dead_letters(engine)] == ["open"]


async def test_progress_is_said_with_what_is_known_so_far(engine: AsyncEngine) -> None:
    await Step(engine, ORDERS[0]).handle([message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2")])
    replayed: list[operations.ReplayReport] = []
    audited: list[operations.AuditReport] = []
    assert await operations.replay(engine, ORDERS, progress=replayed.append) == replayed[-1]
    assert await operations.audit(engine, ORDERS, progress=audited.append) == audited[-1]
    assert (replayed[-1].instances.checked, audited[-1].instances.checked) == (2, 2)


async def test_of_many_findings_the_first_are_kept_and_all_are_counted(engine: AsyncEngine) -> None:
    await Step(engine, ORDERS[0]).handle([message("OrderPlaced", f"o-{number}") for number in range(3)])
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE saga.instance SET outcome = 'paid'")
    report = await operations.replay(engine, ORDERS, limit=2)
    assert (report.instances.differing, report.left, len(report.findings)) == (3, 3, 2)
    repaired = await operations.replay(engine, ORDERS, repair=True)
    assert (repaired.repaired, repaired.left) == (3, 0)
    assert (await operations.replay(engine, ORDERS)).findings == ()


async def test_servers_that_are_away_are_an_answer_of_a_checkup_and_an_error_elsewhere() -> None:
    engine = connect_engine(NOWHERE, "test")
    try:
        found = await operations.health(engine, ORDERS, broker="amqp://somebody:verysecret@127.0.0.1:1/")
        with pytest.raises(Unavailable) as away:
            await operations.lag(engine)
    finally:
        await engine.dispose()
    assert isinstance(found.database, Unavailable) and isinstance(found.broker, Unavailable)
    assert (found.is_healthy, found.has_broker, found.services) == (False, True, ())
    assert away.value.server == "database 127.0.0.1:1/saga"
    assert "verysecret" not in f"{found.database} {found.broker} {away.value}"


async def test_an_erasure_that_is_tried_changes_no_row(engine: AsyncEngine) -> None:
    await Step(engine, ORDERS[0]).handle([message("OrderCancelled", "o-1")])
    before = await rows(engine, "SELECT CAST(e AS text) FROM saga.event_log AS e ORDER BY 1")
    tried = await operations.erase(engine, ORDERS[0], "o-1", **WHO, dry_run=True)
    assert await rows(engine, "SELECT CAST(e AS text) FROM saga.event_log AS e ORDER BY 1") == before
    assert await operations.erase(engine, ORDERS[0], "o-1", **WHO) == tried
