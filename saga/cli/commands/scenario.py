"""`saga scenario`: send the messages of many orders shuffled, duplicated and late; then check all orders."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncEngine
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from saga.cli.shell.addresses import amqp_url_unless_pulled
from saga.cli.shell.arrivals import Arrival, Shape, arrivals, order_ids
from saga.cli.shell.broker import broker
from saga.cli.shell.database import database
from saga.cli.shell.expectation import EXPECTED, Checked, Facts, check
from saga.cli.shell.terminal import AsJson, columns, outcome_text, print_json, terminal
from saga.core import Process
from saga.documents.as_data import as_data
from saga.documents.text import age, shown
from saga.operations import NewMessage
from saga.operations.outcomes import count_answered, read_outcomes
from saga.operations.publishing import append_messages, outgoing
from saga.orders import order_process
from saga.postgres import LostRace, NeedsPerson, Unavailable, one_moment, unavailable_after
from saga.rabbitmq.connection import passes_by_itself
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology
from saga.settings import Settings, load_settings
from saga.supervision import pause

MOST_AT_ONCE = 200
LOOK_SECONDS = 0.5
SAME_TIME_SECONDS = 0.02
PATIENCE_SECONDS = 60.0
MOST_COMPLAINTS = 10

Send = Callable[[Sequence[NewMessage]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the scenario: its orders, the plan, and the ids of the distinct messages to each order."""

    name: str
    seed: int
    ids: list[str]
    plan: list[Arrival]
    published: dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """The result of the check."""

    run: Run
    seconds: float
    checked: list[Checked]
    missing: list[str]

    @property
    def diverged(self) -> list[Checked]:
        """Orders that differ from the expectation."""
        return [order for order in self.checked if order.problems]

    @property
    def unsettled(self) -> list[str]:
        """Orders that still wait for something."""
        return [order.order_id for order in self.checked if not order.settled]

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.diverged or self.missing or self.unsettled)


