"""`saga health` answers quickly, with an exit code."""

import time

from tests.cli.shell import Saga


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
    begin = time.monotonic()
    result = saga(
        "health",
        SAGA_DATABASE_URL="postgresql://somebody:verysecret@127.0.0.1:1/saga",
        SAGA_AMQP_URL="amqp://somebody:verysecret@127.0.0.1:1/",
    )
    assert result.exit_code == 1
    assert [line.split(" at ")[0] for line in result.stderr.splitlines()] == ["The database", "The broker"]
    assert "verysecret" not in result.output
    assert time.monotonic() - begin < 10


def test_without_any_address_it_says_how_to_get_one(saga: Saga) -> None:
    result = saga("list", SAGA_DATABASE_URL="", SAGA_HOME="no-stack-here")
    assert result.exit_code == 2
    assert "SAGA_DATABASE_URL" in result.stderr
    assert "saga up" in result.stderr
