"""Which database and which broker a command uses: those of the environment, else the private stack's.

Both addresses contain passwords. To show one, parse it (`saga.addresses`): the text of a parsed one has none.
"""

from typing import NoReturn

from saga.cli.shell.failure import WrongUsage
from saga.devstack.stack import Addresses, find_running
from saga.settings import Feed, Settings


def database_url(settings: Settings) -> str:
    """The database's address. Raises WrongUsage where there is none."""
    if settings.database_url:
        return settings.database_url.get_secret_value()
    running = find_running(settings.home)
    return running.database_url if running else _missing("SAGA_DATABASE_URL", settings)


def amqp_url(settings: Settings) -> str:
    """The broker's address. Raises WrongUsage where there is none."""
    return amqp_url_if_any(settings) or _missing_broker(settings)


def amqp_url_if_any(settings: Settings) -> str | None:
    """The broker's address, or None where there is none."""
    if settings.amqp_url:
        return settings.amqp_url.get_secret_value()
    running = _running_there(settings)
    return running.amqp_url if running else None


def amqp_url_unless_pulled(settings: Settings) -> str | None:
    """The broker's address, or None for a system that runs without one.

    There is none if the private stack runs without one, or if SAGA_FEED says that services pull from the logs of the
    given database. Raises WrongUsage where there should be one.
    """
    if (url := amqp_url_if_any(settings)) is not None:
        return url
    pulls = settings.feed is Feed.PULL and bool(settings.database_url)
    return None if pulls or _running_there(settings) else _missing_broker(settings)


def _running_there(settings: Settings) -> Addresses | None:
    """The private stack; None if another database is configured, because then its broker is not meant either."""
    running = find_running(settings.home)
    given = settings.database_url.get_secret_value() if settings.database_url else None
    return running if running and given in (None, "", running.database_url) else None


def _missing_broker(settings: Settings) -> NoReturn:
    if _running_there(settings):
        raise WrongUsage(
            f"The private stack in {settings.home} runs without a broker: say SAGA_FEED=pull, or start one that has it."
        )
    _missing("SAGA_AMQP_URL", settings)


def _missing(variable: str, settings: Settings) -> NoReturn:
    raise WrongUsage(
        f"{variable} is not set and no private stack runs in {settings.home}: set it, or start one with `saga up`."
    )
