"""Retention of what operators did: answers of old operations go, who did what and why stays."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.operations import Pace
from saga.orders import order_process
from saga.retention import PruneEnd, Pruner
from tests.console.test_acting import WHY
from tests.engine.conversation import execute, value
from tests.operations.test_runs import letters

AGE = timedelta(days=30)
ITEMS = "SELECT count(*) FROM saga.operation_item"
OLD = """
ALTER TABLE saga.operation DISABLE TRIGGER append_only;
UPDATE saga.operation SET at = at - interval '60 days' WHERE operation_id <= :last;
ALTER TABLE saga.operation ENABLE TRIGGER append_only
"""


async def test_answers_of_old_operations_are_pruned_in_batches(engine: AsyncEngine) -> None:
    ids = await letters(engine, 9)
    for part in (ids[:5], ids[5:7]):
        await operations.discard(engine, part, **WHY)
    running = await operations.begin_redrive(engine, [order_process()], ids[7:], **WHY, pace=Pace(batch=1))
    await execute(engine, "INSERT INTO saga.operation_item (operation_id, item, answer) VALUES (3, '8', 'taken')")
    for statement in OLD.replace(":last", str(running)).split(";"):
        await execute(engine, statement)
    await operations.discard(engine, ids[7:8], **WHY)
    assert (await Pruner(engine).count(AGE)).removed.operation_items == 7
    pruned = await Pruner(engine, entries_at_once=2).prune(AGE)
    assert (pruned.removed.operation_items, pruned.ended) == (7, PruneEnd.DONE)
    assert await value(engine, ITEMS) == 2  # of the one that is running, and of the young one
    assert len(await operations.list_operations(engine)) == 4
    assert (await operations.list_operations(engine))[3].answers == {"discarded": 5}
    assert not (await Pruner(engine).prune(AGE)).removed
