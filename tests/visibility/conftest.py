"""A database and a broker whose rights are as the shipped scripts leave them."""

from collections.abc import AsyncIterator

import pytest

from tests.visibility.logins import Logins, run_script


@pytest.fixture
async def logins(database_url: str) -> AsyncIterator[Logins]:
    """Logins for the test's database, in which the roles script has been run."""
    await run_script(database_url)
    logins = Logins(database_url)
    yield logins
    await logins.remove()
