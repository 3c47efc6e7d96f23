"""Cheap tests first: whoever breaks something sees it in seconds.

A test costs what it stands on. Its folder says so, or a marker, or the servers among its fixtures. Within one cost the
order stays as it was, so that tests that share an expensive fixture stay together. The order depends on nothing but the
tests, so every process of a run has the same one.
"""

from collections.abc import Iterable
from enum import IntEnum

import pytest


class Cost(IntEnum):
    """What a test stands on, from cheap to dear. Each is a marker too: `-m "static or pure"`."""

    STATIC = 0
    PURE = 1
    DATABASE = 2
    BROKER = 3
    SYSTEM = 4

    @property
    def marker(self) -> str:
        """As it is written behind `-m`."""
        return self.name.lower()


MEANINGS = {
    Cost.STATIC: "looks at files",
    Cost.PURE: "needs no server and no long process",
    Cost.DATABASE: "needs PostgreSQL",
    Cost.BROKER: "needs RabbitMQ",
    Cost.SYSTEM: "runs services or servers of its own, or takes long",
}
FOLDERS = {"static": Cost.STATIC, "system": Cost.SYSTEM, "devstack": Cost.SYSTEM}
BROKER_FIXTURES = frozenset({"amqp_url", "management_url"})
SERVER_FIXTURES = frozenset({"stack", "addresses"})


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for cost, meaning in MEANINGS.items():
        config.addinivalue_line("markers", f"{cost.marker}: {meaning}; given by tests/harness/order.py")
    config.addinivalue_line("markers", "long: takes more time than CI has; `make test-long` runs it")
    config.addinivalue_line("markers", "browser: needs Chromium, which tests/harness/chromium.py installs")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests with their cost, and sort them by it."""
    costs = {item: cost_of(item) for item in items}
    for item, cost in costs.items():
        item.add_marker(cost.marker)
    items.sort(key=costs.__getitem__)


def cost_of(item: pytest.Item) -> Cost:
    """What it stands on; a marker on the test goes first, then its folder."""
    for cost in Cost:
        if item.get_closest_marker(cost.marker):
            return cost
    folder = item.nodeid.removeprefix("tests/").partition("/")[0]
    return FOLDERS[folder] if folder in FOLDERS else _cost_of_fixtures(getattr(item, "fixturenames", ()))


def _cost_of_fixtures(names: Iterable[str]) -> Cost:
    if BROKER_FIXTURES.intersection(names):
        return Cost.BROKER
    return Cost.DATABASE if SERVER_FIXTURES.intersection(names) else Cost.PURE
