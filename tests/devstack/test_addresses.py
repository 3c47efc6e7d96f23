"""What is given in the environment is used, and nothing private is started for it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from saga.devstack import children
from saga.devstack.errors import LocalStackError
from saga.devstack.stack import Addresses, LocalStack, find_running
from saga.settings import SettingsError

DATABASE = "postgresql://someone:secret@db.example/orders"
BROKER = "amqp://someone:secret@mq.example:5671/"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAGA_HOME", str(tmp_path))
    return tmp_path


def test_with_both_addresses_given_nothing_private_is_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_DATABASE_URL", DATABASE)
    monkeypatch.setenv("SAGA_AMQP_URL", BROKER)
    with LocalStack.start() as stack:
        assert stack.postgres is None
        assert stack.rabbitmq is None
        assert stack.addresses == Addresses(DATABASE, BROKER, "http://someone:secret@mq.example:15672")
        assert list(stack.folder.iterdir()) == [stack.folder / "lock"], "no address of another user is written down"


def test_a_given_management_address_is_taken_as_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_DATABASE_URL", DATABASE)
    monkeypatch.setenv("SAGA_AMQP_URL", BROKER)
    monkeypatch.setenv("SAGA_MANAGEMENT_URL", "https://mq.example/manage")
    with LocalStack.start() as stack:
        assert stack.addresses.management_url == "https://mq.example/manage"


def test_without_a_broker_services_are_told_to_follow_the_logs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_DATABASE_URL", DATABASE)
    with LocalStack.start(broker=False) as stack:
        assert (stack.postgres, stack.rabbitmq) == (None, None)
        assert stack.addresses == Addresses(DATABASE, None, None)
        assert stack.addresses.environment() == {"SAGA_DATABASE_URL": DATABASE, "SAGA_FEED": "pull"}


@pytest.mark.parametrize("start", [LocalStack.start, LocalStack.temporary])
def test_a_given_broker_and_none_at_all_contradict_each_other(
    home: Path, monkeypatch: pytest.MonkeyPatch, start: Callable[..., LocalStack]
) -> None:
    monkeypatch.setenv("SAGA_DATABASE_URL", DATABASE)
    monkeypatch.setenv("SAGA_AMQP_URL", BROKER)
    with pytest.raises(SettingsError, match="SAGA_AMQP_URL is set"):
        start(broker=False)
    assert list(home.iterdir()) == []


def test_a_folder_belongs_to_one_living_stack(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGA_DATABASE_URL", DATABASE)
    monkeypatch.setenv("SAGA_AMQP_URL", BROKER)
    with LocalStack.start() as first:
        assert first.folder == home / "stack"
        with pytest.raises(LocalStackError, match="in use by a running stack"):
            LocalStack.start(first.folder)
        with LocalStack.start() as second:
            assert second.folder == home / "stack-2"
    with LocalStack.start() as third:
        assert third.folder == home / "stack"


def test_a_stack_whose_owner_is_gone_is_not_found(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    folder.mkdir()
    addresses = {"database_url": DATABASE, "amqp_url": BROKER, "management_url": ""}
    alive = {"pid": os.getpid(), "identity": children.identity(os.getpid()), **addresses}
    running = folder / "running.json"

    running.write_text(json.dumps(alive))
    assert find_running(tmp_path) == Addresses(DATABASE, BROKER, "")
    running.write_text(json.dumps({**alive, "amqp_url": None, "management_url": None}))
    assert find_running(tmp_path) == Addresses(DATABASE, None, None), "one without a broker"
    running.write_text(json.dumps({**alive, "identity": "1"}))
    assert find_running(tmp_path) is None, "another process has its id now"
    running.write_text("{")
    assert find_running(tmp_path) is None, "half written"
    running.unlink()
    assert find_running(tmp_path) is None
