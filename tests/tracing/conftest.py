"""A collector for each test, to which this process sends."""

from collections.abc import AsyncIterator

import pytest

from tests.harness.collector import Collector, collecting


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    async with collecting() as collector:
        for name, value in collector.environment.items():
            monkeypatch.setenv(name, value)
        yield collector
