"""What announcing outcomes costs the durable step: the order process with and without announcements. No broker.

Of some messages each changes the outcome of its order, of others none does. Both sides get the same messages, in
batches of 200, each on a database of its own. Rounds alternate. Measured is the processor time of the
step and of PostgreSQL, and the time on the clock. The figure to quote is the ratio.

    .venv/bin/python -m benchmarks.announcing [--rounds 7] [--orders 2000] [--json FILE]
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import psutil
import uvloop
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.figures import WIDTH, comparison
from benchmarks.log import BATCH, Measured, connected, copied
from saga.core import Process
from saga.devstack.stack import LocalStack
from saga.engine import Step
from saga.logging import configure_logging
from saga.messages import Envelope, Raw
from saga.orders import order_process
from saga.postgres.migrations import migrate
from saga.service import collect_rarely

CHANGING, KEEPING = "each changes the outcome", "none changes the outcome"
WITH, WITHOUT = "with announcements", "without"


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds: processor time of this process and of PostgreSQL, and on the clock."""

    step: float
    postgres: float
    clock: float

    @classmethod
    def so_far(cls) -> "Spent":
        """Since this process began."""
        times = [one.cpu_times() for one in psutil.Process().children(recursive=True)]
        return cls(time.process_time(), sum(one.user + one.system for one in times), time.perf_counter())


def messages(orders: int) -> dict[str, list[Envelope]]:
    """Messages of new orders: each is placed, is paid, which changes its outcome, and is paid twice more."""
    ids = [uuid4().hex for _ in range(orders)]
    placed = [message("OrderPlaced", one, amount=4_200, currency="EUR") for one in ids]
    paid, again, once_more = (
        [message("PaymentReceived", one, payment_id=f"{one}-{n}", amount=4_200, currency="EUR") for one in ids]
        for n in range(3)
    )
    return {"first": placed, CHANGING: paid, KEEPING: [*again, *once_more]}


def message(type_: str, order_id: str, **data: object) -> Envelope:
    """One input."""
    return Envelope(type_, uuid4().hex, "/benchmarks", {"order_id": order_id, **data}, Raw(b"{}"), subject=order_id)


async def run(engine: AsyncEngine, process: Process, given: dict[str, list[Envelope]]) -> dict[str, Spent]:
    """What each kind of messages cost, each message."""
    step, spent = Step(engine, process), {}
    for name, several in given.items():
        before = Spent.so_far()
        for begin in range(0, len(several), BATCH):
            await step.handle(several[begin : begin + BATCH])
        after, count = Spent.so_far(), len(several)
        spent[name] = Spent(
            (after.step - before.step) / count,
            (after.postgres - before.postgres) / count,
            (after.clock - before.clock) / count,
        )
    return spent


async def measure(empty: str, rounds: int, orders: int) -> dict[str, Measured]:
    """Microseconds of each message, by what was measured."""
    process = order_process()
    sides = [(WITH, process), (WITHOUT, replace(process, announces=None))]
    tables: dict[str, Measured] = defaultdict(lambda: defaultdict(list))
    for number in range(rounds):
        for side, one in sides if number % 2 else sides[::-1]:
            async with copied(empty) as url, connected(url) as engine:
                spent = await run(engine, one, messages(orders))
            for kind in (CHANGING, KEEPING):
                total = spent[kind].step + spent[kind].postgres
                tables["processor time of step and PostgreSQL"][f"{kind}, {side}"].append(total * 1e6)
                tables["processor time of the step"][f"{kind}, {side}"].append(spent[kind].step * 1e6)
                tables["on the clock"][f"{kind}, {side}"].append(spent[kind].clock * 1e6)
    return tables


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and show and keep the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--json", type=Path, help="keep all figures of all rounds in this file")
    chosen = parser.parse_args(arguments)
    configure_logging("benchmark", "error")
    collect_rarely()
    with LocalStack.temporary(Console(stderr=True).print, broker=False) as stack:
        migrate(stack.addresses.database_url)
        measured = uvloop.run(measure(stack.addresses.database_url, chosen.rounds, chosen.orders))
    baselines = {f"{kind}, {WITH}": f"{kind}, {WITHOUT}" for kind in (CHANGING, KEEPING)}
    for title, rounds in measured.items():
        Console(width=WIDTH).print(comparison(title, "us a message", rounds, baselines))
    if chosen.json:
        chosen.json.write_text(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
