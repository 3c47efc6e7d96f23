"""What was stored and is under way at an upgrade: what the new version reads otherwise is found, and happens."""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from saga.convergence import Kind, check_upgrade
from saga.core import (
    ComputedField,
    DecisionKind,
    Fact,
    Process,
    Reducer,
    Register,
    State,
    SubMachine,
    dump_state,
    load_state,
    outcomes,
)
from tests.convergence.changing_shop import (
    CANCELLATION,
    CANCELLED,
    FIRST,
    PLACED,
    SECOND,
    Cancelled,
    Outcome,
    Paid,
    Placed,
    Reviewed,
    Settled,
    add_id,
    alone,
    anew,
    commands,
    facts,
    found,
    go_over,
    kept,
    memory,
    refund,
    run,
    shop,
)


def test_with_another_key_a_repeat_counts_twice() -> None:
    paid = anew(Paid, reference=(str, "r"))
    old, new = shop(payments=kept(paid)), shop(2, payments=kept(paid, "reference"))
    _, decisions, state = go_over(old, new, [FIRST], [FIRST])
    assert [one.kind for one in decisions] == [DecisionKind.TAKEN]
    assert len(state.registers["payments"]) == 2
    found(old, new, Kind.REPEAT_CHANGES, "entries under payment_id, and version 2 looks under reference")


def test_a_register_of_another_class_holds_entries_of_the_first() -> None:
    new = shop(2, payments=kept(Settled), more=(memory("paid", Paid),))
    _, decisions, _ = go_over(shop(), new, [FIRST], [Settled(order_id="o", payment_id="p1", amount=5)])
    assert decisions[0].kind is DecisionKind.CONFLICT, "with an entry that no Settled made"
    found(shop(), new, Kind.CANNOT_BE_READ, "payments holds Paid, and version 2 reads it as Settled")


