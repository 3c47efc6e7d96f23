"""`saga demo`: the whole system for real: services, messages in every order, a crash, a reconciliation."""

import asyncio
import random
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.cli.shell.failure import WrongUsage
from saga.devstack.demo.arrivals import PLACED, ArrivalResult, DemoArrival, arrivals, diverged, read_results, send
from saga.devstack.demo.reconciliation import ReconciliationCheck, reconcile
from saga.devstack.demo.shop import COUNT_OUTCOMES, Shop, read_progress
from saga.devstack.demo.ways import ByBroker, ByLogs, Way
from saga.devstack.errors import LocalStackError, NotInstalled
from saga.devstack.ports import choose
from saga.devstack.services import Services, console_at, our_services
from saga.devstack.stack import LocalStack
from saga.orders import order_process
from saga.postgres import NeedsPerson, Unavailable, connect_engine
from saga.postgres.migrations import migrate
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology
from saga.settings import Settings, load_settings
from saga.verification.audit import count_differing

WORKERS, SCHEDULERS = 2, 2
VICTIM = "worker-1"
INITIALS = {"PaymentReceived": "P", "OrderCancelled": "C", "PaymentTimedOut": "T"}
SETTLE_SECONDS = 60.0
AUDITED = "orders that do not match the model"

_out = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
_progress = Console(stderr=True, highlight=False)


def demo(
    orders: Annotated[
        int, typer.Option(min=1, max=100_000, help="Number of orders that go through the gateway.")
    ] = 300,
    scenario: Annotated[
        str, typer.Option(help="Behaviour of the simulated gateway: calm, slow, flaky, hostile, or a TOML file.")
    ] = "flaky",
    seed: Annotated[int | None, typer.Option(help="Seed of the shop and the gateway; random by default.")] = None,
    broker: Annotated[
        bool,
        typer.Option("--broker/--no-broker", help="With RabbitMQ, or with PostgreSQL alone."),
    ] = True,
) -> None:
    """Run the whole system for half a minute, kill a worker, and check that nothing is lost, doubled or stuck.

    Starts a private RabbitMQ and PostgreSQL and each service as its own process, and stops them at the end. With
    --no-broker it uses PostgreSQL alone: consumers follow the logs. Exit code 1 if anything is lost, doubled, diverged
    or stuck.
    """
    began = time.monotonic()
    seed = random.randrange(1_000_000) if seed is None else seed
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with LocalStack.temporary(_say, broker=broker) as stack:
            migrate(stack.addresses.database_url, allow_unsafe=load_settings().allow_unsafe_database)
            environment = stack.addresses.environment() | {"SAGA_GATEWAY_SEED": str(seed)}
            shown = console_at(choose(), stack.addresses.database_url)
            programs = our_services(WORKERS, SCHEDULERS, scenario, console=shown)
            with Services(stack.folder / "logs", programs, environment, _say) as services:
                services.start()
                if shown is not None:
                    _say(f"Until the end, a browser shows what happens at {shown.address}")
                _say(f"{WORKERS} workers, {SCHEDULERS} schedulers and the simulated gateway run, each as a process")
                findings = asyncio.run(_run(stack, services, orders, seed))
    except NotInstalled as error:
        raise WrongUsage(str(error)) from None
    except (LocalStackError, Unavailable) as error:
        _say(error.sentence if isinstance(error, NeedsPerson) else str(error))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _say("Interrupted; everything is stopped")
        raise typer.Exit(130) from None
    _show_findings(findings, orders + len(arrivals()), seed, time.monotonic() - began)
    if any(finding.count for finding in findings):
        raise typer.Exit(1)


async def _run(stack: LocalStack, services: Services, orders: int, seed: int) -> list[ReconciliationCheck]:
    settings = load_settings()
    engine = connect_engine(stack.addresses.database_url, "demo")
    try:
        sent = arrivals()
        async with _way(stack.addresses.amqp_url, engine, settings) as way:
            await send(way, sent)
        _say(f"{len(sent)} orders got their inputs in every order of arrival, repeatedly, and before their OrderPlaced")
        await _run_shop(engine, services, orders, seed)
        results = await read_results(engine)
        split = diverged(sent, results)
        _show_arrivals(sent, results)
        await _show_shop(engine)
        audited = ReconciliationCheck("diverged", AUDITED, await count_differing(engine, order_process()))
        split_sets = ReconciliationCheck("diverged", "sets of inputs with more than one end state", len(split))
        return [split_sets, *await reconcile(engine), audited]
    finally:
        await engine.dispose()


