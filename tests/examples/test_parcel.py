"""A parcel waits for three purchases: whatever they announce on the way, and however it arrives."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations, product

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from examples.parcel.parcel import RECEIVED, Parcel, PurchaseTurned, parcel
from examples.parcel.purchase import PurchaseCancelled, PurchasePaid, PurchasePlaced, purchase
from saga import DerivedColumn, Process, count, each, outcomes
from saga.convergence import Grade, check
from saga.convergence.together import check_together
from saga.core import DeclarationError, Fact
from saga.messages import Raw
from tests.examples.place import declared, event, told_in_the_database, told_to_collaborators
from tests.examples.reading import believed, deliver_badly, reading, starting_with
from tests.rabbitmq.place import Place, working
from tests.rabbitmq.records import dead_letters, is_relayed, rows
from tests.rabbitmq.wire import drain, publish
from tests.waiting import until

PLACES = (1, 2, 3)
PAID, BOTH, GONE = (PurchasePaid,), (PurchasePaid, PurchaseCancelled), (PurchaseCancelled,)


def counting() -> Process:
    """A parcel for which every cancelled purchase that it ever received of counts."""
    gone = DerivedColumn.of("gone", count(RECEIVED, where=each("outcome").equals("cancelled")) >= 1)
    table = outcomes(gone, rows=[(False, Parcel.WAITING), (True, Parcel.BROKEN)])
    return replace(parcel, outcomes=table, wanted=(), settled=frozenset(table.states))


@pytest.mark.pure
@pytest.mark.parametrize("process", [parcel, purchase], ids=lambda process: process.name)
def test_each_of_both_is_proved(process: Process) -> None:
    assert check(process).grade is Grade.PROVED


@pytest.mark.pure
def test_both_together_converge_for_up_to_three_purchases() -> None:
    found = check_together(parcel, [purchase])
    assert (found.sentences, found.limits, found.instances) == ((), (), 3)


@pytest.mark.pure
def test_a_parcel_that_counts_what_was_announced_on_the_way_is_found_only_together() -> None:
    assert check(counting()).grade is Grade.PROVED
    (sentence,) = check_together(counting(), [purchase]).sentences
    assert "it comes to broken or to waiting; let the greatest revision hold" in sentence


@pytest.mark.pure
def test_a_search_that_is_too_large_says_how_far_it_went() -> None:
    found = check_together(parcel, [purchase], most_nodes=100)
    assert found.instances < 3
    assert "too much to look at all cases" in found.limits[0]


@pytest.mark.pure
@pytest.mark.parametrize(
    ("child", "said"),
    [
        (replace(purchase, announces=None), "announces nothing: add announces"),
        (
            replace(purchase, announces=replace(purchase.announces, register=None, fields=())),  # type: ignore[type-var]
            "add parcel_id to the fields of its announces",
        ),
    ],
)
def test_what_can_not_be_heard_is_refused(child: Process, said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        check_together(parcel, [child])


def said(kind: type, purchase_id: str, **fields: object) -> Raw:
    return event(purchase, Fact(kind, {**fields}), purchase_id)


def placed(parcel_id: str, place: int) -> Raw:
    return said(PurchasePlaced, f"{parcel_id}-{place}", parcel_id=parcel_id, place=place)


def expected(*contents: Sequence[type]) -> str:
    if any(PurchaseCancelled in content for content in contents):
        return "broken"
    return "complete" if all(contents) else "waiting"


async def received_by(engine: AsyncEngine, parcel_ids: Sequence[str]) -> int:
    """The announcements that parcels have taken in."""
    statement = "SELECT count(*) AS received FROM saga.event_log WHERE module = :module AND type = 'InputTaken'"
    return int((await rows(engine, statement, module=parcel.module))[0].received) if parcel_ids else 0


async def test_over_the_broker_three_announcements_in_every_order_complete_a_parcel(place: Place) -> None:
    orders = {f"parcel-{number}": order for number, order in enumerate(permutations(PLACES))}
    async with declared(place, purchase, parcel) as channel, working(place, purchase), working(place, parcel):
        await publish(channel, place, [placed(one, number) for one in orders for number in PLACES])
        for turn in range(3):
            await publish(channel, place, [said(PurchasePaid, f"{one}-{order[turn]}") for one, order in orders.items()])
            received = len(orders) * (turn + 1)
            await until(lambda: received_by(place.engine, [*orders]), lambda seen, received=received: seen == received)  # type: ignore[misc]
            states = set((await told_in_the_database(place.engine, parcel)).values())
            assert states == ({"complete"} if turn == 2 else {"waiting"})
        await until(lambda: is_relayed(place.engine))
        net = await told_to_collaborators(place, parcel)
        assert len(net) == len(orders)
        await publish(channel, place, [said(PurchaseCancelled, f"{one}-2") for one in orders])
        broken = dict.fromkeys(orders, "broken")
        await until(lambda: told_in_the_database(place.engine, parcel), lambda seen: seen == broken)
    assert await dead_letters(place.engine) == []


def every_way(chance: random.Random) -> Iterator[tuple[str, tuple[Sequence[type], ...], list[Raw]]]:
    """Parcels with every combination of what happens to their purchases, each message one to three times, shuffled."""
    for number, contents in enumerate(product(((), PAID, BOTH, GONE), repeat=3)):
        one = f"parcel-{number}"
        sent = [placed(one, place) for place in PLACES]
        sent += [said(kind, f"{one}-{place}") for place, kinds in zip(PLACES, contents, strict=True) for kind in kinds]
        sent = [raw for raw in sent for _ in range(chance.randint(1, 3))]
        yield one, contents, chance.sample(sent, len(sent))


async def test_lost_doubled_and_shuffled_announcements_come_to_what_the_purchases_came_to(
    place: Place, seed: int
) -> None:
    chance = random.Random(seed)
    ways = list(every_way(chance))
    sent = [raw for _, _, some in ways for raw in some]
    async with declared(place, purchase, parcel) as channel, reading(place, purchase, channel) as reader:
        async with working(place, purchase, batch_size=7):
            await publish(channel, place, chance.sample(sent, len(sent)))
            await until(lambda: told_in_the_database(place.engine, purchase), lambda seen: len(seen) == 3 * len(ways))
            await until(lambda: _taken(place.engine), lambda taken: taken >= len(sent))
            await until(lambda: is_relayed(place.engine))
        given = await told_in_the_database(place.engine, purchase)
        assert believed(purchase, await reader.received()) == starting_with(given, "open")
        waiting = await drain(place, f"{place.prefix}.{parcel.name}")
        assert await deliver_badly(place, channel, waiting, chance) > 0
        wanted = {one: expected(*contents) for one, contents, _ in ways if any(contents)}
        async with working(place, parcel, batch_size=5):
            await until(lambda: told_in_the_database(place.engine, parcel), lambda seen: seen == wanted)
            await until(lambda: received_by(place.engine, [*wanted]), lambda received: received == len(waiting))
            assert await told_in_the_database(place.engine, parcel) == wanted
    assert await dead_letters(place.engine) == []
    assert {kind.__name__ for kind in parcel.message_types.values()} == {PurchaseTurned.__name__}


async def _taken(engine: AsyncEngine) -> int:
    statement = "SELECT count(*) + coalesce(sum(repeats), 0) AS n FROM saga.inbox WHERE consumer = 'purchase'"
    return int((await rows(engine, statement))[0].n)
