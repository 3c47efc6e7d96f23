"""The command line in an environment of its own."""

import pytest

from tests.cli.shell import Saga


@pytest.fixture
def saga(database_url: str, amqp_url: str, prefix: str) -> Saga:
    """The commands, on a fresh database and with queues of their own."""
    return Saga(database_url, amqp_url, prefix)
