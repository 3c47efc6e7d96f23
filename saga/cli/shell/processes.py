"""The processes that a command works on: those in its arguments, else all in SAGA_PROCESSES.

Commands get a process as a value and know none in particular. The setting names the default process. Only this module
knows that the order process has a setting of its own, the payment timeout.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from saga.cli.shell.failure import WrongUsage
from saga.cli.shell.target import ORDER, load_process
from saga.core import Process
from saga.documents.text import shown
from saga.orders import order_process
from saga.settings import Settings

OfProcess = Annotated[
    str | None,
    typer.Option("--process", metavar="NAME", help="Name of one of SAGA_PROCESSES, or module:name of any process."),
]


def load_processes(settings: Settings, targets: Sequence[str] = ()) -> tuple[Process, ...]:
    """The processes of these targets, or else those of SAGA_PROCESSES; at least one.

    Raises WrongUsage where a target names no process, and where two have one name: they would read one queue.
    """
    named = targets or configured_targets(settings)
    processes = tuple(_load(settings, target) for target in named)
    if twice := [name for name, times in Counter(process.name for process in processes).items() if times > 1]:
        raise WrongUsage(f"There are two processes named {twice[0]} in {', '.join(named)}: each needs its own queue.")
    return processes


def configured_targets(settings: Settings) -> list[str]:
    """What SAGA_PROCESSES names; at least one. Raises WrongUsage where it names none."""
    if named := [target for part in settings.processes.split(",") if (target := part.strip())]:
        return named
    raise WrongUsage(f"SAGA_PROCESSES names no process: write module:name, such as {ORDER}.")


def only_configured_target(settings: Settings) -> str:
    """The process in SAGA_PROCESSES. Raises WrongUsage where it names several and one is meant."""
    targets = configured_targets(settings)
    if len(targets) > 1:
        raise WrongUsage(f"SAGA_PROCESSES names several processes: say which one is meant, of {', '.join(targets)}.")
    return targets[0]


def choose_processes(settings: Settings, name: str | None) -> tuple[Process, ...]:
    """The process with this name or target; without one, all that are configured."""
    if name is not None and ":" in name:
        return load_processes(settings, [name])
    configured = load_processes(settings)
    chosen = tuple(process for process in configured if name in (None, process.name))
    if not chosen:
        names = ", ".join(process.name for process in configured)
        raise WrongUsage(f"There is no process {shown(name)!r} in SAGA_PROCESSES, only {names}: see --help.")
    return chosen


def _load(settings: Settings, target: str) -> Process:
    return order_process(settings.payment_timeout) if target == ORDER else load_process(target)
