"""Tests run in the order of what they cost."""

import pytest

from tests.harness.order import BROKER_FIXTURES, SERVER_FIXTURES, Cost, cost_of


def test_cheap_tests_come_first(request: pytest.FixtureRequest) -> None:
    costs = [cost_of(item) for item in request.session.items]
    assert costs == sorted(costs)


def test_no_test_that_needs_a_server_counts_as_pure(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        if cost_of(item) <= Cost.PURE:
            names = set(getattr(item, "fixturenames", ()))
            assert not names & (BROKER_FIXTURES | SERVER_FIXTURES), item.nodeid
