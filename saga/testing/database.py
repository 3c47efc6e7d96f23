"""A private PostgreSQL for tests of code that appends to a module's log."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saga.devstack.postgres import PostgresServer
from saga.postgres.migrations import migrate


@contextmanager
def private_database() -> Iterator[str]:
    """The address of a private PostgreSQL database with the schema `saga`; it is deleted after the block.

    This starts a server, which takes a second or two: use one for a whole test run. No event loop may run in this
    thread at that moment. Raises RuntimeError if the extra `saga[local]` is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="saga-database-") as folder:
        server = PostgresServer(Path(folder) / "postgres")
        try:
            server.start()
            migrate(server.url)
            yield server.url
        finally:
            server.destroy()
