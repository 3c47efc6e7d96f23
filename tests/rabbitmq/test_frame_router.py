"""The router hands each frame to its handler, whichever way the bytes are cut, and shows that it lives."""

import asyncio
import random

from pamqp import frame as library
from pamqp.commands import Basic, Channel
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from saga.rabbitmq import frames
from saga.rabbitmq.deliveries import Deliveries
from saga.rabbitmq.frame_router import FrameRouter

CONSUMING, OTHER = 1, 2


def delivery(tag: int, body: bytes, channel: int = CONSUMING, most: int = 8) -> bytes:
    properties = Basic.Properties(message_id=f"m-{tag}", headers={"ce-id": f"m-{tag}"})
    parts = [body[start : start + most] for start in range(0, len(body), most)]
    return b"".join(
        [
            library.marshal(Basic.Deliver("ctag", tag, False, "saga.events", "orders.OrderPlaced"), channel),
            library.marshal(ContentHeader(body_size=len(body), properties=properties), channel),
            *(frames.FRAME_START.pack(frames.BODY, channel, len(part)) + part + frames.END for part in parts),
        ]
    )


FOREIGN = [
    library.marshal(Basic.QosOk(), CONSUMING),
    library.marshal(Channel.OpenOk(), OTHER),
    library.marshal(Heartbeat(), 0),
    delivery(9, b"for another channel", channel=OTHER),
    library.marshal(Basic.Cancel("ctag", True), CONSUMING),
]
BODIES = [b"", b"{}", b"x" * 100, b"\xce" * 30, b"y"]


def stream() -> bytes:
    deliveries = [delivery(tag, body) for tag, body in enumerate(BODIES, 1)]
    return b"".join(part for pair in zip(FOREIGN, deliveries, strict=True) for part in pair)


async def sort(cuts: list[bytes]) -> tuple[list[tuple[int, bytes, str | None]], bytes]:
    """What the consumer's channel gets of these pieces, and what the client reads, without what shows life."""
    reader = asyncio.StreamReader()
    router = FrameRouter(reader, asyncio.get_running_loop())
    handler = router.handlers[CONSUMING] = Deliveries(enough=100)
    for cut in cuts:
        router.data_received(cut)
    router.eof_received()
    taken = [(one.tag, one.message.body, one.message.message_id) for one in handler.others.batch(100)]
    return taken, await reader.read()


EXPECTED = [(tag, body, f"m-{tag}") for tag, body in enumerate(BODIES, 1)]


async def test_deliveries_go_to_the_consumer_and_everything_else_to_the_client() -> None:
    taken, passed = await sort([stream()])
    assert taken == EXPECTED
    assert passed == b"".join(FOREIGN) + frames.HEARTBEAT


async def test_it_makes_no_difference_where_the_bytes_are_cut(seed: int) -> None:
    data, dice = stream(), random.Random(seed)
    for _ in range(200):
        places = sorted(dice.sample(range(1, len(data)), dice.randint(1, 40)))
        cuts = [data[begin:end] for begin, end in zip([0, *places], [*places, len(data)], strict=True)]
        taken, passed = await sort(cuts)
        assert taken == EXPECTED, f"cut at {places}"
        assert passed.replace(frames.HEARTBEAT, b"") == b"".join(FOREIGN).replace(frames.HEARTBEAT, b"")


async def test_byte_by_byte_it_is_the_same() -> None:
    data = stream()
    taken, passed = await sort([data[at : at + 1] for at in range(len(data))])
    assert taken == EXPECTED
    assert passed.replace(frames.HEARTBEAT, b"") == b"".join(FOREIGN).replace(frames.HEARTBEAT, b"")


async def test_what_is_no_frame_reaches_the_client_at_the_end() -> None:
    """A broker that speaks another version answers with its protocol header, and closes."""
    assert await sort([b"AMQP\x00\x01\x00\x00"]) == ([], b"AMQP\x00\x01\x00\x00")


async def test_while_only_deliveries_come_the_client_is_shown_once_in_a_while_that_the_link_lives() -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    router = FrameRouter(reader, loop)
    router.handlers[CONSUMING] = Deliveries(enough=100)
    for tag in range(1, 100):
        router.data_received(delivery(tag, b"{}"))
    router.eof_received()
    shown = await reader.read()
    assert shown
    assert shown == frames.HEARTBEAT * (len(shown) // len(frames.HEARTBEAT))
    assert len(shown) < 10 * len(frames.HEARTBEAT)


async def test_a_heartbeat_stands_for_frames_that_were_taken_a_second_later() -> None:
    moments = iter([100.0, 100.5, 101.1, 101.9, 102.2])
    reader = asyncio.StreamReader()
    router = FrameRouter(reader, asyncio.get_running_loop())
    router._loop_time = moments.__next__
    router.handlers[CONSUMING] = Deliveries(enough=100)
    for tag in range(1, 6):
        router.data_received(delivery(tag, b"{}"))
    router.eof_received()
    assert await reader.read() == frames.HEARTBEAT * 3
