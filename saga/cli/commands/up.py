"""`saga up`: the local stack, the newest schema and all services, in the foreground, until Ctrl-C or SIGTERM.

The signal only sets an event, and every wait checks it. So no signal interrupts between the start of a process and
the note of it: the stop finds all processes, also when the signal comes twice or during the start.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from saga.addresses import BrokerAddress, DatabaseAddress, without_login
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.processes import load_processes
from saga.core import Process
from saga.devstack.errors import LocalStackError, NotInstalled, ServiceRefuses, StartCancelled
from saga.devstack.ports import choose
from saga.devstack.services import Program, Services, console_at, our_services
from saga.devstack.stack import Addresses, LocalStack
from saga.documents.as_data import as_data
from saga.postgres.errors import LostRace, NeedsPerson, Unavailable
from saga.postgres.migrations import migrate
from saga.settings import SettingsError, load_settings

Say = Callable[[str], None]

CONSOLE_PORT = 8090
"""Unless it is taken."""

_LOOK_SECONDS = 0.2

_MOST_MESSAGES = 2
"""How many messages of a process are suggested to try."""
_SCHEDULER = "scheduler"
"""The module that sends its messages by itself."""
_SIMULATED = frozenset({"gateway", "fulfilment"})
"""The collaborators that the simulated gateway plays."""


def up(
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many workers to run.")] = 2,
    schedulers: Annotated[int, typer.Option(min=1, max=16, help="How many schedulers to run.")] = 1,
    scenario: Annotated[
        str | None,
        typer.Option(
            help="Behaviour of the simulated gateway: calm, slow, flaky, hostile, or a TOML file. "
            "[SAGA_GATEWAY_SCENARIO, calm]"
        ),
    ] = None,
    broker: Annotated[
        bool, typer.Option("--broker/--no-broker", help="With RabbitMQ, or with PostgreSQL alone.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object once everything is ready.")] = False,
) -> None:
    """Run everything on this machine, in the foreground: RabbitMQ, PostgreSQL, the newest schema and all services.

    With SAGA_DATABASE_URL and SAGA_AMQP_URL set, it uses those servers and starts none. With --no-broker there is no
    RabbitMQ: modules append to their logs, and consumers follow the logs.
    """
    processes, stop_asked = load_processes(load_settings()), _set_by_signals()
    say = _speaker(stop_asked)
    try:
        with LocalStack.start(progress=say, cancelled=stop_asked, broker=broker) as stack:
            say("Bringing the database to the newest schema")
            migrate(stack.addresses.database_url, say=say, allow_unsafe=load_settings().allow_unsafe_database)
            shown, simulated = console_at(choose(CONSOLE_PORT), stack.addresses.database_url), _are_simulated(processes)
            programs = our_services(workers, schedulers, scenario, simulated=simulated, console=shown)
            with Services(stack.folder / "logs", programs, stack.addresses.environment(), say) as services:
                say(f"Starting {len(programs)} services")
                stack.keep_alive(say)
                services.start(stop_asked)
                _show(stack, services, processes, shown, as_json=as_json)
                _wait_for(stop_asked)
                say("Stopping")
    except StartCancelled:
        say("Stopped while starting")
    except NeedsPerson as error:
        _fail(stop_asked, error.sentence, WrongUsage)
    except Unavailable as error:
        _fail(
            stop_asked, f"PostgreSQL does not answer ({error}): check SAGA_DATABASE_URL, or unset it for a private one."
        )
    except SettingsError:
        if not stop_asked.is_set():
            raise
    except (ServiceRefuses, NotInstalled) as error:
        _fail(stop_asked, str(error), WrongUsage)
    except (LocalStackError, LostRace) as error:
        _fail(stop_asked, str(error))


def _fail(stop_asked: threading.Event, reason: str, failure: type[CommandFailed] = CommandFailed) -> None:
    """An error during the stop is no failure."""
    if not stop_asked.is_set():
        raise failure(reason) from None


def _set_by_signals() -> threading.Event:
    """An event that SIGTERM, Ctrl-C or a closed terminal sets.

    A thread sets it: an event's lock may be held by the very code that the signal interrupts.
    """
    asked = threading.Event()

    def ask(*_: object) -> None:
        threading.Thread(target=asked.set, daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, ask)
    return asked


def _wait_for(asked: threading.Event) -> None:
    """Wait in small steps: a signal between the last check and the wait would not interrupt the wait."""
    while not asked.wait(_LOOK_SECONDS):
        pass


def _speaker(stop_asked: threading.Event) -> Say:
    """Print progress to stderr. Once a stop is asked for, the next line of progress ends a long installation."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(line: str) -> None:
        console.print(f"[dim]saga up:[/dim] {escape(line)}")
        if stop_asked.is_set() and line.startswith(("Get:", "Unpacking", "Setting up")):
            raise StartCancelled("Stopped while installing.")

    return say


