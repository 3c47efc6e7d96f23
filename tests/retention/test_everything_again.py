"""Prune everything that may be pruned, then let all that is old come again: nothing changes."""

import random
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.messages import Envelope
from tests.engine.conversation import dead_letters, execute, message, rows, value
from tests.retention.archive import batches, counts, handle, ids, logged, picture, prune

KINDS = ("OrderPlaced", "PaymentReceived", "OrderCancelled", "PaymentTimedOut")
NOTHING_LEFT = ("instance", "inbox", "timer", "event_log", "dead_letter")


async def history(engine: AsyncEngine, *, positions: bool) -> list[Envelope]:
    """Every order of the four inputs, each for an order of its own, and some that a second payment came for."""
    arrivals = [(f"o-{positions}-{number}", arrival) for number, arrival in enumerate(permutations(KINDS))]
    messages = [message(kind, order_id) for order_id, arrival in arrivals for kind in arrival]
    messages += [message("PaymentReceived", order_id, payment_id="p-other") for order_id, _ in arrivals[::3]]
    return await logged(engine, *messages) if positions else messages


@pytest.mark.parametrize("batch_size", [1, 7, 200])
async def test_nothing_changes_when_all_old_messages_come_again(
    engine: AsyncEngine, batch_size: int, seed: int
) -> None:
    chance = random.Random(seed)
    messages = [*await history(engine, positions=True), *await history(engine, positions=False)]
    for batch in batches(messages, 50):
        await handle(engine, *batch)
    before = await picture(engine)
    await prune(engine)
    assert await counts(engine, NOTHING_LEFT) == dict.fromkeys(NOTHING_LEFT, 0)
    assert await picture(engine) == before
    logs = await rows(engine, "SELECT * FROM saga.module ORDER BY name")
    again = [*messages, *chance.choices(messages, k=50)]
    chance.shuffle(again)
    repeated = 0
    for batch in batches(again, batch_size):
        taken = await handle(engine, *batch)
        assert (taken.taken, taken.ignored, taken.dead, taken.outgoing) == (0, 0, 0, 0)
        repeated += taken.repeated
    assert repeated == len(again)
    assert await picture(engine) == before
    assert await rows(engine, "SELECT * FROM saga.module ORDER BY name") == logs
    assert await counts(engine, NOTHING_LEFT) == dict.fromkeys(NOTHING_LEFT, 0)


async def test_pruning_a_second_time_finds_nothing(engine: AsyncEngine) -> None:
    await handle(engine, *await history(engine, positions=True))
    assert (await prune(engine)).removed
    assert not (await prune(engine)).removed


async def test_what_is_not_older_than_the_age_stays(engine: AsyncEngine) -> None:
    messages = await history(engine, positions=True)
    await handle(engine, *messages)
    everything = await counts(engine, NOTHING_LEFT)
    assert not (await prune(engine, timedelta(hours=1))).removed
    assert await counts(engine, NOTHING_LEFT) == everything


async def test_other_contents_under_the_id_of_a_pruned_message_are_a_conflict(engine: AsyncEngine) -> None:
    placed = message("OrderPlaced", "o-1", message_id="m-a")
    await handle(engine, placed, message("OrderCancelled", "o-1"))
    await prune(engine)
    other = message("OrderPlaced", "o-1", message_id="m-a", amount=1)
    elsewhere = message("OrderPlaced", "o-2", message_id="m-a")
    assert (await handle(engine, other, elsewhere)).dead == 2
    reason = "the same message was taken in before with other contents"
    assert await dead_letters(engine) == [("conflict", reason)] * 2
    assert (await ids(engine, "instance"), await ids(engine, "instance_tombstone")) == ([], ["o-1"])


async def test_ids_are_told_apart_wherever_their_source_ends(engine: AsyncEngine) -> None:
    ids = (("a", "bc"), ("ab", "c"), ("1:a", "bc"), ("a\x1f", "bc"), ("a", "\x1fbc"))
    messages = [
        replace(message("OrderCancelled", f"o-{number}"), source=source, id=message_id)
        for number, (source, message_id) in enumerate(ids)
    ]
    await handle(engine, messages[0])
    await prune(engine)
    assert (await handle(engine, *messages)).taken == len(messages) - 1


async def test_a_position_whose_cursor_has_a_hole_before_it_is_known_without_its_row(engine: AsyncEngine) -> None:
    beyond = message("OrderCancelled", "o-1", module="orders", position=9, previous=8)
    await handle(engine, beyond, remote_modules={"orders"})
    assert (await prune(engine)).removed.instances == 1
    assert (await handle(engine, beyond, remote_modules={"orders"})).repeated == 1


async def test_a_message_whose_position_no_cursor_covers_keeps_its_instance(engine: AsyncEngine) -> None:
    one = message("OrderCancelled", "o-1", module="orders", position=1, previous=0)
    await handle(engine, one, remote_modules={"orders"})
    await execute(engine, "DELETE FROM saga.cursor")
    await prune(engine)
    assert await ids(engine, "instance") == ["o-1"]
    assert await value(engine, "SELECT count(*) FROM saga.inbox") == 1