@asynccontextmanager
async def _way(amqp_url: str | None, engine: AsyncEngine, settings: Settings) -> AsyncIterator[Way]:
    if amqp_url is None:
        yield ByLogs(engine)
        return
    wanted = topology(settings.prefix, order_process())
    async with Publisher(amqp_url, wanted, settings.publish_timeout_seconds) as publisher:
        yield ByBroker(publisher, engine, settings.prefix)


async def _run_shop(engine: AsyncEngine, services: Services, orders: int, seed: int) -> None:
    """Place the orders, kill a worker in the middle, and wait until everything is at rest."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} {task.fields[note]}"),
        TimeElapsedColumn(),
        console=_progress,
    ) as bars:
        placing = bars.add_task("orders placed", total=orders, note="")
        everything = orders + len(arrivals())
        settling = bars.add_task("orders settled", total=everything, note="")
        killed = threading.Event()

        def placed(count: int) -> None:
            bars.update(placing, completed=count)
            if count >= orders // 2 and not killed.is_set():
                killed.set()
                pid = services.kill(VICTIM)
                bars.console.print(f"SIGKILL to {VICTIM} (process {pid}) after {count} orders; it is started again")

        watching = asyncio.create_task(_watch(engine, bars, settling, everything))
        await Shop(engine, seed).place(orders, placed)
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while (await read_progress(engine)).moving:
                    await asyncio.sleep(0.2)
        except TimeoutError:
            _say(f"something still moves after {SETTLE_SECONDS:.0f} s; the reconciliation says what")
        finally:
            watching.cancel()
        await _note(engine, bars, settling, everything)


async def _watch(engine: AsyncEngine, bars: Progress, settling: TaskID, total: int) -> None:
    while True:
        await _note(engine, bars, settling, total)
        await asyncio.sleep(0.5)


async def _note(engine: AsyncEngine, bars: Progress, settling: TaskID, total: int) -> None:
    now = await read_progress(engine)
    note = ", ".join(f"{count} {what}" for what, count in now.moving.items())
    bars.update(settling, completed=now.settled, total=max(now.orders, total), note=note)


def _show_arrivals(sent: Iterable[DemoArrival], results: dict[str, ArrivalResult]) -> None:
    """One line for each order of arrival. Its variants share the line and have to agree."""
    title = "Every order of arrival of PaymentReceived (P), OrderCancelled (C) and PaymentTimedOut (T)"
    table = Table(title=title, title_justify="left")
    for heading in ("arrival", "outcome", "net effects", "each 3 times", "before placed"):
        table.add_column(heading)
    rows: dict[tuple[str, ...], dict[str, ArrivalResult | None]] = {}
    for arrival in sent:
        history = tuple(name for name in arrival.inputs if name != PLACED)
        rows.setdefault(history, {})[arrival.variant] = results.get(arrival.order_id)
    for history, found in rows.items():
        once = found["once"]
        outcome, effects = (once.outcome, ", ".join(once.effects)) if once else ("missing", "")
        same = [
            "the same" if found[variant] == once else f"[red]{found[variant]}"
            for variant in ("repeated", "before placed")
        ]
        table.add_row(" ".join(INITIALS[name] for name in history), outcome, effects, *same)
    _out.print(table)


async def _show_shop(engine: AsyncEngine) -> None:
    table = Table(title="Orders through the gateway", title_justify="left")
    for heading in ("outcome", "orders", "paid", "timed out", "cancelled"):
        table.add_column(heading, justify="left" if heading == "outcome" else "right")
    async with engine.connect() as connection:
        for row in await connection.execute(COUNT_OUTCOMES):
            table.add_row(*map(str, row))
    _out.print(table)


def _show_findings(findings: list[ReconciliationCheck], orders: int, seed: int, seconds: float) -> None:
    table = Table(title="Reconciliation of logs, instances and ledgers", title_justify="left")
    for heading in ("", "counted", "found"):
        table.add_column(heading, justify="right" if heading == "found" else "left")
    for finding in sorted(findings, key=lambda one: ("lost", "doubled", "diverged", "stuck").index(one.fault)):
        table.add_row(finding.fault, finding.what, str(finding.count), style="red" if finding.count else "")
    _out.print(table)
    totals = dict.fromkeys(("lost", "doubled", "diverged", "stuck"), 0)
    for finding in findings:
        totals[finding.fault] += finding.count
    summary = ", ".join(f"{fault} {count}" for fault, count in totals.items())
    _out.print(f"orders {orders}, {summary} (seed {seed}, {seconds:.0f} s)")


def _say(line: str) -> None:
    _progress.print(escape(line), style="dim")
