"""Instances that began under the old version go on well under the new one, or the check says which do not."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from itertools import permutations
from typing import Any

import pytest
from pydantic import BaseModel

from examples.gallery import first_event_wins
from saga.convergence import Finding, Kind, at_rest, check_upgrade, counterexample, explore, run_history
from saga.convergence.configuration import EndState, apply, configuration_at, end_state, start
from saga.core import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    Effect,
    Fact,
    Process,
    SubMachine,
    Wants,
    dump_state,
    load_state,
    outcomes,
    wanted,
)
from saga.orders import order_process
from saga.testing import assert_upgrades
from saga.testing.pasted import test_to_paste as to_paste
from tests.convergence.shop import Cancelled, Elapsed, Heard, Outcome, Paid, Placed, fact, memory, process


class Request(Enum):
    ASKED = "asked"
    VOIDED = "voided"


class Invoice(Enum):
    NONE = "none"
    SENT = "sent"


PLACED, PAID, CANCELLED = memory("placed"), memory("paid"), memory("cancelled")
REQUEST = Effect("request", "bank", {Request.ASKED: CommandTemplate("Ask"), Request.VOIDED: CommandTemplate("Void")})
INVOICE = Effect(
    "invoice",
    "office",
    {Invoice.SENT: CommandTemplate("SendInvoice"), Invoice.NONE: CommandTemplate("RevokeInvoice")},
    initially=Invoice.NONE,
)
WANTS: Mapping[Enum, Wants] = {
    Outcome.OPEN: {REQUEST: Request.ASKED},
    Outcome.PAID: {REQUEST: Request.VOIDED},
    Outcome.CANCELLED: {REQUEST: Request.VOIDED},
}


INVOICED: Mapping[Enum, Wants] = {
    Outcome.OPEN: {REQUEST: Request.ASKED},
    Outcome.PAID: {REQUEST: Request.VOIDED, INVOICE: Invoice.SENT},
    Outcome.CANCELLED: {REQUEST: Request.VOIDED, INVOICE: Invoice.NONE},
}
NOTHING: Mapping[Enum, Wants] = {outcome: {} for outcome in WANTS}


def rule(paid: Heard, cancelled: Heard) -> Outcome:
    if cancelled is Heard.YES:
        return Outcome.CANCELLED
    return Outcome.PAID if paid is Heard.YES else Outcome.OPEN


def shop(
    version: int, *, wants: Mapping[Enum, Wants] = WANTS, machines: tuple[Any, ...] = (PAID, CANCELLED)
) -> Process:
    """Placed orders ask for money; paid and cancelled ones have that voided."""
    table = outcomes(*machines, rule=rule)
    rows = [(outcome, wants[outcome]) for outcome in table.states]
    return process(
        table=table, rule=None, machines=(PLACED, *machines), wants=(wanted(table, rows=rows),), version=version
    )


SAMPLES = (fact(Placed), fact(Paid, payment_id="p", amount=1), fact(Cancelled))
OLD = shop(1)


def kinds(found: list[Finding]) -> list[Kind]:
    return [finding.kind for finding in found]


def test_a_version_that_changes_nothing_passes() -> None:
    assert check_upgrade(OLD, shop(2)) == []
    assert check_upgrade(order_process(), order_process()) == []


def test_every_split_of_every_history_comes_to_what_the_new_version_comes_to_alone() -> None:
    """What the check claims, done the long way: every order of every facts, split at every point."""
    new = shop(2, wants=INVOICED)
    assert check_upgrade(OLD, new, SAMPLES) == []
    for history in permutations(SAMPLES):
        for split in range(1, len(history)):
            assert go_over(OLD, new, history, split) == run_history(new, history).end_state


def go_over(old: Process, new: Process, history: tuple[Fact, ...], split: int) -> EndState:
    configuration = start(old)
    for one in history[:split]:
        configuration, _ = apply(old, configuration, one)
    configuration = configuration_at(load_state(new, dump_state(configuration.state)), configuration.sent)
    for one in history[split:]:
        configuration, _ = apply(new, configuration, one)
    return end_state(new, configuration)


def test_an_effect_that_is_added_is_sent_with_the_next_input_and_it_is_said_who_waits_for_that() -> None:
    new = shop(2, wants=INVOICED)
    assert check_upgrade(OLD, new, SAMPLES) == []
    assert at_rest(OLD, new, SAMPLES) == ["an instance that is paid gets invoice sent with its next input only"]
    assert at_rest(OLD, shop(2), SAMPLES) == []


class Cancellation(Enum):
    NO = "no"
    ASKED = "asked"
    YES = "confirmed"


def test_a_state_that_the_new_version_does_not_have_is_named() -> None:
    renamed = SubMachine(
        "cancelled",
        start=Cancellation.NO,
        moves={
            Cancellation.NO: {Cancelled: Cancellation.ASKED},
            Cancellation.ASKED: {Cancelled: Cancellation.YES},
            Cancellation.YES: {Cancelled: Cancellation.YES},
        },
    )
    table = outcomes(PAID, renamed, rule=lambda *_: Outcome.OPEN)
    new = process(table=table, rule=None, machines=(PLACED, PAID, renamed), version=2)
    unread = next(one for one in check_upgrade(OLD, new, SAMPLES) if one.kind is Kind.CANNOT_BE_READ)
    assert (
        unread.sentence
        == "cancelled can be yes under version 1, and version 2 has no such state: Cancelled -> [version 2]"
    )
    assert unread.history == (SAMPLES[2],)


def test_a_part_that_is_renamed_forgets_what_it_heard_and_is_named() -> None:
    new = shop(2, machines=(PAID, memory("revoked", Cancelled)))
    diverging = check_upgrade(OLD, new, SAMPLES)[0]
    assert diverging.kind is Kind.DIVERGES
    assert "revoked is new, cancelled is gone" in diverging.sentence
    assert diverging.split is not None
    assert diverging.split.after == 1
    assert diverging.history[0] is SAMPLES[2]
    assert set(map(id, diverging.history)) == set(map(id, diverging.other))


def test_a_part_that_is_new_has_not_heard_what_came_before_it() -> None:
    old = process(table=outcomes(PAID, rule=lambda paid: rule(paid, Heard.NO)), rule=None, machines=(PLACED, PAID))
    found = check_upgrade(old, shop(2, wants=NOTHING, machines=(PAID, memory("ledger", Paid))), SAMPLES)
    assert [(finding.kind, len(finding.history)) for finding in found] == [(Kind.DIVERGES, 2)]
    assert "comes to paid, version 2 alone to cancelled (ledger is new)" in found[0].sentence
    assert check_upgrade(old, shop(2, wants=NOTHING), SAMPLES) == [], "what consumes only new inputs missed nothing"


def test_a_part_and_its_input_may_be_removed_together() -> None:
    new = process(
        table=outcomes(PAID, rule=lambda paid: rule(paid, Heard.NO)), rule=None, machines=(PLACED, PAID), version=2
    )
    old = shop(1, wants=NOTHING)
    assert [finding.kind for finding in check_upgrade(old, new, SAMPLES)] == [Kind.CANNOT_BE_READ], "is one under way?"
    assert check_upgrade(old, new, SAMPLES, no_longer_sent={"Cancelled"}) == []


def test_an_effect_of_the_old_version_that_nobody_voids_any_more_is_found() -> None:
    new = shop(2, wants=NOTHING)
    found = check_upgrade(OLD, new, SAMPLES)
    assert set(kinds(found)) == {Kind.DIVERGES}
    assert all("request is" in finding.sentence for finding in found)


def test_a_command_with_a_computed_field_more_is_sent_again_with_the_next_input() -> None:
    language = ComputedField("language", (), lambda: "en")
    asked = CommandTemplate("Ask", computed=(language,))
    request = Effect("request", "bank", {Request.ASKED: asked, Request.VOIDED: CommandTemplate("Void")})
    new = shop(2, wants={outcome: {request: next(iter(wants.values()))} for outcome, wants in WANTS.items()})
    found = check_upgrade(OLD, new, SAMPLES)
    assert kinds(found) == [Kind.SENT_TWICE]
    assert "computes other fields (language) for Ask: it is sent again" in found[0].sentence


def test_what_is_final_in_the_new_version_must_not_be_taken_back_from_an_instance_of_the_old() -> None:
    final = Effect("request", "bank", REQUEST.commands, final=frozenset({Request.ASKED}))
    wants: Mapping[Enum, Wants] = {
        Outcome.OPEN: {},
        Outcome.PAID: {final: Request.VOIDED},
        Outcome.CANCELLED: {final: Request.VOIDED},
    }
    found = check_upgrade(OLD, shop(2, wants=wants), SAMPLES)
    assert Kind.CANNOT_BE_UNDONE in kinds(found)


def waiting(version: int, emits: type[BaseModel] | None, *, settled: bool = False) -> Process:
    """An order that waits for its payment, until a deadline if there is one."""
    machines = (PLACED, PAID) if emits is None else (PLACED, PAID, memory("deadline", emits))
    table = outcomes(PAID, rule=lambda paid: Outcome.PAID if paid is Heard.YES else Outcome.OPEN)
    wants: Wants = {} if emits is None else {Deadline("deadline", emits=emits, after=timedelta(hours=1)): ARMED}
    rows = [(Outcome.OPEN, wants), (Outcome.PAID, {})]
    ends = frozenset(table.states) if settled else frozenset({Outcome.PAID})
    return process(
        table=table, rule=None, machines=machines, wants=(wanted(table, rows=rows),), settled=ends, version=version
    )


class Late(BaseModel):
    order_id: str


def test_a_deadline_whose_input_is_no_longer_heard_leaves_somebody_waiting() -> None:
    found = check_upgrade(waiting(1, Elapsed), waiting(2, Late))
    assert [finding.sentence for finding in found if finding.kind is Kind.WAITS_FOR_EVER] == [
        "open is not settled in version 2, and Elapsed is no longer consumed: Placed -> [version 2]"
    ]


def test_an_end_that_is_no_end_any_more_leaves_somebody_waiting() -> None:
    found = check_upgrade(waiting(1, None, settled=True), waiting(2, Elapsed))
    assert [finding.sentence for finding in found] == [
        "open is not settled in version 2, and no deadline is armed until the next input: Placed -> [version 2]"
    ]


def test_a_deadline_that_stays_is_no_reason_to_complain() -> None:
    assert check_upgrade(waiting(1, Elapsed), waiting(2, Elapsed)) == []


def test_the_first_event_that_won_under_the_old_version_is_forgotten_under_the_mended_one() -> None:
    old, new = first_event_wins.diverging, first_event_wins.mended
    found = check_upgrade(old, new)
    assert found[0].kind is Kind.DIVERGES
    assert "order is gone" in found[0].sentence
    assert "== from here on under the new version ==" in counterexample(found[0], new, explore(new, ()).samples)


def test_the_assertion_tells_where_the_versions_change() -> None:
    new = shop(2, machines=(PAID, memory("revoked", Cancelled)))
    with pytest.raises(AssertionError, match="can't go from version 1 to 2") as raised:
        assert_upgrades(OLD, new, SAMPLES)
    assert "== from here on under version 2 ==" in str(raised.value)
    assert "assert_upgrades(old, new" in str(raised.value)
    assert_upgrades(OLD, shop(2))


def test_the_pasted_test_fails_until_the_upgrade_is_mended() -> None:
    new = shop(2, machines=(PAID, memory("revoked", Cancelled)))
    for finding in check_upgrade(OLD, new, SAMPLES):
        for version, is_mended in ((new, False), (shop(2), True)):
            names: dict[str, Any] = {"old": OLD, "new": version}
            exec(compile(to_paste(finding, new, SAMPLES, setup=""), "pasted", "exec"), names)  # noqa: S102 -- as pasted
            (test,) = (value for name, value in names.items() if name.startswith("test_"))
            if is_mended:
                test()
            else:
                with pytest.raises(AssertionError):
                    test()


class NewPaid(BaseModel):
    order_id: str
    payment_id: str
    amount: int
    channel: str = "card"


NewPaid.__name__ = NewPaid.__qualname__ = "Paid"


def test_messages_may_be_declared_anew_with_a_field_more() -> None:
    new = shop(2, machines=(memory("paid", NewPaid), CANCELLED))
    assert check_upgrade(OLD, new) == []
