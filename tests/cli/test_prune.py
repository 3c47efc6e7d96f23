"""`saga prune` removes what is old, says what that was, and `saga inspect` still knows it."""

import pytest

from tests.cli.shell import Saga, message


@pytest.fixture
def settled(saga: Saga) -> Saga:
    """An order that is paid, whose deadline has fired, and one that is not paid; all commands were relayed."""
    saga.handle(message("OrderPlaced", "o-1"), message("PaymentReceived", "o-1"), message("OrderPlaced", "o-2"))
    saga.sql("UPDATE saga.timer SET fired_at = due_at WHERE process_id = 'o-1'")
    saga.sql(
        "INSERT INTO saga.cursor (consumer, module, watermark) SELECT 'relay', name, last_position FROM saga.module"
    )
    return saga


def test_it_says_what_was_pruned_by_kind(settled: Saga) -> None:
    report = settled.json("prune", "--older-than", "0s", "--yes")
    assert (report["dry_run"], report["ended"], report["older_than_seconds"]) == (False, "done", 0)
    assert report["removed"] == {
        "instances": 1,
        "entries": 6,
        "messages": 2,
        "timers": 1,
        "dead_letters": 0,
        "operation_items": 0,
    }
    (log,) = report["logs"]
    assert (log["module"], log["entries"], log["held_by"]) == ("order-process", 6, "relay")


def test_a_deadline_that_has_not_fired_keeps_its_order(settled: Saga) -> None:
    settled.sql("UPDATE saga.timer SET fired_at = NULL")
    assert settled.json("prune", "--older-than", "0s", "--dry-run")["removed"]["instances"] == 0
    assert settled.json("prune", "--older-than", "0s", "--yes")["removed"]["instances"] == 0
    assert settled.json("inspect", "o-1")["pruned_at"] is None


def test_a_dry_run_counts_the_same_and_touches_nothing(settled: Saga) -> None:
    counted = settled.json("prune", "--older-than", "0s", "--dry-run")
    assert counted["dry_run"] is True
    assert settled.json("inspect", "o-1")["pruned_at"] is None
    assert settled.json("prune", "--older-than", "0s", "--yes")["removed"] == counted["removed"]


def test_it_tells_people_the_same(settled: Saga) -> None:
    dry = settled("prune", "--older-than", "0s", "--dry-run").stdout
    assert "Nothing was changed" in dry
    shown = settled("prune", "--older-than", "0s", "--yes").stdout
    assert "Pruned what is older than 0 ms" in shown
    assert ["settled orders", "1"] in [line.rsplit(maxsplit=1) for line in shown.splitlines() if line]
    assert "Nothing to prune" in settled("prune", "--older-than", "0s").stdout


def test_the_age_comes_from_the_setting_where_it_is_not_given(settled: Saga) -> None:
    result = settled("prune", "--json", "--yes", SAGA_RETENTION_DAYS="30")
    assert result.exit_code == 0
    assert '"older_than_seconds": 2592000.0' in result.stdout
    assert '"instances": 0' in result.stdout


@pytest.mark.parametrize(
    ("age", "seconds"), [("36h", 129_600), ("30d", 2_592_000), ("2w", 1_209_600), ("1.5m", 90), ("45s", 45)]
)
def test_an_age_is_a_number_and_a_unit(saga: Saga, age: str, seconds: float) -> None:
    assert saga.json("prune", "--older-than", age, "--yes")["older_than_seconds"] == seconds


@pytest.mark.parametrize("age", ["30", "d", "-1d", "1 d", "1y", "99999999w", "1e3d", "", "٣d"])
def test_anything_else_is_no_age_and_says_how_to_write_one(saga: Saga, age: str) -> None:
    result = saga("prune", f"--older-than={age}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "such as 36h or 30d" in result.stderr


def test_without_an_age_nothing_is_pruned_and_it_says_what_to_give(settled: Saga) -> None:
    result = settled("prune")
    assert result.exit_code == 2
    assert "--older-than" in result.stderr
    assert "SAGA_RETENTION_DAYS" in result.stderr
    assert settled.json("inspect", "o-1")["pruned_at"] is None


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "soon"])
def test_a_wrong_retention_names_the_variable(saga: Saga, days: str) -> None:
    result = saga("prune", SAGA_RETENTION_DAYS=days)
    assert result.exit_code == 2
    assert "SAGA_RETENTION_DAYS" in result.stderr


def test_a_log_that_nobody_reads_is_named(saga: Saga) -> None:
    saga.handle(message("OrderCancelled", "o-1"))
    assert "nobody reads it: kept" in saga("prune", "--older-than", "0s").stdout
    assert saga.json("inspect", "o-1")["pruned_at"] is None


def test_a_pruned_order_is_still_known_with_its_outcome_and_when_it_was_pruned(settled: Saga) -> None:
    before = settled.json("inspect", "o-1")
    settled.json("prune", "--older-than", "0s", "--yes")
    order = settled.json("inspect", "o-1")
    for known in ("order_id", "outcome", "settled", "states", "created_at", "updated_at"):
        assert order[known] == before[known], known
    assert order["pruned_at"] >= order["updated_at"]
    assert (order["messages"], order["commands"], order["timers"]) == ([], [], [])
    shown = settled("inspect", "o-1").stdout
    assert "paid (settled)" in shown
    assert "were pruned at 20" in shown


def test_an_order_that_came_back_says_that_something_was_before(settled: Saga) -> None:
    settled.json("prune", "--older-than", "0s", "--yes")
    settled.handle(message("OrderCancelled", "o-1"))
    order = settled.json("inspect", "o-1")
    assert (order["outcome"], order["pruned_at"], len(order["messages"])) == ("refunded", None, 1)
    assert order["revived_at"] is not None
    assert "What was before that was pruned" in settled("inspect", "o-1").stdout


def test_a_pruned_order_shows_its_open_dead_letters(settled: Saga) -> None:
    settled.json("prune", "--older-than", "0s", "--yes")
    settled.handle(message("PaymentReceived", "o-1", amount=1))
    assert [letter["kind"] for letter in settled.json("inspect", "o-1")["dead_letters"]] == ["conflict"]
    assert settled.json("inspect", "o-1")["pruned_at"] is not None


def test_it_shows_what_would_go_and_asks(settled: Saga) -> None:
    refused = settled("prune", "--older-than", "0s", stdin="n\n")
    assert refused.exit_code == 1
    assert "Nothing was changed. This would be pruned" in refused.stdout
    assert settled("prune", "--older-than", "0s", stdin="").exit_code == 1
    assert settled.json("inspect", "o-1")["pruned_at"] is None
    agreed = settled("prune", "--older-than", "0s", stdin="y\n")
    assert agreed.exit_code == 0
    assert "Pruned what is older" in agreed.stdout
    assert settled.json("inspect", "o-1")["pruned_at"] is not None
    assert "Remove" not in settled("prune", "--older-than", "0s").stdout, "there is nothing to ask"


def test_a_program_is_not_asked(settled: Saga) -> None:
    result = settled("prune", "--older-than", "0s", "--json")
    assert (result.exit_code, "add --yes" in result.stderr) == (2, True)
