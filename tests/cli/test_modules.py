"""`saga modules` shows which modules there are and who reads them."""

from typing import Any

from tests.cli.shell import Saga, at, message
from tests.cli.test_lag import is_long_ago, keep_log


def module(saga: Saga, name: str) -> dict[str, Any]:
    document = saga.json("modules")
    assert document["count"] == len(document["modules"])
    (found,) = [one for one in document["modules"] if one["name"] == name]
    return dict(found)


def test_a_module_whose_log_is_kept_here_has_its_end_and_its_readers(saga: Saga) -> None:
    keep_log(saga, 5)
    saga.sql("UPDATE saga.module SET pruned_position = 2 WHERE name = 'payments'")
    saga.sql("INSERT INTO saga.cursor (consumer, module) VALUES ('relay', 'payments'), ('order', 'payments')")
    payments = module(saga, "payments")
    assert is_long_ago(payments.pop("last_age_seconds"))
    assert payments.pop("last_at").endswith("Z")
    assert payments == {
        "name": "payments",
        "kept_here": True,
        "last_position": 5,
        "last_public_position": 5,
        "pruned_position": 2,
        "consumers": ["order", "relay"],
    }
    said = saga("modules").stdout
    assert "3 d" in said
    assert "order, relay" in said


def test_a_module_that_is_only_read_is_listed_as_in_another_database(saga: Saga) -> None:
    saga.handle(at(message("OrderPlaced", "o-1"), "orders", 1, 0), remote_modules={"orders"})
    orders = module(saga, "orders")
    assert (orders["kept_here"], orders["last_position"], orders["consumers"]) == (False, None, ["order"])
    assert module(saga, "order-process")["kept_here"]
    assert "log in another database" in saga("modules").stdout


def test_a_module_whose_last_entry_was_pruned_has_no_age(saga: Saga) -> None:
    saga.sql("INSERT INTO saga.module VALUES ('payments', 5, 5, 5)")
    assert module(saga, "payments")["last_age_seconds"] is None
    assert "nobody" in saga("modules").stdout


def test_there_may_be_no_module_yet(saga: Saga) -> None:
    assert saga.json("modules") == {"modules": [], "count": 0}
    assert "There is no module yet" in saga("modules").stdout
