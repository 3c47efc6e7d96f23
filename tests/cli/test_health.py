"""`saga health` answers quickly, with an exit code."""

from tests.cli.shell import Saga, message


def test_with_a_migrated_database_and_a_broker_all_is_well(saga: Saga) -> None:
    assert saga.json("health") == {
        "healthy": True,
        "database": "ok",
        "broker": "ok",
        "services": "ok",
        "notes": [],
    }
    assert saga("health").exit_code == 0


def test_an_unmigrated_database_is_not_healthy(saga: Saga) -> None:
    saga.sql("DROP SCHEMA saga CASCADE")
    result = saga("health")
    assert result.exit_code == 1
    assert "saga migrate" in result.stderr


def test_an_older_schema_is_not_healthy(saga: Saga) -> None:
    saga.sql("UPDATE saga.schema_version SET version_num = '0000'")
    result = saga("health")
    assert result.exit_code == 1
    assert "has schema 0000" in result.stderr


def test_each_part_that_is_away_has_a_sentence_of_its_own(saga: Saga) -> None:
    result = saga(
        "health",
        SAGA_DATABASE_URL="postgresql://somebody:verysecret@127.0.0.1:1/saga",
        SAGA_AMQP_URL="amqp://somebody:verysecret@127.0.0.1:1/",
    )
    assert result.exit_code == 1
    assert [line.split(" at ")[0] for line in result.stderr.splitlines()] == ["The database", "The broker"]
    assert "verysecret" not in result.output


def test_without_any_address_it_says_how_to_get_one(saga: Saga) -> None:
    result = saga("list", SAGA_DATABASE_URL="", SAGA_HOME="no-stack-here")
    assert result.exit_code == 2
    assert "SAGA_DATABASE_URL" in result.stderr
    assert "saga up" in result.stderr


def heard(saga: Saga, service: str, pid: int, *loops: str, seconds_ago: float = 0, reason: str | None = None) -> None:
    """What a service said of its loops so long ago."""
    for loop in loops:
        saga.sql(
            "INSERT INTO saga.service VALUES (:service, 'here', :pid, :loop, now() - :ago * interval '1 s', :reason)",
            service=service,
            pid=pid,
            loop=loop,
            ago=seconds_ago,
            reason=reason,
        )


def test_a_loop_that_was_not_heard_of_is_named(saga: Saga) -> None:
    heard(saga, "worker", 7, "relay", seconds_ago=2 * 3_600 + 600, reason="no broker")
    heard(saga, "worker", 7, "consumer")
    result = saga("health")
    assert result.exit_code == 1
    assert result.stderr.startswith("The loop relay of the worker with process id 7 on here had no heartbeat for 2 h")
    assert "it was starting over: no broker" in result.stderr
    (silent,) = [one for one in saga.json("lag")["services"] if one["standing"] == "silent"]
    assert (silent["service"], silent["host"], silent["pid"], silent["loop"]) == ("worker", "here", 7, "relay")
    assert "The loop relay of the worker" in saga("lag").stdout


def test_a_loop_that_hangs_is_missed_though_others_do_its_work(saga: Saga) -> None:
    heard(saga, "worker", 7, "relay", seconds_ago=20)
    heard(saga, "worker", 7, "consumer")
    heard(saga, "worker", 8, "relay", "consumer")
    assert saga("health").exit_code == 1


def test_a_service_that_was_killed_and_replaced_is_worth_a_note(saga: Saga) -> None:
    heard(saga, "worker", 7, "relay", "consumer", seconds_ago=20)
    assert saga("health").exit_code == 1
    heard(saga, "worker", 8, "relay", "consumer")
    known = saga.json("health")
    assert (known["healthy"], known["services"], len(known["notes"])) == (True, "ok", 2)
    assert "others do its work" in saga("health").stdout
    assert {one["standing"] for one in saga.json("lag")["services"]} == {"going", "replaced"}


def test_a_loop_that_starts_over_is_no_health(saga: Saga) -> None:
    heard(saga, "worker", 7, "consumer", reason="permission denied for table instance")
    heard(saga, "worker", 7, "relay")
    heard(saga, "worker", 8, "consumer", "relay")
    result = saga("health")
    loop = "The loop consumer of the worker with process id 7 on here"
    assert result.exit_code == 1
    assert result.stderr == f"{loop} starts over: permission denied for table instance.\n"
    assert loop in saga("lag").stdout


def test_a_beat_from_the_future_is_none(saga: Saga) -> None:
    """The database's clock was set back, and the service is gone."""
    heard(saga, "scheduler", 7, "sweep", seconds_ago=-600)
    assert saga("health").exit_code == 1


def test_overdue_deadlines_without_a_scheduler_are_no_health(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1"))
    assert saga("health").exit_code == 0
    saga.sql("UPDATE saga.timer SET due_at = now() - interval '3 d 10 min'")
    result = saga("health")
    assert result.exit_code == 1
    assert "A deadline is overdue by 3 d" in result.stderr
    assert "no scheduler runs" in result.stderr
    heard(saga, "scheduler", 7, "sweep")
    assert saga("health").exit_code == 0


def test_messages_without_a_worker_are_no_health(saga: Saga) -> None:
    saga.json("publish", "OrderPlaced", "o-1", "--sample", "--duplicate", "2")
    result = saga("health")
    assert result.exit_code == 1
    assert "2 messages wait in the queues, and no worker runs" in result.stderr
    heard(saga, "worker", 7, "consumer")
    assert saga("health").exit_code == 0


def test_an_open_transaction_that_others_wait_for_is_shown(saga: Saga) -> None:
    assert saga.json("lag")["blocked"] == []
    assert "nobody waits for a transaction" in saga("lag").stdout
