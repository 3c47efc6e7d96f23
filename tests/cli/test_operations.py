"""`saga operations`: who did what and why, and going on with what was stopped."""

from tests.cli.shell import Saga, message

MENDED = """
UPDATE saga.dead_letter SET body = convert_to(replace(convert_from(body, 'UTF8'), '"much"', '5'), 'UTF8')
"""


def fail(saga: Saga, *names: str) -> list[str]:
    """The ids of dead letters that no redrive takes in until they are mended."""
    saga.handle(*(message("OrderPlaced", name, amount="much") for name in names))
    return sorted(str(one["id"]) for one in saga.json("dead-letters", "list")["dead_letters"])


def test_nobody_did_anything(saga: Saga) -> None:
    assert saga("operations", "list").stdout == "Nobody did anything yet.\n"
    assert saga.json("operations", "list") == {"operations": [], "count": 0, "more": False}


def test_who_did_what_and_why_is_shown(saga: Saga) -> None:
    first, second, third = fail(saga, "o-1", "o-2", "o-3")
    saga.sql(MENDED)
    saga("dead-letters", "redrive", first, second, "--reason", "the parser is mended", "--actor", "ana")
    saga("dead-letters", "discard", third, "--yes", "--actor", "bo")
    listed = saga("operations", "list").stdout
    assert all(one in listed for one in ("the parser is mended", "ana", "discard 1", "none was given"))
    known = saga.json("operations", "show", "1")
    assert (known["state"], known["answers"], known["answered"]) == ("done", {"taken": 2}, 2)
    assert [one["item"] for one in known["items"]] == [first, second]
    shown = saga("operations", "show", "1").stdout
    assert all(one in shown for one in ("Operation 1: redrive of 2, by ana", "Answers: 2 taken", "order o-"))
    name = known["items"][0]["process_id"]
    assert "redrive, taken (operation 1)" in saga("inspect", name).stdout
    (act,) = saga.json("inspect", name)["acts"]
    assert (act["actor"], act["reason"]) == ("ana", "the parser is mended")


def test_one_that_stopped_by_itself_is_resumed(saga: Saga) -> None:
    fail(saga, *(f"o-{number}" for number in range(5)))
    failed = saga("dead-letters", "redrive", "--all", "--halt-after", "2", "--rate", "100")
    assert failed.exit_code == 1 and failed.stdout.count("still dead") == 2
    assert "It stopped by itself: 2 in a row failed again." in saga("operations", "show", "1").stdout
    again = saga("operations", "resume", "1")
    assert again.exit_code == 1 and "stopped by itself again" in again.stderr
    saga.sql(MENDED)
    assert saga("operations", "resume", "1").exit_code == 0
    assert saga.json("operations", "show", "1")["answers"] == {"dead": 4, "taken": 1}


def test_a_running_one_is_stopped(saga: Saga) -> None:
    fail(saga, "o-1", "o-2")
    saga("dead-letters", "redrive", "--all", "--halt-after", "1")
    saga.sql("UPDATE saga.operation_run SET state = 'running', ended_at = NULL, note = NULL")
    assert saga("operations", "stop", "1", "--actor", "bo").stdout == "Stopped operation 1.\n"
    assert "bo stopped it." in saga("operations", "show", "1").stdout


def test_what_is_not_there_is_said(saga: Saga) -> None:
    shown = saga("operations", "show", "9")
    assert shown.exit_code == 1 and "There is no operation 9: `saga operations list` shows them." in shown.stderr
    for command in ("stop", "resume"):
        gone = saga("operations", command, "9")
        assert gone.exit_code == 1 and "There is no operation 9." in gone.stderr
    (letter,) = fail(saga, "o-1")
    saga("dead-letters", "discard", letter, "--yes")
    assert "Operation 1 is done, so there is nothing to resume." in saga("operations", "resume", "1").stderr
    assert saga("dead-letters", "redrive", "1", "--reason", " ").exit_code == 2
