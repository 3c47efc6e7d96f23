"""A private PostgreSQL for the tests of whoever keeps a module's log."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saga.devstack.postgres import PostgresServer
from saga.postgres.migrations import migrate


@contextmanager
def private_database() -> Iterator[str]:
    """The address of a PostgreSQL database of one's own, with the schema `saga` in it; gone after the block.

    A server is started for it, which takes a second or two: begin one for a whole run of tests. Nothing may run an
    event loop in this thread meanwhile. Raises RuntimeError where the extra `saga[local]` is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="saga-database-") as folder:
        server = PostgresServer(Path(folder) / "postgres")
        try:
            server.start()
            migrate(server.url)
            yield server.url
        finally:
            server.destroy()
