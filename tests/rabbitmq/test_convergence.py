"""Over the real broker, with two workers at once: whatever the order and the repetitions, facts have one end."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, count, permutations, product

import orjson
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from saga.core import Fact
from saga.core.process import Process
from saga.engine.intake import AdmittedMessage, admit
from saga.messages import Envelope, Raw
from saga.messages.cloudevents import decode
from saga.orders import order_process
from tests.examples.reading import believed, reading, starting_with
from tests.orders.auditor import EndState, audit
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import (
    Position,
    answers,
    commands,
    dead_letters,
    end_states,
    is_relayed,
    messages_taken,
    position_in,
)
from tests.rabbitmq.wire import MODULES, cancelled, drain, event, paid, placed, publish, timed_out, under_another_id
from tests.waiting import until

PROCESS: Process = order_process()
SAMPLED = 100
LONGEST_EXHAUSTIVE = 5
CONDITIONS = {
    "RequestPayment": "requested",
    "VoidPayment": "voided",
    "RefundPayment": "refunded",
    "StartFulfilment": "started",
    "StopFulfilment": "stopped",
}
THREE = ("PaymentReceived", "OrderCancelled", "PaymentTimedOut")
FOUR = ("OrderPlaced", *THREE)


@dataclass(frozen=True)
class History:
    """What is sent about one order, in this order of sending."""

    order_id: str
    messages: tuple[Raw, ...]

    @property
    def facts(self) -> list[Fact]:
        return [_understood(raw).fact for raw in self.messages]

    def __str__(self) -> str:
        return f"{self.order_id}: {' -> '.join(str(raw.headers['ce-type']) for raw in self.messages)}"


def _understood(raw: Raw) -> AdmittedMessage:
    envelope = decode(raw)
    assert isinstance(envelope, Envelope)
    admitted = admit(PROCESS, envelope)
    assert isinstance(admitted, AdmittedMessage)
    return admitted


def _first_messages(order_id: str) -> dict[str, Raw]:
    return {
        "OrderPlaced": placed(order_id),
        "PaymentReceived": paid(order_id),
        "OrderCancelled": cancelled(order_id),
        "PaymentTimedOut": timed_out(order_id),
    }


def _history(number: int, kinds: Sequence[str], chance: random.Random) -> History:
    """A kind that comes again is the same message, or the same fact in a message of its own."""
    first = _first_messages(f"o-{number}")
    seen: set[str] = set()
    messages = []
    for kind in kinds:
        again = kind in seen and chance.random() < 0.5
        messages.append(under_another_id(first[kind]) if again else first[kind])
        seen.add(kind)
    return History(f"o-{number}", tuple(messages))


def _orders(kinds: Sequence[str], chance: random.Random) -> Iterator[tuple[str, ...]]:
    """Every order of every multiset of one to three of each kind; of the long ones a sample."""
    for copies in product((1, 2, 3), repeat=len(kinds)):
        inputs = [kind for kind, times in zip(kinds, copies, strict=True) for _ in range(times)]
        if len(inputs) <= LONGEST_EXHAUSTIVE:
            yield from sorted(set(permutations(inputs)))
        else:
            yield from (tuple(chance.sample(inputs, len(inputs))) for _ in range(SAMPLED // len(copies) ** 2))


def _net(taken: Sequence[AbstractIncomingMessage]) -> dict[str, frozenset[tuple[str, str]]]:
    """The net effects of commands: of all for one effect, the one with the greatest revision holds."""
    latest: defaultdict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    for message in taken:
        said = orjson.loads(message.body)
        change = (said["revision"], CONDITIONS[str(message.type)])
        effects = latest[said["order_id"]]
        effects[said["effect"]] = max(effects.get(said["effect"], (0, "")), change)
    return {
        order_id: frozenset((effect, condition) for effect, (_, condition) in effects.items())
        for order_id, effects in latest.items()
    }


async def _converge(place: Place, channel: AbstractChannel, histories: Sequence[History]) -> None:
    """Send all histories to two workers; hold what they led to against the auditor, at every place where it shows."""
    everything = [raw for history in histories for raw in history.messages]
    async with reading(place, PROCESS, channel) as reader:
        async with working(place), working(place):
            await publish(channel, place, everything)
            sent = len(everything)
            await until(lambda: messages_taken(place.engine), lambda seen: sum(seen) == sent)
            await until(lambda: is_relayed(place.engine))
        announced = believed(PROCESS, await reader.received())
    taken = await drain(place, place.topology.queue("gateway")) + await drain(place, place.topology.queue("fulfilment"))
    expected = {history.order_id: audit(history.facts) for history in histories}
    stories = {history.order_id: str(history) for history in histories}
    assert _diverged(expected, await end_states(place.engine), stories) == []
    net = _net(taken)
    at_collaborators = {
        order_id: EndState(one.outcome, net.get(order_id, frozenset())) for order_id, one in expected.items()
    }
    assert _diverged(expected, at_collaborators, stories) == []
    outcomes = {order_id: one.outcome for order_id, one in expected.items()}
    assert announced == starting_with(outcomes, "awaiting_payment")
    assert await dead_letters(place.engine) == []
    _assert_no_command_is_doubled(taken, len(await commands(place.engine)))


def _diverged(expected: dict[str, EndState], seen: dict[str, EndState], stories: dict[str, str]) -> list[str]:
    return [
        f"{stories[order_id]}: {seen.get(order_id)} instead of {end_state}"
        for order_id, end_state in expected.items()
        if seen.get(order_id) != end_state
    ]


def _assert_no_command_is_doubled(taken: Sequence[AbstractIncomingMessage], in_log: int) -> None:
    contents: defaultdict[str, set[bytes]] = defaultdict(set)
    revisions: defaultdict[tuple[str, str, int], set[str]] = defaultdict(set)
    for message in taken:
        said = orjson.loads(message.body)
        contents[str(message.message_id)].add(message.body)
        revisions[said["order_id"], said["effect"].partition("/")[0], said["revision"]].add(str(message.message_id))
    assert {id_: bodies for id_, bodies in contents.items() if len(bodies) > 1} == {}
    assert {key: ids for key, ids in revisions.items() if len(ids) > 1} == {}
    assert len(contents) == in_log


async def test_every_order_of_three_inputs_once_to_three_times_converges(
    place: Place, channel: AbstractChannel, seed: int
) -> None:
    chance = random.Random(seed)
    orders = list(_orders(THREE, chance))
    assert set(permutations(THREE)) <= set(orders)
    await _converge(place, channel, [_history(n, kinds, chance) for n, kinds in enumerate(orders)])


async def test_every_order_of_four_inputs_once_to_three_times_converges(
    place: Place, channel: AbstractChannel, seed: int
) -> None:
    chance = random.Random(seed)
    orders = list(_orders(FOUR, chance))
    assert set(permutations(FOUR)) <= set(orders)
    await _converge(place, channel, [_history(n, kinds, chance) for n, kinds in enumerate(orders)])


async def test_every_subset_of_the_inputs_with_a_second_payment_converges(
    place: Place, channel: AbstractChannel
) -> None:
    number = count()
    histories = []
    for size in range(1, 4):
        for kinds in combinations_with_replacement(FOUR, size):
            order_id = f"o-{next(number)}"
            first = [_first_messages(order_id)[kind] for kind in dict.fromkeys(kinds)]
            second = paid(order_id, "p-0", received_at="2026-01-31T12:00:00+01:00")
            histories += [
                History(f"{order_id}-{n}", tuple(_about(f"{order_id}-{n}", raw) for raw in order))
                for n, order in enumerate(permutations([*first, second]))
            ]
    await _converge(place, channel, histories)


def _about(order_id: str, raw: Raw) -> Raw:
    body = orjson.dumps(orjson.loads(raw.body) | {"order_id": order_id})
    return under_another_id(replace(raw, body=body))


async def test_one_worker_with_batches_of_one_handles_each_of_the_24_orders_just_as_it_came(
    place: Place, channel: AbstractChannel, seed: int
) -> None:
    """With messages of one order in different batches of one worker, and every history sent one after the other."""
    histories = [_history(n, kinds, random.Random(seed)) for n, kinds in enumerate(permutations(FOUR))]
    async with working(place, batch_size=1):
        for step in range(len(FOUR)):
            await publish(channel, place, [history.messages[step] for history in histories])
            told = (step + 1) * len(histories)
            await until(lambda: messages_taken(place.engine), lambda seen: sum(seen) == told)  # noqa: B023 - used at once
    for history in histories:
        as_sent = [f"InputTaken {raw.headers['ce-type']}" for raw in history.messages]
        assert await answers(place.engine, history.order_id) == as_sent, str(history)
    expected = {history.order_id: audit(history.facts) for history in histories}
    assert await end_states(place.engine) == expected


async def test_positions_that_come_shuffled_and_repeatedly_leave_no_hole(
    place: Place, channel: AbstractChannel, seed: int
) -> None:
    chance = random.Random(seed)
    logs: defaultdict[str, int] = defaultdict(int)
    messages = []
    for number in range(150):
        for kind, raw in _first_messages(f"o-{number}").items():
            logs[MODULES[kind]] += 1
            messages.append(event(kind, orjson.loads(raw.body), sequence=logs[MODULES[kind]]))
    again = chance.sample(messages, len(messages) // 2)
    sent = chance.sample([*messages, *again], len(messages) + len(again))
    elsewhere = dict.fromkeys(logs)
    async with working(place, remote_logs=elsewhere), working(place, remote_logs=elsewhere):
        await publish(channel, place, sent)
        await until(lambda: messages_taken(place.engine), lambda seen: sum(seen) == len(sent))
        for module, last in logs.items():
            await until(lambda: position_in(place.engine, module), lambda at: at == Position(last, 0))  # noqa: B023
    assert {end_state.outcome for end_state in (await end_states(place.engine)).values()} == {"refunded"}
    assert await dead_letters(place.engine) == []
