"""While steps, a relay and pruners work side by side, nothing is lost, doubled or forgotten."""

import asyncio
import random
from collections import Counter, defaultdict

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Fact
from saga.engine.intake import AdmittedMessage, admit
from saga.messages import Envelope
from saga.modules import Entry
from saga.modules.reader import read_outgoing
from saga.postgres import LostRace, Unavailable, durable_transaction
from saga.retention import PruneEnd, Pruner
from tests.engine.conversation import message, rows, value
from tests.orders.auditor import EndState, audit, net_effects
from tests.retention.archive import NOW, PROCESS, batches, fire_all, handle, logged, states

KINDS = ("OrderPlaced", "PaymentReceived", "OrderCancelled", "PaymentTimedOut")
MOVE = text(
    "INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('relay', :module, :position)"
    " ON CONFLICT (consumer, module) DO UPDATE SET watermark = excluded.watermark"
)


class Relay:
    """Reads all logs on and on, and keeps what leaves them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.sent: list[Entry] = []
        self._engine = engine
        self._cursors: Counter[str] = Counter()

    async def read_once(self) -> None:
        for (module,) in await rows(self._engine, "SELECT name FROM saga.module"):
            async with durable_transaction(self._engine) as connection:
                found, horizon = await read_outgoing(connection, module, self._cursors[module], limit=50)
                await connection.execute(MOVE, {"module": module, "position": horizon})
            self.sent += [entry for entry in found if module == PROCESS.module]
            self._cursors[module] = horizon


def facts_of(messages: list[Envelope]) -> dict[str, list[Fact]]:
    facts = defaultdict(list)
    for one in messages:
        admitted = admit(PROCESS, one)
        assert isinstance(admitted, AdmittedMessage)
        facts[admitted.process_id].append(admitted.fact)
    return facts


def invented(chance: random.Random, orders: int) -> list[Envelope]:
    """For each order some of its inputs, and now and then a second payment."""
    messages = []
    for number in range(orders):
        chosen = chance.sample(KINDS, chance.randrange(1, 5))
        messages += [message(kind, f"o-{number}") for kind in chosen]
        if chance.random() < 0.2:
            messages.append(message("PaymentReceived", f"o-{number}", payment_id=f"z-{number}"))
    return messages


@pytest.mark.parametrize("turn", range(3))
async def test_every_order_ends_as_audited_while_it_is_pruned_again_and_again(
    engine: AsyncEngine, turn: int, seed: int
) -> None:
    chance = random.Random(seed)
    everything = invented(chance, orders=60)
    half = len(everything) // 2
    everything = [*await logged(engine, *everything[:half]), *everything[half:]]
    deliveries = [*everything, *chance.choices(everything, k=len(everything))]
    chance.shuffle(deliveries)
    relay, answered, pruned, working = Relay(engine), 0, 0, 3

    async def work(mine: list[Envelope]) -> None:
        nonlocal answered, working
        for batch in batches(mine, chance.randrange(1, 12)):
            taken = await handle(engine, *batch)
            assert taken.dead == 0
            answered += taken.taken + taken.ignored
        working -= 1

    async def relay_on() -> None:
        while working:
            await fire_all(engine)
            await relay.read_once()

    async def prune_on() -> None:
        nonlocal pruned
        while working:
            pruner = Pruner(engine, entries_at_once=chance.randrange(1, 30), events_at_once=chance.randrange(1, 30))
            try:
                pruned += (await pruner.prune(NOW)).removed.instances
            except (LostRace, Unavailable):
                continue

    async with asyncio.timeout(100):
        await asyncio.gather(*(work(deliveries[number::3]) for number in range(3)), relay_on(), prune_on(), prune_on())
        await fire_all(engine)
        for _ in range(20):
            await relay.read_once()
        last = await Pruner(engine).prune(NOW)
    assert pruned > 0, "nothing was pruned while others worked"
    assert last.ended is PruneEnd.DONE
    assert answered == len(everything), "each message is answered once"
    ended = await states(engine)
    expected = {order_id: audit(facts) for order_id, facts in facts_of(everything).items()}
    for order_id, verdict in expected.items():
        outcome, state = ended[order_id]
        assert (outcome, net_effects(state)) == (verdict.outcome, verdict.effects), order_id
    assert_sent(relay.sent, expected)
    assert await value(engine, "SELECT count(*) FROM saga.dead_letter") == 0


def assert_sent(sent: list[Entry], expected: dict[str, EndState]) -> None:
    """Nothing was sent twice; commands and announcements come to what is expected."""
    assert len({entry.event_id for entry in sent}) == len(sent)
    commands = [entry for entry in sent if entry.target is not None]
    assert_commanded(commands, {order_id: one.effects for order_id, one in expected.items()})
    announced = [entry for entry in sent if entry.target is None]
    assert_announced(announced, {order_id: one.outcome for order_id, one in expected.items()})


def assert_announced(sent: list[Entry], outcomes: dict[str, str]) -> None:
    """Revisions count up without a gap, also over a pruning, and the last one has the outcome."""
    said: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for entry in sent:
        said[entry.stream_id].append((entry.data["revision"], entry.data["outcome"]))
    for order_id, outcome in outcomes.items():
        announced = said[order_id]
        assert [revision for revision, _ in announced] == list(range(1, len(announced) + 1)), order_id
        assert (announced[-1][1] if announced else "awaiting_payment") == outcome, order_id


def assert_commanded(sent: list[Entry], wanted: dict[str, frozenset[tuple[str, str]]]) -> None:
    """What was sent last of each effect is what is wanted of it."""
    last: dict[tuple[str, str], tuple[int, str]] = {}
    for entry in sent:
        effect = (entry.stream_id, entry.data["effect"])
        last[effect] = max(last.get(effect, (0, "")), (entry.data["revision"], entry.type))
    conditions = {
        "RequestPayment": "requested",
        "VoidPayment": "voided",
        "RefundPayment": "refunded",
        "StartFulfilment": "started",
        "StopFulfilment": "stopped",
    }
    found = {(order_id, effect, conditions[type_]) for (order_id, effect), (_, type_) in last.items()}
    expected = {(order_id, *effect) for order_id, effects in wanted.items() for effect in effects}
    assert found == expected
