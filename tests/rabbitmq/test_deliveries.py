"""Deliveries of a hot instance stand in a line of their own, and what was handled in any order is acknowledged."""

from random import Random
from typing import Any

import pytest

from saga.rabbitmq.acknowledgements import Acknowledgements
from saga.rabbitmq.content import Content
from saga.rabbitmq.deliveries import BATCH_BYTES, HOT_BYTES, HOT_MESSAGES, Deliveries, Delivery, glance_for
from tests.rabbitmq.test_frame_router import delivery as frames_of

CHANNEL = 1


@pytest.mark.parametrize(
    ("body", "about"),
    [
        (b'{"order_id":"o-1","amount":5}', b'"o-1"'),
        (b'{"amount": 5, "order_id" :\n "o-1"}', b'"o-1"'),
        (b'{"data":{"order_id":"o-1"}}', b'"o-1"'),
        (b'{"order_id": 17}', b"17"),
        (b'{"order_id": -17}', b"-17"),
        (b'{"payment_id":"p-1"}', b""),
        (b'{"order_id": null}', b""),
        (b'{"order_id":"o-1', b""),
        (b"\xff\xfe\x00", b""),
        (b"", b""),
        (b" " * 5_000 + b'{"order_id":"o-1"}', b""),
    ],
)
def test_a_glance_finds_what_the_body_names(body: bytes, about: bytes) -> None:
    assert glance_for("order_id")(body) == about


def test_a_glance_takes_any_name_for_what_it_is() -> None:
    assert glance_for('a"b.*')(b'{"a\\"b.*": "o-1", "axb": "o-2"}') == b'"o-1"'


def received(orders: list[str], **options: Any) -> Deliveries:
    """Deliveries that name these orders, in this order."""
    deliveries = Deliveries(100, glance=glance_for("order_id"), **options)
    for tag, order in enumerate(orders, 1):
        frames_in(deliveries, tag, f'{{"order_id":"{order}"}}'.encode())
    return deliveries


def frames_in(deliveries: Deliveries, tag: int, body: bytes) -> None:
    data = frames_of(tag, body, most=2**17)
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 3 : at + 7], "big")
        assert deliveries.handle_frame(data[at], data, at + 7, at + 7 + size)
        at += size + 8


async def test_of_a_hot_order_some_stand_with_the_others_and_the_rest_apart() -> None:
    deliveries = received([*"hhhhahhb"], most_of_one=3)
    assert [one.tag for one in deliveries.others.batch(100)] == [1, 2, 3, 5, 8]
    assert [one.tag for one in deliveries.hot.batch(100)] == [4, 6, 7]
    assert deliveries.are_empty


async def test_an_order_is_hot_until_none_of_it_stands_apart() -> None:
    deliveries = received([*"hhh"], most_of_one=2)
    assert len(deliveries.others.batch(100)) == 2
    frames_in(deliveries, 4, b'{"order_id":"h"}')
    assert [one.tag for one in deliveries.hot.batch(100)] == [3, 4]
    frames_in(deliveries, 5, b'{"order_id":"h"}')
    assert [one.tag for one in deliveries.others.batch(100)] == [5]
    assert not deliveries.hot
    assert not deliveries.hot.some.is_set()


async def test_who_names_nobody_is_as_one_who_does() -> None:
    deliveries = received([], most_of_one=1)
    for tag in (1, 2):
        frames_in(deliveries, tag, b"no JSON")
    assert (len(deliveries.others), len(deliveries.hot)) == (1, 1)


async def test_as_much_again_is_looked_at_as_long_as_there_is_nobody_else() -> None:
    deliveries = received(["h"] * 60, most_of_one=10)
    assert deliveries.fitting_past_hot(8) == 50
    assert deliveries.fitting_past_hot(70) == 70
    for tag in range(61, 161):
        frames_in(deliveries, tag, f'{{"order_id":"o-{tag}"}}'.encode())
    assert deliveries.fitting_past_hot(8) == 0, "there are others"


@pytest.mark.system
async def test_what_stands_apart_is_bounded_in_number_and_in_bytes() -> None:
    many = received(["h"] * (HOT_MESSAGES + 5), most_of_one=1)
    assert many.fitting_past_hot(8) == 0
    large = received([], most_of_one=1)
    for tag in range(1, 1 + 2 * HOT_BYTES // BATCH_BYTES):
        frames_in(large, tag, b'{"order_id":"h","x":"' + b"x" * (BATCH_BYTES // 2) + b'"}')
    assert large.fitting_past_hot(8) == 0
    assert len(large.hot.batch(500)) == 1, "a batch of 2 MB"


class Wire:
    """A channel at whose other end a broker counts as RabbitMQ does."""

    def __init__(self, last_tag: int) -> None:
        self.is_closed = False
        self.outstanding = list(range(1, last_tag + 1))
        self.frames = 0

    async def basic_ack(self, tag: int, *, multiple: bool = False) -> None:
        self.frames += 1
        assert tag in self.outstanding, f"PRECONDITION_FAILED - unknown delivery tag {tag}"
        self.outstanding = [one for one in self.outstanding if one > tag or (one < tag and not multiple)]


def handled(*tags: int) -> list[Delivery]:
    return [Delivery(tag, Content(("", "")), is_back=False, about=b"") for tag in tags]


@pytest.mark.parametrize("turn", range(50))
async def test_whatever_was_handled_and_nothing_else_is_acknowledged(turn: int, seed: int) -> None:
    random = Random(seed)
    wire: Any = Wire(60)
    acknowledgements = Acknowledgements(wire)
    tags = random.sample(range(1, 61), 60) if turn % 2 else [*range(1, 61)]
    open_ = set(tags)
    while tags:
        batch = [tags.pop(0) for _ in range(min(len(tags), random.randint(1, 9)))]
        open_ -= set(batch)
        await acknowledgements.give(handled(*batch))
        assert set(wire.outstanding) == open_
        after, upto = sorted(random.sample(range(61), 2))
        assert acknowledgements.open_between(after, upto) == sum(after < tag <= upto for tag in open_)


async def test_in_order_a_batch_costs_one_frame() -> None:
    wire: Any = Wire(9)
    acknowledgements = Acknowledgements(wire)
    await acknowledgements.give(handled(1, 2, 3))
    await acknowledgements.give(handled(4, 5, 6))
    assert wire.frames == 2
    await acknowledgements.give(handled(8, 9))
    await acknowledgements.give(handled(7))
    assert (wire.frames, wire.outstanding) == (5, [])


async def test_on_a_dead_channel_nothing_is_acknowledged() -> None:
    wire: Any = Wire(1)
    wire.is_closed = True
    await Acknowledgements(wire).give(handled(1))
    assert wire.frames == 0