def _are_simulated(processes: Sequence[Process]) -> bool:
    """Whether one of the processes has commands for a collaborator that the simulated gateway plays."""
    return any(not _SIMULATED.isdisjoint(process.collaborators) for process in processes)


def _show(
    stack: LocalStack, services: Services, processes: Sequence[Process], console: Program | None, *, as_json: bool
) -> None:
    console_url = None if console is None else console.address
    if as_json:
        sys.stdout.write(json.dumps({**_as_data(stack, services), "console": console_url}) + "\n")
        sys.stdout.flush()
        return
    screen = Console(highlight=False, soft_wrap=True)
    browsed = {} if console_url is None else {"console": console_url}
    for name, place in (browsed | _places(stack)).items():
        screen.print(f"{name:<14}", escape(place))
    screen.print(_processes(services))
    screen.print(
        "\nIn another shell, in this folder:",
        *(f"  [bold]{command}[/bold]" for command in (*_activation(), *_to_try(processes), "saga lag")),
        sep="\n",
    )
    screen.print("\n[dim]Ctrl-C stops everything.[/dim]")


def _to_try(processes: Sequence[Process]) -> Iterator[str]:
    """For each process, commands to publish messages of its first modules and to inspect the result."""
    for process in processes:
        sent = [kinds[0].__name__ for module, kinds in process.inputs.items() if module != _SCHEDULER and kinds]
        for name in sent[:_MOST_MESSAGES]:
            yield f"saga publish {name} {process.name}-1 --sample"
        yield f"saga inspect {process.name}-1"


def _activation() -> list[str]:
    """The line that puts `saga` on the path of another shell, if it is not on it anyway."""
    activate = Path(sys.executable).parent / "activate"
    return [f". {_short(activate)}"] if activate.exists() and "VIRTUAL_ENV" not in os.environ else []


def _as_data(stack: LocalStack, services: Services) -> dict[str, object]:
    return {
        **as_data(_shown_addresses(stack)),
        "folder": str(stack.folder),
        "pid": os.getpid(),
        "pids": services.pids,
        "logs": {name: str(log) for name, log in services.logs.items()},
    }


def _places(stack: LocalStack) -> dict[str, str]:
    addresses = _shown_addresses(stack)
    if addresses.amqp_url is None or addresses.management_url is None:
        at_the_broker = {"RabbitMQ": "none: services follow the logs"}
    else:
        at_the_broker = {"RabbitMQ": addresses.amqp_url, "  in a browser": addresses.management_url}
    return {**at_the_broker, "PostgreSQL": addresses.database_url, "data and logs": _short(stack.folder)}


def _shown_addresses(stack: LocalStack) -> Addresses:
    """The addresses to show: with passwords for private servers, which are on loopback and can't be used without.

    For a server that was given, without secrets: others read this, too.
    """
    database_url, amqp_url, management_url = astuple(stack.addresses)
    if stack.postgres is None:
        database_url = str(DatabaseAddress.parse(database_url))
    if stack.rabbitmq is None and amqp_url is not None:
        amqp_url, management_url = str(BrokerAddress.parse(amqp_url)), without_login(management_url)
    return Addresses(database_url, amqp_url, management_url)


def _processes(services: Services) -> Table:
    table = Table("\nservice", "\nprocess", "\nlog", box=None, padding=(0, 2, 0, 0))
    for name, pid in services.pids.items():
        table.add_row(name, str(pid), _short(services.logs[name]))
    return table


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
