"""Messages that kill, from a log and out of the dead letters: no broker says that somebody had them before."""

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.engine import Step
from saga.feeds.log_feed import AT_ONCE, LogFeed
from saga.messages.cloudevents import decode
from saga.modules import NewEvent, append
from saga.operations import redrive
from saga.postgres import durable_transaction
from tests.engine.killing import doors
from tests.rabbitmq.records import dead_letters, open_dead_letters, rows
from tests.rabbitmq.wire import event

PAGE = 100


def a_feed(engine: AsyncEngine) -> LogFeed:
    return LogFeed(engine, Step(engine, doors), doors, "t", grace=AT_ONCE, page_size=PAGE)


async def knock(engine: AsyncEngine, room: str, **how: str) -> None:
    told = NewEvent(stream_id=room, type="Knocked", event_id=room, data={"room": room, **how})
    async with durable_transaction(engine) as connection:
        await append(connection, "halls", [told])


async def visited(engine: AsyncEngine) -> list[str]:
    return [row.process_id for row in await rows(engine, "SELECT process_id FROM saga.instance ORDER BY process_id")]


async def test_a_feed_that_begins_finds_what_its_predecessor_died_of(engine: AsyncEngine) -> None:
    await knock(engine, "a")
    await knock(engine, "b", decided="exit")
    await knock(engine, "c", checked="kill")
    await knock(engine, "d")
    await a_feed(engine).feed_once()
    assert await visited(engine) == ["a", "d"]
    assert {letter.process_id for letter in await open_dead_letters(engine)} == {"b", "c"}
    assert [row.watermark for row in await rows(engine, "SELECT * FROM saga.cursor WHERE consumer = 'doors'")] == [4]


async def test_a_feed_behind_which_another_one_fed_finds_what_that_one_died_of(engine: AsyncEngine) -> None:
    one, other = a_feed(engine), a_feed(engine)
    for room, feed in (("a", one), ("b", other)):
        await knock(engine, room)
        await feed.feed_once()
    await knock(engine, "c", decided="exit")
    await one.feed_once()
    assert [letter.process_id for letter in await open_dead_letters(engine)] == ["c"]


async def test_a_redrive_of_a_message_that_kills_says_that_it_is_still_dead(engine: AsyncEngine) -> None:
    raw = event("Knocked", {"room": "b", "decided": "exit"})
    await Step(engine, doors).handle_rehearsed([decode(raw)])
    (letter,) = await dead_letters(engine)
    done = await redrive(engine, [doors], [letter.dead_letter_id], actor="somebody", reason="another try", prefix="t")
    (redriven,) = done.answers
    assert redriven.answer == "dead"
    assert "exit code 3" in redriven.sentence
    (letter,) = await dead_letters(engine)
    assert (letter.state, letter.attempts) == ("open", 2)
