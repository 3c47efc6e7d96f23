"""A process with a bug parks the instances that run into it, and nothing else; once fixed, they are put back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from aio_pika.abc import AbstractChannel

from saga.core import Fact, Process, Register
from saga.engine import Step
from saga.engine.dead_letters import load_raw
from saga.messages.cloudevents import decode
from saga.orders import order_process
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import (
    answers,
    commands,
    dead_letters,
    is_relayed,
    messages_taken,
    open_dead_letters,
    outcome,
    outcomes,
    position_in,
)
from tests.rabbitmq.wire import depth_becomes, event, paid, placed, publish
from tests.waiting import until

REMOTE = {"payments": None}


class BreaksOnPennies(Register):
    """A register with a bug: it can't take in an amount below ten. Effects that name the healthy one mean this one."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Register) and (self.name, self.of, self.key) == (other.name, other.of, other.key)

    def __hash__(self) -> int:
        return hash(self.name)

    def apply(self, entries: Mapping[str, Mapping[str, Any]], fact: Fact) -> Mapping[str, Mapping[str, Any]]:
        if fact.fields["amount"] < 10:
            raise ZeroDivisionError("pennies")
        return super().apply(entries, fact)


def broken_process() -> Process:
    healthy = order_process()
    registers = tuple(
        BreaksOnPennies(one.name, one.of, one.key) if isinstance(one, Register) and one.name == "payments" else one
        for one in healthy.registers
    )
    return replace(healthy, version=0, registers=registers)


async def redrive(place: Place, process: Process) -> None:
    """Put every open dead letter back, as the command line does."""
    letters = await open_dead_letters(place.engine)
    messages = [decode(load_raw(letter.body, letter.properties)) for letter in letters]
    await Step(place.engine, process, remote_modules=REMOTE).handle(
        messages, redriven=[letter.dead_letter_id for letter in letters]
    )


async def test_a_decision_that_raises_parks_its_message_and_the_others_go_on(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed("a"), paid("broken", amount=1), paid("b"), paid("a")])
    async with working(place, broken_process()):
        (letter,) = await until(lambda: dead_letters(place.engine))
        await until(lambda: outcomes(place.engine), lambda seen: seen == {"a": "paid", "b": "paid"})
    assert (letter.kind, letter.process_id) == ("failed", "broken")
    assert letter.reason == "the decision raised ZeroDivisionError: pennies"
    await depth_becomes(place, place.order_queue, 0)


async def test_a_decision_that_raises_parks_all_messages_of_its_instance_in_the_batch(place: Place) -> None:
    batch = [placed("broken"), paid("broken", amount=1), paid("a")]
    taken = await Step(place.engine, broken_process()).handle([decode(raw) for raw in batch])
    assert (taken.taken, taken.dead) == (1, 2)
    assert {(letter.kind, letter.process_id) for letter in await dead_letters(place.engine)} == {("failed", "broken")}
    await redrive(place, order_process())
    assert await outcomes(place.engine) == {"a": "paid", "broken": "paid"}


@pytest.mark.parametrize("sequence", [None, 1])
async def test_what_was_parked_is_handled_once_after_the_fix(
    place: Place, channel: AbstractChannel, sequence: int | None
) -> None:
    data = {"order_id": "o-1", "payment_id": "p-1", "amount": 1, "currency": "EUR"}
    payment = event("PaymentReceived", data, sequence=sequence)
    await publish(channel, place, [payment])
    async with working(place, broken_process(), remote_logs=REMOTE):
        await until(lambda: dead_letters(place.engine))
    assert await outcomes(place.engine) == {}

    await redrive(place, order_process())
    assert await open_dead_letters(place.engine) == []
    assert await outcome(place.engine, "o-1") == "paid"
    sent = [row.type for row in await commands(place.engine)]

    async with working(place, remote_logs=REMOTE):
        await publish(channel, place, [payment, payment])
        await until(lambda: messages_taken(place.engine), lambda seen: seen == (1, 2))
        await until(lambda: is_relayed(place.engine))
    assert await answers(place.engine, "o-1") == ["InputTaken PaymentReceived"]
    assert [row.type for row in await commands(place.engine)] == sent == ["VoidPayment", "StartFulfilment"]
    assert [letter.state for letter in await dead_letters(place.engine)] == ["redriven"]


async def test_a_redrive_before_the_fix_leaves_the_letter_open_with_one_more_attempt(
    place: Place, channel: AbstractChannel
) -> None:
    await publish(channel, place, [paid("o-1", amount=1)])
    async with working(place, broken_process()):
        await until(lambda: dead_letters(place.engine))
    await redrive(place, broken_process())
    (letter,) = await dead_letters(place.engine)
    assert (letter.state, letter.kind, letter.attempts, letter.closed_at) == ("open", "failed", 2, None)
    assert await outcomes(place.engine) == {}


async def test_a_parked_message_leaves_no_hole_in_its_module(place: Place, channel: AbstractChannel) -> None:
    data = {"order_id": "o-1", "payment_id": "p-1", "amount": 1, "currency": "EUR"}
    history = [
        event("PaymentReceived", data | {"order_id": f"o-{n}", "amount": n}, sequence=n, previous=n - 1)
        for n in range(8, 0, -1)
    ]
    await publish(channel, place, history)
    async with working(place, broken_process(), remote_logs=REMOTE):
        await until(lambda: position_in(place.engine, "payments"), lambda seen: seen and seen.watermark == 8)
    assert len(await open_dead_letters(place.engine)) == 8
