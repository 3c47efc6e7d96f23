"""What contradicts something that is known becomes a dead letter of its own kind; a mere duplicate does not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from aio_pika.abc import AbstractChannel
from sqlalchemy import Row

from saga.engine import Step
from saga.messages import Raw
from saga.messages.cloudevents import decode
from saga.modules import NewEvent, append
from saga.orders import order_process
from saga.postgres import durable_transaction
from tests.orders.auditor import EndState
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import answers, dead_letters, end_states, messages_taken, outcome, position_in
from tests.rabbitmq.wire import cancelled, event, paid, placed, publish, under_another_id
from tests.waiting import until

PAID = {"order_id": "o-1", "payment_id": "p-1", "amount": 4_200, "currency": "EUR"}


async def letters_of(place: Place, count: int) -> Sequence[Row[Any]]:
    return await until(lambda: dead_letters(place.engine), lambda seen: len(seen) == count)


async def record(place: Place, module: str, *types: str) -> list[str]:
    """Append public events to a log that is kept here, as its module would; their ids."""
    ids = [f"{module}-{number}" for number in range(1, len(types) + 1)]
    events = [NewEvent("o-1", kind, id_, PAID) for kind, id_ in zip(types, ids, strict=True)]
    async with durable_transaction(place.engine) as connection:
        await append(connection, module, events)
    return ids


async def test_the_same_payment_under_another_payment_id_is_refunded(
    place: Place, worker: None, channel: AbstractChannel
) -> None:
    await publish(channel, place, [placed("o-1"), paid("o-1", "p-2"), paid("o-1", "p-1")])
    kept = EndState(
        "paid",
        frozenset({("payment_request", "voided"), ("fulfilment", "started"), ("refund/p-2", "refunded")}),
    )
    await until(lambda: end_states(place.engine), lambda seen: seen.get("o-1") == kept)
    assert await dead_letters(place.engine) == []


async def test_the_same_payment_under_another_message_id_changes_nothing(
    place: Place, worker: None, channel: AbstractChannel
) -> None:
    payment = paid("o-1")
    await publish(channel, place, [payment, under_another_id(payment)])
    await until(lambda: answers(place.engine, "o-1"), lambda seen: len(seen) == 2)
    assert await answers(place.engine, "o-1") == ["InputTaken PaymentReceived", "InputIgnored PaymentReceived"]
    assert await dead_letters(place.engine) == []


async def test_the_same_payment_id_with_other_contents_is_a_conflict(
    place: Place, worker: None, channel: AbstractChannel
) -> None:
    await publish(channel, place, [paid("o-1", amount=4_200)])
    await until(lambda: outcome(place.engine, "o-1"))
    await publish(channel, place, [paid("o-1", amount=9_900), placed("o-2")])
    (letter,) = await letters_of(place, 1)
    assert (letter.kind, letter.process_id) == ("conflict", "o-1")
    assert "payment_id 'p-1' is already known with other contents: amount is 4200 there and 9900 here" in letter.reason
    await until(lambda: outcome(place.engine, "o-2"))
    assert await outcome(place.engine, "o-1") == "paid"


@pytest.mark.parametrize(
    "other", [{"amount": 1}, {"order_id": "o-2"}, {"note": "a field that nobody asked for"}], ids=str
)
async def test_the_same_message_id_with_other_contents_is_a_conflict(
    place: Place, worker: None, channel: AbstractChannel, other: dict[str, object]
) -> None:
    first = event("PaymentReceived", PAID, id="m-1")
    await publish(channel, place, [first])
    await until(lambda: outcome(place.engine, "o-1"))
    await publish(channel, place, [replace(first, body=orjson.dumps(PAID | other))])
    (letter,) = await letters_of(place, 1)
    assert letter.kind == "conflict"
    assert letter.reason == "the same message was taken in before with other contents"
    assert set(await end_states(place.engine)) == {"o-1"}


async def test_the_same_message_id_with_other_contents_is_a_conflict_within_one_batch(place: Place) -> None:
    first = event("PaymentReceived", PAID, id="m-1")
    batch = [first, replace(first, body=orjson.dumps(PAID | {"amount": 1})), first]
    taken = await Step(place.engine, order_process()).handle([decode(raw) for raw in batch])
    assert (taken.taken, taken.repeated, taken.dead) == (1, 1, 1)
    (letter,) = await dead_letters(place.engine)
    assert orjson.loads(letter.body)["amount"] == 1


async def test_the_same_contents_in_another_order_of_fields_are_no_conflict(
    place: Place, worker: None, channel: AbstractChannel
) -> None:
    first = event("PaymentReceived", PAID, id="m-1")
    turned = replace(first, body=orjson.dumps(dict(reversed(PAID.items()))))
    await publish(channel, place, [first, turned])
    await until(lambda: messages_taken(place.engine), lambda seen: seen == (1, 1))
    assert await dead_letters(place.engine) == []


async def test_a_position_with_another_message_id_is_a_conflict(place: Place, channel: AbstractChannel) -> None:
    first = event("PaymentReceived", PAID, id="m-1", sequence=1)
    async with working(place, remote_logs={"payments": None}):
        await publish(channel, place, [first])
        await until(lambda: outcome(place.engine, "o-1"))
        await publish(channel, place, [under_another_id(first)])
        (letter,) = await letters_of(place, 1)
    assert (letter.kind, letter.reason) == (
        "conflict",
        "position 1 of module payments was taken in as message m-1",
    )


CLAIMS = {
    "beyond the end": (
        event("PaymentReceived", PAID, id="payments-1", sequence=1_000_000, previous=0),
        "position 1000000 of module payments is beyond the end of its log, which is 2",
    ),
    "another module's": (
        event("PaymentReceived", PAID, id="an invention", sequence=2, previous=1),
        "position 2 of module payments is event payments-2, not an invention",
    ),
    "after an invented gap": (
        event("PaymentReceived", PAID, id="payments-2", sequence=2, previous=0),
        "position 2 of module payments follows public position 1, not 0",
    ),
}


@pytest.mark.parametrize(("claim", "reason"), CLAIMS.values(), ids=CLAIMS)
async def test_a_position_that_the_log_kept_here_does_not_confirm_is_a_conflict(
    place: Place, channel: AbstractChannel, worker: None, claim: Raw, reason: str
) -> None:
    await record(place, "payments", "PaymentReceived", "PaymentReceived")
    await publish(channel, place, [claim])
    letters = await until(lambda: dead_letters(place.engine), lambda seen: any(one.reason == reason for one in seen))
    assert {letter.kind for letter in letters} == {"conflict"}
    await until(lambda: position_in(place.engine, "payments"), lambda seen: seen and seen.watermark == 2)


async def test_a_cancellation_that_is_known_is_ignored_with_a_reason_and_no_dead_letter(
    place: Place, worker: None, channel: AbstractChannel
) -> None:
    await publish(channel, place, [cancelled("o-1"), cancelled("o-1")])
    await until(lambda: answers(place.engine, "o-1"), lambda seen: len(seen) == 2)
    assert await answers(place.engine, "o-1") == ["InputTaken OrderCancelled", "InputIgnored OrderCancelled"]
    assert await dead_letters(place.engine) == []
