"""`saga lag` shows who is behind, and by how much."""

from typing import Any

from tests.cli.shell import Saga, at, message

LONG_AGO = "3 d 10 min"
"""An age that is still shown as "3 d" if a command takes half an hour."""


def cursor(document: dict[str, Any], consumer: str, module: str) -> dict[str, Any]:
    found = [c for c in document["cursors"] if (c["consumer"], c["module"]) == (consumer, module)]
    assert len(found) == 1
    return dict(found[0])


def is_long_ago(seconds: float) -> bool:
    return 3 * 86_400 + 600 <= seconds < 3 * 86_400 + 3_600


def keep_log(saga: Saga, events: int) -> None:
    """A log of the payments module with so many public events."""
    saga.sql(f"INSERT INTO saga.module VALUES ('payments', {events}, {events})")
    saga.sql(
        "INSERT INTO saga.event_log (module, position, previous_public_position, stream_id, stream_version, event_id,"
        " type, visibility, data, metadata, recorded_at)"
        " SELECT 'payments', n, n - 1, 's', n, 'e' || n, 'PaymentReceived', 'public', '{}', '{}',"
        f" now() - interval '{LONG_AGO}' FROM generate_series(1, {events}) AS n"
    )


def test_the_first_hole_in_a_log_in_another_database_is_as_old_as_the_cursor_stands_before_it(saga: Saga) -> None:
    saga.handle(
        *(at(message("OrderPlaced", f"o-{n}"), "orders", n, n - 1) for n in (1, 4, 5, 8)), remote_modules={"orders"}
    )
    saga.sql(f"UPDATE saga.cursor SET hole_since = now() - interval '{LONG_AGO}'")
    orders = cursor(saga.json("lag"), "order", "orders")
    assert (orders["watermark"], orders["behind"], orders["hole_count"]) == (1, None, 2)
    first, second = orders["holes"]
    assert (first["first"], first["last"]) == (2, 3)
    assert is_long_ago(first["age_seconds"])
    assert second == {"first": 6, "last": 7, "age_seconds": None}
    assert "2..3 (for 3 d), 6..7 (log in another database)" in saga("lag").stdout


def test_a_log_that_cannot_be_asked_is_an_alarm(saga: Saga) -> None:
    saga.handle(*(at(message("OrderPlaced", f"o-{n}"), "orders", n, n - 1) for n in (1, 3)), remote_modules={"orders"})
    assert cursor(saga.json("lag"), "order", "orders")["alarm"] is None
    saga.sql("UPDATE saga.cursor SET alarm = E'no answer\x1b[2J' WHERE module = 'orders'")
    assert cursor(saga.json("lag"), "order", "orders")["alarm"] == "no answer\x1b[2J"
    assert r"order can't ask the log of orders: no answer\x1b[2J" in saga("lag").stdout


def test_a_hole_in_a_log_kept_here_has_the_age_of_its_first_event(saga: Saga) -> None:
    keep_log(saga, 5)
    saga.handle(*(at(message("PaymentReceived", f"o-{n}", message_id=f"e{n}"), "payments", n, n - 1) for n in (1, 4)))
    payments = cursor(saga.json("lag"), "order", "payments")
    assert (payments["watermark"], payments["behind"]) == (1, 3)
    (hole,) = payments["holes"]
    assert (hole["first"], hole["last"]) == (2, 3)
    assert is_long_ago(hole["age_seconds"])


def test_a_range_that_a_message_covers_is_no_hole(saga: Saga) -> None:
    saga.handle(
        at(message("OrderPlaced", "o-1"), "orders", 1, 0),
        at(message("OrderPlaced", "o-2"), "orders", 9, 1),
        remote_modules={"orders"},
    )
    orders = cursor(saga.json("lag"), "order", "orders")
    assert (orders["watermark"], orders["hole_count"], orders["holes"]) == (9, 0, [])


def test_what_steps_have_covered_counts_before_it_is_folded(saga: Saga) -> None:
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('order', 'orders', 3)")
    saga.sql("INSERT INTO saga.cursor_advance (consumer, module, covered) VALUES ('order', 'orders', '{[4,8)}')")
    assert cursor(saga.json("lag"), "order", "orders")["watermark"] == 7


def test_the_outbox_is_what_the_relay_has_not_passed(saga: Saga) -> None:
    saga.handle(message("PaymentReceived", "o-1"))
    (outbox,) = saga.json("lag")["outbox"]
    assert (outbox["module"], outbox["not_relayed"]) == ("order-process", 3), "two commands, one announcement"
    assert outbox["oldest_age_seconds"] >= 0
    saga.sql("INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('relay', 'order-process', 4)")
    document = saga.json("lag")
    assert document["outbox"] == [{"module": "order-process", "not_relayed": 0, "oldest_age_seconds": None}]
    assert cursor(document, "relay", "order-process")["behind"] == 0


def test_deadlines_are_armed_or_overdue(saga: Saga) -> None:
    saga.handle(*(message("OrderPlaced", f"o-{n}") for n in range(3)))
    saga.sql(f"UPDATE saga.timer SET due_at = now() - interval '{LONG_AGO}' WHERE process_id = 'o-1'")
    timers = saga.json("lag")["timers"]
    assert (timers["armed"], timers["overdue"]) == (3, 1)
    assert is_long_ago(timers["oldest_overdue_seconds"])


def test_queues_tell_how_much_waits_and_who_consumes(saga: Saga) -> None:
    saga.json("publish", "OrderPlaced", "o-1", "--sample", "--duplicate", "3")
    prefix = saga.environment["SAGA_PREFIX"]
    queues = {queue["name"]: queue for queue in saga.json("lag")["queues"]}
    assert set(queues) == {f"{prefix}.{name}" for name in ("order", "gateway", "fulfilment", "undelivered")}
    assert (queues[f"{prefix}.order"]["messages"], queues[f"{prefix}.order"]["consumers"]) == (3, 0)


def test_queues_that_nobody_declared_yet_are_no_error(saga: Saga) -> None:
    document = saga.json("lag")
    assert document["broker"] == {"reachable": True, "error": None}
    assert {queue["messages"] for queue in document["queues"]} == {None}


def test_open_dead_letters_are_counted(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1", amount=0), message("OrderPlaced", "o-2", amount=0))
    assert saga.json("lag")["open_dead_letters"] == 2


def test_a_broker_that_is_away_is_said_and_the_rest_is_shown(saga: Saga) -> None:
    saga.handle(message("OrderPlaced", "o-1"))
    result = saga("lag", SAGA_AMQP_URL="amqp://somebody:verysecret@127.0.0.1:1/")
    assert result.exit_code == 0
    assert "The broker at 127.0.0.1:1/ can't be reached" in result.stdout
    assert "order-process" in result.stdout
    assert "verysecret" not in result.output


def test_a_database_that_is_away_is_an_error(saga: Saga) -> None:
    result = saga("lag", SAGA_DATABASE_URL="postgresql://somebody:verysecret@127.0.0.1:1/saga")
    assert result.exit_code == 1
    assert "127.0.0.1:1/saga can't be reached" in result.stderr
    assert "verysecret" not in result.output
