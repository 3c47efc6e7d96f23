"""A worker's arguments: those of the settings, and refused at once where they can't be right."""

import inspect
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from saga.orders import order_process
from saga.settings import Settings
from saga.worker import Feed, Worker

BROKER = "amqp://guest:guest@localhost:1/"
OTHERWISE = {"broker", "remote_logs", "accepted_exchanges"}


@pytest.fixture
def nowhere() -> AsyncEngine:
    """An engine that nobody connects with."""
    return create_async_engine("postgresql+asyncpg://localhost:1/nothing")


def test_defaults_are_those_of_the_settings() -> None:
    parameters = inspect.signature(Worker).parameters.values()
    defaults = {one.name: one.default for one in parameters if one.kind is one.KEYWORD_ONLY}
    assert defaults.keys() > OTHERWISE
    named = defaults.keys() - OTHERWISE
    assert {name: defaults[name] for name in named} == {name: Settings.model_fields[name].default for name in named}


def test_without_a_broker_a_worker_can_only_pull(nowhere: AsyncEngine) -> None:
    with pytest.raises(ValueError, match=r"give broker=, or feed=Feed\.PULL"):
        Worker(nowhere, order_process())
    Worker(nowhere, order_process(), feed=Feed.PULL)


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ({"broker": "postgresql://localhost"}, "the broker's address"),
        ({"prefix": "Saga"}, "prefix 'Saga'"),
        ({"prefix": "saga\n"}, "prefix"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"relay_poll_seconds": float("nan")}, "relay_poll_seconds is nan"),
        ({"accepted_exchanges": "company.bus"}, "accepted_exchanges"),
    ],
)
def test_an_argument_that_can_not_be_right_is_refused(
    nowhere: AsyncEngine, argument: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Worker(nowhere, order_process(), **{"broker": BROKER, **argument})
