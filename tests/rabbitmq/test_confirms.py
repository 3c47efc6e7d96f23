"""Confirms come one by one or for many, in any order; what was returned, refused or never said is known as that."""

import asyncio
import random

import pytest
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from saga.rabbitmq import frames
from saga.rabbitmq.confirms import Confirms, NotConfirmed
from tests.waiting import LIMIT_SECONDS


def expect(confirms: Confirms, count: int, first: int = 1) -> asyncio.Future[frozenset[str]]:
    return confirms.expect([f"m-{number}" for number in range(first, first + count)])


def say(confirms: Confirms, method: bytes) -> bool:
    return confirms.handle_frame(frames.METHOD, method, 0, len(method))


def ack(tag: int, *, multiple: bool = False) -> bytes:
    return frames.ACK + Basic.Ack(tag, multiple).marshal()


def give_back(confirms: Confirms, message_id: str, body: bytes = b"{}") -> None:
    header = ContentHeader(body_size=len(body), properties=Basic.Properties(message_id=message_id)).marshal()
    say(confirms, frames.RETURN + Basic.Return(312, "NO_ROUTE", "saga.events", "orders.Unheard").marshal())
    assert confirms.handle_frame(frames.HEADER, header, 0, len(header))
    if body:
        assert confirms.handle_frame(frames.BODY, body, 0, len(body))


async def test_all_are_confirmed_in_whichever_order_the_broker_says_so(seed: int) -> None:
    dice = random.Random(seed)
    for count in range(1, 40):
        confirms, first = Confirms(), dice.randint(0, 30)
        if first:
            before = expect(confirms, first)
            say(confirms, ack(first, multiple=True))
            assert await before == frozenset()
        settled = expect(confirms, count)
        outstanding = set(range(first + 1, first + count + 1))
        while outstanding:
            assert not settled.done(), f"{outstanding} are outstanding"
            tag, multiple = dice.choice(sorted(outstanding)), dice.random() < 0.3
            say(confirms, ack(tag, multiple=multiple))
            outstanding -= {other for other in outstanding if other == tag or (multiple and other < tag)}
        assert await settled == frozenset()


async def test_what_found_no_queue_is_named_by_its_id() -> None:
    confirms = Confirms()
    settled = expect(confirms, 3)
    give_back(confirms, "m-2")
    say(confirms, ack(2))
    give_back(confirms, "m-3", body=b"")
    say(confirms, ack(3, multiple=True))
    assert await settled == {"m-2", "m-3"}


async def test_what_was_returned_before_is_not_named_again() -> None:
    confirms = Confirms()
    first = expect(confirms, 1)
    give_back(confirms, "m-1")
    say(confirms, ack(1))
    assert await first == {"m-1"}
    second = expect(confirms, 1)
    say(confirms, ack(2))
    assert await second == frozenset()


async def test_a_refused_message_is_not_confirmed() -> None:
    confirms = Confirms()
    settled = expect(confirms, 2)
    say(confirms, ack(1))
    say(confirms, frames.NACK + Basic.Nack(2, False, True).marshal())
    with pytest.raises(NotConfirmed, match="refused message 2"):
        await settled


async def test_a_channel_that_is_lost_confirms_nothing_more() -> None:
    confirms = Confirms()
    settled = expect(confirms, 2)
    say(confirms, ack(1))
    confirms.lose("the channel was closed")
    with pytest.raises(NotConfirmed, match="the channel was closed"):
        await settled
    say(confirms, ack(2))


async def test_what_is_no_confirm_is_left_to_the_client() -> None:
    confirms = Confirms()
    assert not say(confirms, frames.DELIVER + Basic.Deliver("ctag", 1, False, "e", "k").marshal())
    assert not confirms.handle_frame(frames.HEADER, b"\x00\x3c", 0, 2)


async def test_a_confirm_of_nothing_outstanding_changes_nothing() -> None:
    confirms = Confirms()
    assert say(confirms, ack(5))
    settled = expect(confirms, 1)
    assert not settled.done()
    say(confirms, ack(1))
    async with asyncio.timeout(LIMIT_SECONDS):
        assert await settled == frozenset()


async def test_publishes_that_are_outstanding_together_are_confirmed_each_by_itself() -> None:
    confirms = Confirms()
    first, second = expect(confirms, 2), expect(confirms, 2, first=3)
    give_back(confirms, "m-3")
    say(confirms, ack(3))
    say(confirms, ack(4))
    assert await second == {"m-3"}
    assert not first.done()
    say(confirms, ack(2, multiple=True))
    assert await first == frozenset()
