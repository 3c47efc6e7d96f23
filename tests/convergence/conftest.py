"""Fewer small worlds for the tests that are not about them: each check of own functions would take seconds more."""

import pytest

from saga.convergence import inquiry


@pytest.fixture(autouse=True)
def few_worlds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.path.name != "test_small_worlds.py":
        monkeypatch.setattr(inquiry, "WORLDS", 30)
        monkeypatch.setattr(inquiry, "WORLDS_OF_REDUCERS", 15)
        monkeypatch.setattr(inquiry, "WORLDS_OF_EXPRESSIONS", 5)
