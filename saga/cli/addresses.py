"""Which database and which broker a command talks to: those of the environment, else the private stack's.

Both addresses carry passwords. To show one, use ``without_password``.
"""

from urllib.parse import urlsplit

from pydantic import SecretStr

from saga.cli.failure import WrongUsage
from saga.local.stack import find_running
from saga.settings import Settings


def database_url(settings: Settings) -> str:
    """The database's address. Raises WrongUsage where there is none."""
    if settings.database_url:
        return settings.database_url.get_secret_value()
    running = find_running(settings.home)
    return running.database_url if running else _missing("SAGA_DATABASE_URL", settings)


def amqp_url(settings: Settings) -> str:
    """The broker's address. Raises WrongUsage where there is none."""
    if settings.amqp_url:
        return settings.amqp_url.get_secret_value()
    running = find_running(settings.home)
    return running.amqp_url if running else _missing("SAGA_AMQP_URL", settings)


def without_password(url: str | SecretStr) -> str:
    """The address as people may see it: host, port and path."""
    parts = urlsplit(url.get_secret_value() if isinstance(url, SecretStr) else url)
    host = parts.netloc.rpartition("@")[2]
    return f"{host}{parts.path}"


def _missing(variable: str, settings: Settings) -> str:
    raise WrongUsage(
        f"{variable} is not set and no private stack runs in {settings.home}: set it, or start one with `saga up`."
    )
