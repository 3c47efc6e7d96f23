"""A fresh seed for each test that asks for one; a failure shows it, and TEST_SEED runs it again.

Seeds are no part of a test's name: a test that is run alone, or again, has to be found by the name that failed.
"""

import os
import random
from collections.abc import Generator

import pytest

VARIABLE = "TEST_SEED"
_SEED = pytest.StashKey[int]()
_fresh = random.SystemRandom()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """For `random.Random`."""
    given = os.environ.get(VARIABLE)
    chosen = int(given) if given else _fresh.randrange(10**6)
    request.node.stash[_SEED] = chosen
    return chosen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the seed of a test that fails."""
    report = yield
    if report.failed and _SEED in item.stash:
        report.sections.append(("seed", f"{VARIABLE}={item.stash[_SEED]} runs this test again with the same seed"))
    return report
