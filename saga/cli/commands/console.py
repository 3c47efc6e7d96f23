"""`saga console`: what is known of the system, in a browser."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Final

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.cli.shell.addresses import amqp_url_if_any, database_url
from saga.cli.shell.broker_view import look_at_broker
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.processes import configured_targets, load_processes
from saga.core import DeclarationError, Process
from saga.devstack.services import CONSOLE_NEEDS
from saga.operations.fitness import require_migrated
from saga.postgres import owned_engine, reading
from saga.service import CannotStart, look_first, say_ready_when, serve
from saga.settings import Settings

if TYPE_CHECKING:
    from saga.console.acting import Acting
    from saga.console.settings import ConsoleSettings, Listen

SERVICE: Final = "console"
POOL_SIZE: Final = 5
OPERATOR_POOL_SIZE: Final = 6
"""Two operations that hold and work, and two pages."""
READ_ONLY: Final = {"default_transaction_read_only": "on"}
"""Of each connection: PostgreSQL itself refuses a write, whatever a page would ask."""


def console(
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = "127.0.0.1:8090",
) -> None:
    """Serve the web console until SIGTERM or Ctrl-C. It shows; with a login for operators it also lets them act.

    On 127.0.0.1 it asks nobody who they are. On other addresses it starts only with SAGA_CONSOLE_AUTHENTICATION set to
    token or proxy. Operators act through SAGA_CONSOLE_OPERATOR_DATABASE_URL; without it nobody can.
    """
    if missing := [name for name in CONSOLE_NEEDS if find_spec(name) is None]:
        raise WrongUsage(f"The console needs {', '.join(missing)}: install saga[console].")
    from saga.console.settings import Listen, load_console_settings, require_guarded  # noqa: PLC0415 -- an extra

    where, guarded = Listen.parse(listen), load_console_settings()
    require_guarded(guarded, where)

    async def work(settings: Settings, stop: asyncio.Event) -> None:
        try:
            processes, database = load_processes(settings), database_url(settings)
        except (CommandFailed, DeclarationError) as error:
            raise CannotStart(str(error)) from error
        async with AsyncExitStack() as owned:
            await _serve(owned, settings, stop, processes, at=(database, where, guarded))

    serve(SERVICE, work)


async def _serve(
    owned: AsyncExitStack,
    settings: Settings,
    stop: asyncio.Event,
    processes: Sequence[Process],
    *,
    at: "tuple[str, Listen, ConsoleSettings]",
) -> None:
    """Serve the pages of this database until ``stop`` is set."""
    from saga.console.app import application  # noqa: PLC0415 -- an extra
    from saga.console.checks import Checks  # noqa: PLC0415
    from saga.console.page import Console  # noqa: PLC0415
    from saga.console.rendering import environment  # noqa: PLC0415
    from saga.console.serving import bind, serve_on  # noqa: PLC0415

    database, where, guarded = at
    made = owned.enter_context(bind(where))
    engine = owned_engine(owned, database, SERVICE, POOL_SIZE, settings=READ_ONLY)
    if not await look_first(stop, partial(_look, engine)):
        return
    shown = Console(
        engine=engine,
        processes={one.name: one for one in processes},
        settings=guarded,
        templates=environment(),
        checks=Checks(dict(zip((one.name for one in processes), configured_targets(settings), strict=True))),
        look_at_broker=partial(look_at_broker, settings, processes),
        prefix=settings.prefix,
        acting=_acting(owned, settings, processes, guarded),
    )
    here = replace(where, port=made.getsockname()[1])
    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(say_ready_when([ready], stop, address=here.url))
        group.create_task(serve_on(made, application(shown, here), stop, ready, shown.live.stopping.set))


def _acting(
    owned: AsyncExitStack, settings: Settings, processes: Sequence[Process], guarded: "ConsoleSettings"
) -> "Acting | None":
    """What operators act with; None where there is no login for them."""
    from saga.console.acting import Acting  # noqa: PLC0415 -- an extra
    from saga.console.forms import FormTokens  # noqa: PLC0415

    if guarded.operator_database_url is None:
        return None
    url = guarded.operator_database_url.get_secret_value()
    return Acting(
        engine=owned_engine(owned, url, f"{SERVICE}-operator", OPERATOR_POOL_SIZE),
        processes=processes,
        forms=FormTokens(url.encode()),
        broker=amqp_url_if_any(settings),
        prefix=settings.prefix,
        remote_modules=settings.log_urls,
        publish_timeout_seconds=settings.publish_timeout_seconds,
    )


async def _look(engine: AsyncEngine) -> None:
    """Check that the tables are there; a standby is as good. Raises Unavailable, or NeedsPerson."""
    async with reading(engine) as connection:
        await require_migrated(connection)
