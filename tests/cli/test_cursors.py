"""`saga cursors` shows how far each consumer got in each module, and what is missing."""

from tests.cli.shell import Saga, at, message
from tests.cli.test_lag import LONG_AGO, cursor, is_long_ago, keep_log


def test_a_cursor_is_one_integer_and_what_was_handled_above_it(saga: Saga) -> None:
    saga.handle(
        *(at(message("OrderPlaced", f"o-{n}"), "orders", n, n - 1) for n in (1, 4, 5, 8)), remote_modules={"orders"}
    )
    saga.sql(f"UPDATE saga.cursor SET hole_since = now() - interval '{LONG_AGO}', alarm = 'no route'")
    document = saga.json("cursors")
    assert document["count"] == len(document["cursors"])
    orders = cursor(document, "order", "orders")
    assert set(orders) == {
        *("consumer", "module", "watermark", "horizon", "behind", "behind_seconds", "highest", "handled_above"),
        *("hole_count", "holes", "hole_age_seconds", "alarm", "updated_at"),
    }
    assert (orders["watermark"], orders["highest"], orders["horizon"], orders["behind"]) == (1, 8, None, None)
    assert orders["handled_above"] == [{"first": 4, "last": 5}, {"first": 8, "last": 8}]
    assert [(hole["first"], hole["last"]) for hole in orders["holes"]] == [(2, 3), (6, 7)]
    assert is_long_ago(orders["hole_age_seconds"])
    assert orders["alarm"] == "no route"
    said = saga("cursors", COLUMNS="140").stdout
    assert "4..5, 8" in said
    assert "2..3 (for 3 d), 6..7 (log in another database)" in said
    assert "order can't ask the log of orders: no route" in said


def test_where_the_log_is_kept_here_its_horizon_is_known(saga: Saga) -> None:
    keep_log(saga, 5)
    saga.handle(*(at(message("PaymentReceived", f"o-{n}", message_id=f"e{n}"), "payments", n, n - 1) for n in (1, 4)))
    payments = cursor(saga.json("cursors"), "order", "payments")
    assert (payments["watermark"], payments["horizon"], payments["behind"]) == (1, 5, 3)
    assert payments["handled_above"] == [{"first": 4, "last": 4}]


def test_of_many_holes_the_first_are_listed_and_all_are_counted(saga: Saga) -> None:
    ranges = ", ".join(f"[{n}, {n + 1})" for n in range(3, 1003, 2))
    saga.sql(
        "INSERT INTO saga.cursor (consumer, module, watermark, handled, hole_since)"
        f" VALUES ('order', 'orders', 1, '{{{ranges}}}', now())"
    )
    orders = cursor(saga.json("cursors"), "order", "orders")
    assert (orders["hole_count"], len(orders["holes"]), orders["highest"]) == (500, 100, 1001)
    assert orders["handled_above"][0] == {"first": 3, "last": 3}
    assert orders["handled_above"][-1] == {"first": 199, "last": 199}
    assert "and 497 more" in saga("cursors", COLUMNS="140").stdout


def test_a_cursor_without_holes_says_so(saga: Saga) -> None:
    saga.handle(at(message("OrderPlaced", "o-1"), "orders", 1, 0), remote_modules={"orders"})
    orders = cursor(saga.json("cursors"), "order", "orders")
    assert (orders["watermark"], orders["holes"], orders["handled_above"], orders["hole_age_seconds"]) == (
        1,
        [],
        [],
        None,
    )


def test_nobody_has_read_anything_yet(saga: Saga) -> None:
    assert saga.json("cursors") == {"cursors": [], "count": 0}
    assert "There is no cursor yet" in saga("cursors").stdout
