"""`saga erase` says what goes and what stays, asks, does it, and the other commands say that it was done."""

import getpass

import pytest

from tests.cli.shell import Saga, message

SECRET = "jane@example.org"
WHY = ("--reason", "request 4711")


@pytest.fixture
def settled(saga: Saga) -> Saga:
    """An order that is paid and one that waits, whose commands were all relayed."""
    saga.handle(
        message("OrderPlaced", "o-1", customer=SECRET), message("PaymentReceived", "o-1"), message("OrderPlaced", "o-2")
    )
    saga.sql(
        "INSERT INTO saga.cursor (consumer, module, watermark) SELECT 'relay', name, last_position FROM saga.module"
    )
    return saga


def test_a_dry_run_names_what_goes_and_every_field_that_stays(settled: Saga) -> None:
    shown = settled("erase", "o-1", *WHY, "--dry-run").stdout
    assert "Nothing was changed. This would be erased:" in shown
    assert "sent in RefundPayment" in shown
    dry = settled.json("erase", "o-1", *WHY, "--dry-run")
    (one,) = dry["erased"]
    assert (dry["dry_run"], one["order_id"], one["entries"]) == (True, "o-1", 2)
    assert one["kept"]["OrderPlaced"] == ["amount", "currency", "order_id", "payment_timeout_seconds"]
    assert settled.sql("SELECT count(*) FROM saga.operation") == [(0,)]


def test_it_asks_and_a_no_changes_nothing(settled: Saga) -> None:
    refused = settled("erase", "o-1", *WHY, stdin="n\n")
    assert (refused.exit_code, "Erase this for good? [y/N]: n" in refused.stdout) == (1, True)
    assert settled.sql("SELECT count(*) FROM saga.operation") == [(0,)]
    assert "Erased o-1." in settled("erase", "o-1", *WHY, stdin="y\n").stdout


def test_inspect_replay_and_audit_say_that_it_was_erased(settled: Saga) -> None:
    settled("erase", "o-1", *WHY, "--yes")
    assert SECRET not in settled("inspect", "o-1").stdout
    assert "What its messages said was erased at" in settled("inspect", "o-1").stdout
    for command in ("replay", "audit"):
        assert "1 erased: compared from their erasure on." in settled(command).stdout
        assert settled.json(command)["erased"] == 1
        assert settled.json(command, "o-1")["erased"] == 1


def test_it_records_who_and_why(settled: Saga) -> None:
    settled("erase", "o-1", *WHY, "--yes")
    settled("erase", "o-1", *WHY, "--yes", "--actor", "jo")
    recorded = settled.sql("SELECT actor, action, reason, ids FROM saga.operation ORDER BY operation_id")
    assert recorded == [(actor, "erase", "request 4711", ["o-1"]) for actor in (getpass.getuser(), "jo")]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("o-2", *WHY, "--yes"), 1, "Order o-2 is awaiting_payment, and not settled: erase it once it is."),
        (("o-3", *WHY, "--yes"), 1, "Nothing is known of order 'o-3'."),
        (("o-1", "--reason", " ", "--yes"), 2, "--reason is empty"),
        (("o-1", *WHY, "--json"), 2, "--json asks no questions"),
    ],
)
def test_what_it_refuses_it_says_in_a_sentence(settled: Saga, arguments: tuple[str, ...], code: int, said: str) -> None:
    refused = settled("erase", *arguments)
    assert (refused.exit_code, said in refused.stderr) == (code, True)
    assert settled.sql("SELECT count(*) FROM saga.operation") == [(0,)]


def test_of_several_none_is_erased_if_one_can_not_be(settled: Saga) -> None:
    assert settled("erase", "o-1", "o-2", *WHY, "--yes").exit_code == 1
    assert settled.json("replay")["erased"] == 0
