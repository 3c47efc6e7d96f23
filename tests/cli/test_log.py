"""`saga log` shows what a module's log says: what everybody may see, and with --internal everything."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from saga.modules import NewEvent, Visibility, append
from saga.postgres import connect_engine, durable_transaction
from tests.cli.shell import Saga, message
from tests.waiting import LIMIT_SECONDS


def record(saga: Saga, *names: str, data: dict[str, Any] | None = None) -> None:
    """Append events to the log of orders: those whose names begin with a minus are internal."""

    async def work() -> None:
        engine = connect_engine(saga.environment["SAGA_DATABASE_URL"], "test")
        try:
            async with durable_transaction(engine) as connection:
                await append(connection, "orders", [event(name) for name in names])
        finally:
            await engine.dispose()

    def event(name: str) -> NewEvent:
        visibility = Visibility.INTERNAL if name.startswith("-") else Visibility.PUBLIC
        return NewEvent("o-1", f"Is{name.strip('-').title()}", name, data or {"name": name}, visibility=visibility)

    asyncio.run(work())


def positions(document: dict[str, Any]) -> list[int]:
    return [event["position"] for event in document["events"]]


def test_public_events_are_shown_in_order_and_internal_ones_as_gaps(saga: Saga) -> None:
    record(saga, "-a", "b", "-secret", "-d", "-e", "f", "-g")
    said = saga("log", "orders").stdout.splitlines()
    assert [line.split()[0] for line in said] == ["1", "2", "3..5", "6", "7"]
    assert said[2] == "3..5 internal"
    assert 'IsB  o-1  b  {"name":"b"}' in said[1]
    assert "ecret" not in saga("log", "orders", "--json").stdout


def test_a_document_has_everything_that_is_known_of_an_event(saga: Saga) -> None:
    record(saga, "-a", "b")
    document = saga.json("log", "orders")
    (event,) = document.pop("events")
    assert document == {
        "module": "orders",
        "after": 0,
        "horizon": 2,
        "last_position": 2,
        "last_public_position": 2,
        "pruned_position": 0,
        "count": 1,
        "more": False,
    }
    assert event.pop("recorded_at").endswith("Z")
    assert event == {
        "module": "orders",
        "position": 2,
        "previous_public_position": 0,
        "type": "IsB",
        "visibility": "public",
        "target": None,
        "stream_id": "o-1",
        "stream_version": 2,
        "event_id": "b",
        "data": {"name": "b"},
        "metadata": {},
    }


def test_internal_shows_everything_and_marks_it(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1"))
    taken, command = saga("log", "order-process", "--internal").stdout.splitlines()
    assert "InputTaken (internal)  o-1" in taken
    assert "RequestPayment to gateway  o-1" in command
    first, second = saga.json("log", "order-process", "--internal")["events"]
    assert (first["visibility"], first["target"]) == ("internal", None)
    assert (second["visibility"], second["target"]) == ("internal", "gateway")
    assert second["data"]["amount"] == 4200
    assert saga("log", "order-process").stdout == "1..2 internal\n"


def test_the_last_ones_are_shown_unless_it_is_said_where_to_begin(saga: Saga) -> None:
    record(saga, *(f"{'-' if number % 3 else ''}{number}" for number in range(1, 91)))
    last = saga.json("log", "orders")
    assert positions(last) == list(range(33, 91, 3))
    assert (last["after"], last["more"]) == (30, False)
    assert positions(saga.json("log", "orders", "--limit", "2")) == [87, 90]
    assert positions(saga.json("log", "orders", "--internal", "--limit", "2")) == [89, 90]
    some = saga.json("log", "orders", "--after", "6", "--limit", "2")
    assert (positions(some), some["horizon"], some["more"]) == ([9, 12], 12, True)
    assert positions(saga.json("log", "orders", "--after", "90")) == []


def test_data_are_shortened_for_people_and_whole_for_programs(saga: Saga) -> None:
    record(saga, "a", data={"long": "x" * 5_000})
    assert len(saga("log", "orders").stdout) < 300
    assert len(saga.json("log", "orders")["events"][0]["data"]["long"]) == 5_000


def test_no_character_that_a_terminal_would_obey_reaches_it(saga: Saga) -> None:
    record(saga, "\x1b[2J\u202e", data={"\x1b]0;": "\x07\u009b[/bold]"})
    for result in (saga("log", "orders"), saga("log", "orders", "--json"), saga("log", "\x1b[2J")):
        assert not {"\x1b", "\x07", "\u202e", "\u009b"} & set(result.output)
    assert "[/bold]" in saga("log", "orders").stdout, "and nothing is read as markup"


def test_an_unknown_module_is_an_error_that_lists_the_known_ones(saga: Saga) -> None:
    record(saga, "a")
    saga.sql("INSERT INTO saga.cursor (consumer, module) VALUES ('order', 'payments')")
    unknown, remote = saga("log", "odrers"), saga("log", "payments")
    assert (unknown.exit_code, unknown.stderr) == (
        1,
        "No event was appended to a log of 'odrers' here. Kept here: orders.\n",
    )
    assert remote.exit_code == 1
    assert "The log of module 'payments' is in another database" in remote.stderr


def test_a_beginning_that_was_pruned_is_said(saga: Saga) -> None:
    record(saga, "a", "-b", "c", "d")
    saga.sql("UPDATE saga.module SET pruned_position = 2")
    result = saga("log", "orders", "--after", "1")
    assert result.exit_code == 1
    assert "was pruned up to position 2" in result.stderr
    assert "Begin with --after 2." in result.stderr
    assert saga("log", "orders").stdout.splitlines()[0] == "1..2 pruned"
    assert positions(saga.json("log", "orders")) == [3, 4]
    assert positions(saga.json("log", "orders", "--internal")) == [3, 4]


@contextmanager
def following(saga: Saga, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "saga", "log", "orders", "--follow", *words]
    follower = subprocess.Popen(
        command,
        env=os.environ | saga.environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield follower
    finally:
        follower.kill()
        follower.communicate(timeout=LIMIT_SECONDS)


def test_follow_goes_on_until_ctrl_c(saga: Saga) -> None:
    record(saga, "a", "b", "c")
    with following(saga, "--json", "--limit", "2") as follower:
        assert follower.stdout is not None
        assert [json.loads(follower.stdout.readline())["event_id"] for _ in range(2)] == ["b", "c"]
        record(saga, "-d", "e")
        event = json.loads(follower.stdout.readline())
        assert (event["event_id"], event["previous_public_position"]) == ("e", 3)
        follower.send_signal(signal.SIGINT)
        out, err = follower.communicate(timeout=LIMIT_SECONDS)
        assert (follower.returncode, out, err) == (130, "", "")


def test_follow_shows_internal_events_and_gaps_to_people(saga: Saga) -> None:
    record(saga, "a", "-b")
    with following(saga) as shown, following(saga, "--internal") as all_of_it:
        assert shown.stdout is not None
        assert all_of_it.stdout is not None
        assert "IsA" in shown.stdout.readline()
        assert shown.stdout.readline() == "2 internal\n"
        assert "IsA" in all_of_it.stdout.readline()
        assert "IsB (internal)" in all_of_it.stdout.readline()
        record(saga, "-c", "d")
        assert shown.stdout.readline() == "3 internal\n"
        assert "IsD" in shown.stdout.readline()
        assert "IsC (internal)" in all_of_it.stdout.readline()


def test_a_reader_who_goes_away_ends_it_without_a_word(saga: Saga) -> None:
    record(saga, "a")
    for words in ((), ("--json",)):
        with following(saga, *words) as follower:
            assert follower.stdout is not None
            assert follower.stderr is not None
            follower.stdout.readline()
            follower.stdout.close()
            record(saga, "b")
            assert follower.wait(LIMIT_SECONDS) == 1
            assert follower.stderr.read() == ""
            follower.stdout = None


def test_what_was_recorded_since_a_moment_is_shown(saga: Saga) -> None:
    record(saga, "a", "-b", "c", "-d")
    saga.sql("ALTER TABLE saga.event_log DISABLE TRIGGER USER")
    saga.sql("UPDATE saga.event_log SET recorded_at = '2026-01-31T12:00Z' WHERE position <= 2")
    assert positions(saga.json("log", "orders", "--since", "15m")) == [3]
    assert positions(saga.json("log", "orders", "--since", "15m", "--internal")) == [3, 4]
    assert positions(saga.json("log", "orders", "--since", "2026-01-31T12:00")) == [1, 3]
    assert positions(saga.json("log", "orders", "--since", "0s")) == []
    assert saga("log", "orders", "--since", "15m", "--after", "1").exit_code == 2