CHANGED: Mapping[str, tuple[Any, Any, Mapping[str, Any], str]] = {
    "a default": ((str, "card"), (str, "cash"), {}, "reads the same message as 'cash'"),
    "int to float": ((int, 1), (float, 1.0), {"means": 1}, "reads the same message as "),
    "int to Decimal": ((int, 1), (Decimal, Decimal(1)), {"means": 1}, "reads the same message as "),
    "removed": ((str, "card"), None, {"means": "card"}, "which Paid lacks in version 2"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_field_makes_a_repeat_a_conflict(name: str) -> None:
    before, after, said, words = CHANGED[name]
    old, new = shop(payments=kept(anew(Paid, means=before))), shop(2, payments=kept(anew(Paid, means=after)))
    message = {**FIRST, **said}
    _, decisions, _ = go_over(old, new, [message], [message])
    assert [one.kind for one in decisions] == [DecisionKind.CONFLICT]
    assert "a repeat is a conflict" in found(old, new, Kind.REPEAT_CHANGES, words).sentence


ORDERS = Register("payments", Placed, "order_id")


def test_a_changed_type_makes_a_reducer_count_a_repeat_again() -> None:
    numbered, worded = anew(Paid, payment_id=(int, ...)), anew(Paid, payment_id=(float, ...))
    old = shop(payments=ORDERS, effect=refund(), more=(Reducer("ids", (numbered,), [], add),))
    new = shop(2, payments=ORDERS, effect=refund(), more=(Reducer("ids", (worded,), [], add),))
    message = {**FIRST, "payment_id": 7}
    _, decisions, _ = go_over(old, new, [message], [message])
    assert [one.kind for one in decisions] == [DecisionKind.TAKEN]
    found(old, new, Kind.REPEAT_CHANGES, "ids folded a Paid, of which version 2 reads another payment_id")


def add(known: list[Any], fact: Fact) -> list[Any]:
    said = repr(fact.fields["payment_id"])
    return known if said in known else sorted([*known, said])


class Address(BaseModel):
    city: str
    country: str = "DE"


class LaterAddress(BaseModel):
    city: str
    country: str = "FR"


def test_a_changed_default_within_a_field_makes_a_repeat_a_conflict() -> None:
    old = shop(payments=kept(anew(Paid, sent_to=(Address, ...))))
    new = shop(2, payments=kept(anew(Paid, sent_to=(LaterAddress, ...))))
    message = {**FIRST, "sent_to": {"city": "Lyon"}}
    _, decisions, _ = go_over(old, new, [message], [message])
    assert [one.kind for one in decisions] == [DecisionKind.CONFLICT]
    found(old, new, Kind.REPEAT_CHANGES, "payments stores the sent_to")


def test_a_choice_that_is_no_longer_taken_becomes_a_dead_letter() -> None:
    old, new = (kept(anew(Paid, means=(Literal[choices], "card"))) for choices in (("card", "cash"), ("card", "bank")))
    with pytest.raises(ValidationError):
        facts(shop(2, payments=new), {**FIRST, "means": "cash"})
    found(shop(payments=old), shop(2, payments=new), Kind.CANNOT_BE_READ, "Paid with the means 'cash' can't be read")


def test_a_reducer_that_expects_more_than_was_stored_raises() -> None:
    def count(known: Mapping[str, Any], fact: Fact) -> Any:
        return {**known, fact.fields["payment_id"]: 1}

    def count_all(known: Mapping[str, Any], fact: Fact) -> Any:
        known = {**known, fact.fields["payment_id"]: 1}
        return {**known, "all": len(known) - 1 if known["all"] is not None else 0}

    old = shop(payments=ORDERS, effect=refund(), more=(Reducer("counts", (Paid,), {}, count),))
    new = shop(2, payments=ORDERS, effect=refund(), more=(Reducer("counts", (Paid,), {"all": 0}, count_all),))
    with pytest.raises(KeyError):
        go_over(old, new, [FIRST], [SECOND])
    found(old, new, Kind.FAILS, "Paid raises KeyError('all') after the upgrade")


def test_a_required_field_is_missing_in_what_is_under_way_and_in_what_is_stored() -> None:
    paid = anew(Paid, means=(str, ...))
    new = shop(2, payments=kept(paid), effect=refund(register=kept(paid), fields=("amount", "means")))
    with pytest.raises(ValidationError):
        facts(new, FIRST)
    _, decisions, _ = go_over(shop(), new, [FIRST], [CANCELLED])
    assert commands(decisions)[-1].fields == {"amount": 100, "means": None}
    finding = found(shop(), new, Kind.CANNOT_BE_READ, "Paid requires means in version 2")
    assert "what is under way becomes a dead letter, and what payments stores lacks it" in finding.sentence
    assert "give means a default" in finding.sentence
    found(shop(), new, Kind.DIVERGES, "")


def test_a_function_that_reads_a_field_which_entries_lack_raises() -> None:
    paid = anew(Paid, means=(str, "card"))
    register = kept(paid)
    means = ComputedField("means", (register,), lambda entries, key: entries[key]["means"])
    new = shop(2, payments=register, effect=refund(computed=(means,)))
    with pytest.raises(KeyError):
        go_over(shop(effect=refund()), new, [FIRST], [CANCELLED])
    findings = check_upgrade(shop(effect=refund()), new)
    assert any("KeyError('means')" in one.sentence for one in findings)


def test_a_copied_field_that_entries_lack_is_null_and_not_its_default() -> None:
    paid = anew(Paid, means=(str, "card"))
    new = shop(2, payments=kept(paid), effect=refund(register=kept(paid), fields=("means",)))
    _, decisions, _ = go_over(shop(), new, [FIRST], [CANCELLED])
    assert commands(decisions)[-1].fields == {"means": None}
    assert alone(new, FIRST, CANCELLED)["refund/p1"].fields == {"means": "card"}
    found(shop(), new, Kind.DIVERGES, "")


@pytest.mark.parametrize(
    ("field", "message"),
    [((int, Field(ge=10)), {**FIRST, "amount": 7}), ((str, ...), FIRST), ((bool, ...), FIRST)],
    ids=["a limit", "text", "bool"],
)
def test_what_a_field_no_longer_takes_becomes_a_dead_letter(field: Any, message: Mapping[str, Any]) -> None:
    new = shop(2, payments=kept(anew(Paid, amount=field)))
    assert facts(shop(), message)
    with pytest.raises(ValidationError):
        facts(new, message)
    found(shop(), new, Kind.CANNOT_BE_READ, "can't be read by version 2: what is under way becomes a dead letter")


def test_a_name_that_is_no_longer_read_and_a_field_that_is_no_longer_ignored_become_dead_letters() -> None:
    old = shop(payments=kept(anew(Paid, amount=(int, Field(validation_alias="sum")))))
    message = {"order_id": "o", "payment_id": "p", "sum": 1}
    assert facts(old, message)
    with pytest.raises(ValidationError):
        facts(shop(2), message)
    found(old, shop(2), Kind.CANNOT_BE_READ, "Paid can have its amount under another name")
    strict = shop(2, payments=kept(type("Paid", (Paid,), {"model_config": {"extra": "forbid"}})))
    with pytest.raises(ValidationError):
        facts(strict, {**FIRST, "note": "n"})
    found(shop(), strict, Kind.CANNOT_BE_READ, "Paid with a field that no class declares")


def test_a_removed_class_leaves_messages_under_way() -> None:
    old = shop(more=(memory("reviewed", Reviewed),))
    with pytest.raises(KeyError):
        facts(shop(2), Reviewed(order_id="o"))
    found(old, shop(2), Kind.CANNOT_BE_READ, "Reviewed is no longer consumed: what is under way")
    assert check_upgrade(old, shop(2), no_longer_sent={"Reviewed"}) == []


def test_a_class_that_comes_from_another_module_leaves_messages_under_way() -> None:
    new = shop(2, inputs={"m": (Placed, Cancelled), "n": (Paid,)})
    found(shop(), new, Kind.CANNOT_BE_READ, "Paid is no longer consumed from m")


class Withdrawn(Enum):
    NO = "no"
    YES = "withdrawn"


class Unsure(Enum):
    UNKNOWN = "unknown"
    NO = "no"
    YES = "yes"


def withdrawal(name: str = "cancelled") -> SubMachine[Withdrawn]:
    return SubMachine(name, Withdrawn.NO, {state: {Cancelled: Withdrawn.YES} for state in Withdrawn})


def test_a_renamed_state_can_not_be_read() -> None:
    new = shop(2, cancellation=withdrawal())
    with pytest.raises(ValueError, match="yes"):
        go_over(shop(), new, [CANCELLED], [])
    found(shop(), new, Kind.CANNOT_BE_READ, "cancelled can be yes under version 1, and version 2 has no such state")


def test_a_renamed_machine_forgets_what_it_consumed() -> None:
    new = shop(2, cancellation=memory("revoked", Cancelled))
    _, decisions, _ = go_over(shop(), new, [CANCELLED], [FIRST])
    assert decisions[0].outcome is Outcome.OPEN
    found(shop(), new, Kind.DIVERGES, "revoked is new, cancelled is gone")


def test_a_machine_that_starts_otherwise_has_live_instances_in_its_old_start() -> None:
    states: Any = {state: {Cancelled: Unsure.YES, Placed: Unsure.NO} for state in Unsure}
    old = shop(rule=lambda state: Outcome.OPEN if state.value in {"no", "unknown"} else Outcome.CANCELLED)
    new = shop(
        2,
        cancellation=SubMachine(
            "cancelled", Unsure.UNKNOWN, states | {Unsure.YES: {Cancelled: Unsure.YES, Placed: Unsure.YES}}
        ),
        rule=lambda state: Outcome.OPEN if state is Unsure.NO else Outcome.CANCELLED,
    )
    _, decisions, _ = go_over(old, new, [FIRST], [SECOND])
    assert decisions[0].outcome is Outcome.OPEN
    assert run(new, State.start(new), FIRST, SECOND)[0][-1].outcome is Outcome.CANCELLED
    found(old, new, Kind.DIVERGES, "(cancelled differs)")


def test_a_machine_that_also_consumes_what_came_before_has_missed_it() -> None:
    new = shop(2, cancellation=memory("cancelled", Cancelled, Reviewed))
    old = shop(more=(memory("reviewed", Reviewed),))
    _, decisions, _ = go_over(old, new, [Reviewed(order_id="o")], [PLACED])
    assert decisions[0].outcome is Outcome.OPEN
    assert run(new, State.start(new), Reviewed(order_id="o"), PLACED)[0][-1].outcome is Outcome.CANCELLED
    found(old, new, Kind.DIVERGES, "comes to open, version 2 alone to cancelled (cancelled differs, reviewed is gone)")


def single(version: int, machine: SubMachine[Any]) -> Process:
    """A process of one machine: after its input no other can come."""
    table = outcomes(machine, rule=lambda state: Outcome.OPEN if state.value == "no" else Outcome.CANCELLED)
    return Process("single", version, "order_id", table, frozenset(table.states), (), {"m": (Cancelled,)}, (machine,))


def test_an_instance_that_gets_nothing_more_is_compared_too() -> None:
    old, new = single(1, CANCELLATION), single(2, memory("revoked", Cancelled))
    _, state = run(old, State.start(old), CANCELLED)
    loaded = load_state(new, dump_state(state))
    assert old.outcomes.value(state.machines, {}) is Outcome.CANCELLED
    assert new.outcomes.value(loaded.machines, {}) is Outcome.OPEN
    found(old, new, Kind.DIVERGES, "is open, version 2 alone cancelled (revoked is new, cancelled is gone)")


def test_an_outcome_that_is_no_end_any_more_leaves_instances_waiting() -> None:
    new = shop(2, settled=frozenset({Outcome.CANCELLED}))
    decisions, _ = run(shop(), State.start(shop()), PLACED)
    assert decisions[0].outcome is Outcome.OPEN
    assert decisions[0].timers == ()
    found(shop(), new, Kind.WAITS_FOR_EVER, "open is not settled in version 2")


def test_a_reducer_with_a_start_of_another_type_gets_the_old_value() -> None:
    ids = Reducer("ids", (Paid,), [], add_id)
    counted = Reducer("ids", (Paid,), {}, lambda known, fact: {**known, fact.fields["payment_id"]: 1})
    old, new = shop(more=(ids,)), shop(2, more=(counted,))
    with pytest.raises(TypeError):
        go_over(old, new, [FIRST], [SECOND])
    found(old, new, Kind.CANNOT_BE_READ, "ids holds a value that began as [], and version 2 begins it as {}")


def test_a_register_that_becomes_a_reducer_gets_what_the_register_stored() -> None:
    changed = Reducer("payments", (Paid,), [], add_id)
    renamed = Register("settlements", Settled, "payment_id")
    old, new = shop(), shop(2, payments=renamed, effect=refund(), more=(changed,))
    _, _, state = go_over(old, new, [FIRST], [])
    assert isinstance(state.registers["payments"], dict)
    found(old, new, Kind.CANNOT_BE_READ, "payments was a register, and is a reducer in version 2")


def test_instances_are_not_found_by_another_field_or_under_another_name() -> None:
    kinds = [anew(kind, customer_id=(str, "c")) for kind in (Placed, Cancelled, Paid)]
    placed, cancelled, paid = kinds

    def identified(version: int, correlate: str) -> Process:
        machines = (memory("placed", placed), memory("cancelled", cancelled))
        return shop(
            version,
            payments=kept(paid),
            cancellation=machines[1],
            machines=machines,
            inputs={"m": tuple(kinds)},
            correlate=correlate,
        )

    found(identified(1, "order_id"), identified(2, "customer_id"), Kind.CANNOT_BE_READ, "found by order_id")
    found(shop(), shop(2, name="store"), Kind.CANNOT_BE_READ, "belong to shop, and store does not see them")