def scenario(
    *,
    orders: Annotated[int, typer.Option(min=1, max=99_999, help="Number of orders.")] = 200,
    seed: Annotated[int | None, typer.Option(help="The same seed sends the same messages; random by default.")] = None,
    rate: Annotated[float, typer.Option(min=1, help="Messages per second.")] = 500,
    max_copies: Annotated[int, typer.Option(min=1, max=20, help="Send each message at most this many times.")] = 3,
    spread: Annotated[
        float, typer.Option(min=0, max=3_600, help="Seconds over which the messages of an order are spread.")
    ] = 3,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for the orders to settle after the last message.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Send many orders, shuffled, duplicated and delayed, and check their outcomes.

    The services must be running. Exit code 1 if an order is missing, has not settled, or has the wrong outcome for its
    facts.
    """
    seed = random.randrange(10**6) if seed is None else seed
    name = f"s{seed}-{uuid4().hex[:6]}"
    plan = arrivals(name, seed, Shape(orders, rate, max_copies, spread))
    published: defaultdict[str, set[str]] = defaultdict(set)
    for arrival in plan:
        published[arrival.sample.process_id].add(arrival.sample.id)
    run = Run(name, seed, order_ids(name, orders), plan, published)
    report = asyncio.run(_run(load_settings(), run, timeout, quiet=as_json))
    if as_json:
        print_json(_as_data(report))
    else:
        _show(report)
    if report.failed:
        raise typer.Exit(1)


async def _run(settings: Settings, run: Run, timeout_seconds: float, *, quiet: bool) -> ScenarioReport:
    process, begin = order_process(settings.payment_timeout), time.monotonic()
    url = amqp_url_unless_pulled(settings)
    shape = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with database(settings) as engine:
        with Progress(*shape, console=terminal(stderr=True), disable=quiet) as progress:
            # In a log each copy is an event of its own, and gets an answer of its own.
            answers = len(run.plan) if url is None else sum(map(len, run.published.values()))
            watch = _Watch(engine, process, run, progress, answers=answers)
            await watch.look()
            async with _sending(url, settings, process, engine) as send:
                await _send(send, run.plan, watch)
            await watch.until_settled(timeout_seconds)
    seconds = time.monotonic() - begin
    async with database(settings) as engine, one_moment(engine) as connection:
        recorded = await read_outcomes(connection, process, run.ids)
    checked = [check(recorded[order_id], run.published[order_id]) for order_id in run.ids if order_id in recorded]
    return ScenarioReport(run, seconds, checked, [order_id for order_id in run.ids if order_id not in recorded])


class _Watch:
    """Show how far the run got. A database that is away for a while stops nothing.

    Raises NeedsPerson where a person has to change something.
    """

    def __init__(self, engine: AsyncEngine, process: Process, run: Run, progress: Progress, *, answers: int) -> None:
        self._engine = engine
        self._process = process
        self._run = run
        self._answers = answers
        self._progress = progress
        self._bars = (
            progress.add_task("messages sent", total=len(run.plan)),
            progress.add_task("of them answered, each once", total=answers),
            progress.add_task("orders settled", total=len(run.ids)),
        )
        self._looked = 0.0

    async def sent(self, copies: int) -> None:
        """Count so many more copies as sent."""
        self._progress.advance(self._bars[0], copies)
        if time.monotonic() - self._looked > LOOK_SECONDS:
            await self.look()

    async def until_settled(self, seconds: float) -> None:
        """Wait until every message is answered and every order settled, but at most so long."""
        until, never = time.monotonic() + seconds, asyncio.Event()
        while not await self.look() and time.monotonic() < until:
            await pause(never, LOOK_SECONDS)

    async def look(self) -> bool:
        """Whether all is done."""
        self._looked = time.monotonic()
        try:
            with unavailable_after():
                async with self._engine.connect() as connection:
                    now = await count_answered(connection, self._process, self._run.ids, f"{self._run.name}-")
        except NeedsPerson:
            raise
        except (Unavailable, LostRace):
            return False
        self._progress.update(self._bars[1], completed=now.answered)
        self._progress.update(self._bars[2], completed=now.settled)
        return now.answered >= self._answers and now.settled >= len(self._run.ids)


async def _send(send: Send, plan: Sequence[Arrival], watch: _Watch) -> None:
    """Send every copy when it is due. A copy that can't be sent then is sent later, with the same id."""
    never, begin = asyncio.Event(), time.monotonic()
    attempts = AsyncRetrying(
        retry=retry_if_exception(passes_by_itself),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        stop=stop_after_delay(PATIENCE_SECONDS),
        reraise=True,
    )
    for batch in _batches(plan):
        await pause(never, batch[-1].at - (time.monotonic() - begin))
        await attempts(send, [arrival.sample for arrival in batch])
        await watch.sent(len(batch))


@asynccontextmanager
async def _sending(url: str | None, settings: Settings, process: Process, engine: AsyncEngine) -> AsyncIterator[Send]:
    """How messages are sent: over the broker or, without one, through the modules' logs."""
    if url is None:
        yield partial(append_messages, engine)
        return
    with broker(url):
        async with Publisher(url, topology(settings.prefix, process), settings.publish_timeout_seconds) as publisher:

            async def publish(samples: Sequence[NewMessage]) -> None:
                await publisher.publish([outgoing(sample, settings.prefix) for sample in samples])

            yield publish


def _batches(plan: Sequence[Arrival]) -> Iterator[list[Arrival]]:
    """Batches that may be sent at once: copies that are due at about the same time, no two of them with the same id."""
    batch: list[Arrival] = []
    ids: set[str] = set()
    for arrival in plan:
        late = bool(batch) and arrival.at - batch[0].at > SAME_TIME_SECONDS
        if late or len(batch) == MOST_AT_ONCE or arrival.sample.id in ids:
            yield batch
            batch, ids = [], set()
        batch.append(arrival)
        ids.add(arrival.sample.id)
    if batch:
        yield batch


def _as_data(report: ScenarioReport) -> dict[str, Any]:
    return {
        "run": report.run.name,
        "seed": report.run.seed,
        "orders": len(report.run.ids),
        "messages": len(report.run.plan),
        "distinct_messages": sum(map(len, report.run.published.values())),
        "seconds": round(report.seconds, 3),
        "outcomes": [
            {
                "paid": paid,
                "timed_out": timed_out,
                "cancelled": cancelled,
                "expected": expected,
                "orders": orders,
                "diverged": diverged,
            }
            for (paid, timed_out, cancelled), expected, orders, diverged in _rows(report)
        ],
        "diverged": [as_data(order) for order in report.diverged],
        "missing": report.missing,
        "unsettled": report.unsettled,
    }


def _rows(report: ScenarioReport) -> Iterator[tuple[Facts, str, int, int]]:
    """For each set of facts: the expected outcome, how many orders have these facts, and how many of those differ."""
    orders = Counter(order.facts for order in report.checked)
    diverged = Counter(order.facts for order in report.diverged)
    for facts, expected in EXPECTED.items():
        yield facts, expected, orders[facts], diverged[facts]


def _show(report: ScenarioReport) -> None:
    console = terminal()
    table = columns("paid", "timed out", "cancelled", "expected outcome", "orders", "diverged")
    for facts, expected, orders, diverged in _rows(report):
        marks = ["yes" if fact else "-" for fact in facts]
        table.add_row(*marks, outcome_text(expected), str(orders), Text(str(diverged), "red" if diverged else "green"))
    console.print(table)
    for order in report.diverged[:MOST_COMPLAINTS]:
        console.print(Text(f"{order.order_id}: {shown('; '.join(order.problems))}", "red"))
    for what, ids in (("missing", report.missing), ("not settled", report.unsettled)):
        if ids:
            console.print(Text(f"{len(ids)} {what}, such as {', '.join(ids[:3])}: see `saga lag`", "red"))
    took = age(report.seconds)
    sent, distinct = len(report.run.plan), sum(map(len, report.run.published.values()))
    console.print(
        Text.assemble(
            f"{len(report.run.ids)} orders, {sent} messages ({distinct} without duplicates) in {took}: ",
            (
                f"{len(report.diverged)} diverged, {len(report.missing)} missing, {len(report.unsettled)} not settled",
                "bold",
            ),
        ),
        Text(f"Seed {report.run.seed}; the orders are named {report.run.name}-*", "dim"),
        sep="\n",
    )
