"""Every order of arrival: sends all permutations of an order's inputs, also repeated, also before its OrderPlaced.

Each input is sent only after the previous one was handled, so the order of arrival is the listed one, with any number
of workers. The results of each set of inputs are compared over all its permutations: more than one result is
divergence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.devstack.demo.ways import Input, Way
from saga.postgres import Statements

READ_RESULTS = Statements(__package__)["read_results"]

INPUTS = {"PaymentReceived": "payments", "OrderCancelled": "orders", "PaymentTimedOut": "scheduler"}
PLACED = "OrderPlaced"


@dataclass(frozen=True, slots=True)
class DemoArrival:
    """One order, the inputs that it gets in this sequence, and the number of ``copies`` of each."""

    order_id: str
    variant: str
    inputs: tuple[str, ...]
    copies: int


@dataclass(frozen=True, slots=True)
class ArrivalResult:
    """The result of an order: its outcome, and the last condition of each commanded effect."""

    outcome: str
    effects: tuple[str, ...]


def arrivals() -> list[DemoArrival]:
    """All permutations of all subsets of the three inputs: once, repeated, and with OrderPlaced last."""
    histories = [h for size in (1, 2, 3) for subset in combinations(INPUTS, size) for h in permutations(subset)]
    return [
        DemoArrival(f"{variant.replace(' ', '-')}-{number:02}", variant, history + last, copies)
        for number, history in enumerate(histories, 1)
        for variant, last, copies in (("once", (), 1), ("repeated", (), 3), ("before placed", (PLACED,), 2))
    ]


async def send(way: Way, sent: Sequence[DemoArrival]) -> None:
    """Send the first input of all orders, wait until it is handled, then the second, and so on."""
    for step in range(max(len(arrival.inputs) for arrival in sent)):
        due = [arrival for arrival in sent if len(arrival.inputs) > step]
        for copy in range(max(arrival.copies for arrival in due)):
            await way.send([_input(arrival, step) for arrival in due if arrival.copies > copy])
        await way.until_handled()


async def read_results(engine: AsyncEngine) -> dict[str, ArrivalResult]:
    """The result of every order, by its id."""
    async with engine.connect() as connection:
        rows = await connection.execute(READ_RESULTS)
        return {row.process_id: ArrivalResult(row.outcome, tuple(row.effects)) for row in rows}


def diverged(sent: Sequence[DemoArrival], results: dict[str, ArrivalResult]) -> list[frozenset[str]]:
    """The sets of inputs that did not give the same result in all their permutations."""
    answers: dict[frozenset[str], set[ArrivalResult | None]] = {}
    for arrival in sent:
        facts = frozenset(arrival.inputs) - {PLACED}
        answers.setdefault(facts, set()).add(results.get(arrival.order_id))
    return [facts for facts, found in answers.items() if len(found) > 1 or None in found]


def _input(arrival: DemoArrival, step: int) -> Input:
    kind = arrival.inputs[step]
    data: dict[str, object] = {"order_id": arrival.order_id}
    if kind in (PLACED, "PaymentReceived"):
        data |= {"amount": 4_200, "currency": "EUR"}
    if kind == "PaymentReceived":
        data |= {"payment_id": f"pay-{arrival.order_id}", "received_at": "2026-01-31T12:00:00Z"}
    return Input(f"{arrival.order_id}/{step}", INPUTS.get(kind, "orders"), kind, arrival.order_id, data)
