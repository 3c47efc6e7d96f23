"""What was commanded before an upgrade: what would be sent again, stay or be taken back is found, and happens."""

from dataclasses import replace
from enum import Enum

import pytest

from saga.convergence import Kind, check_upgrade, make_fact
from saga.core import (
    CommandTemplate,
    ComputedField,
    Effect,
    Process,
    State,
    every,
)
from tests.adversary.kit import PAYMENTS as PAID
from tests.adversary.kit import chosen
from tests.convergence.changing_shop import (
    AMOUNT,
    CANCELLED,
    FIRST,
    INVOICE,
    PAYMENTS,
    PLACED,
    SECOND,
    Invoice,
    Reminded,
    alone,
    commands,
    final,
    found,
    go_over,
    refund,
    run,
    shop,
    timed,
    types,
)


class Asked(Enum):
    REQUESTED = "asked"


def test_a_renamed_word_sends_the_money_again() -> None:
    new = shop(2, effect=refund(word=Asked.REQUESTED, register=PAYMENTS, fields=AMOUNT))
    sent, decisions, _ = go_over(shop(), new, [PLACED, FIRST, CANCELLED], [SECOND])
    assert types(sent).count("RefundPayment") == 1
    assert [one.effect for one in commands(decisions)] == ["refund/p1", "refund/p2"], "the first payment, once more"
    finding = found(shop(), new, Kind.SENT_TWICE, "RefundPayment is sent again, as asked")
    assert "keep the value 'requested'" in finding.sentence
    assert "Cancelled -> Paid#1 -> [version 2]" in finding.sentence


def test_a_final_command_with_another_copied_field_stays_as_it_was() -> None:
    new = shop(2, effect=refund(register=PAYMENTS, fields=("amount", "payment_id")))
    sent, decisions, _ = go_over(shop(), new, [FIRST, CANCELLED], [SECOND])
    assert "payment_id" not in sent[-1].fields
    assert [one.effect for one in commands(decisions)] == ["refund/p2"]
    assert alone(new, FIRST, CANCELLED)["refund/p1"].fields["payment_id"] == "p1"
    found(shop(), new, Kind.DIVERGES, "version 2 adds payment_id: what was commanded stays")
    more = shop(1, effect=refund(register=PAYMENTS, fields=("amount", "payment_id")))
    found(more, shop(2), Kind.DIVERGES, "version 2 leaves out payment_id")


TOTAL = ComputedField("total", (PAYMENTS,), lambda entries, _key: sum(one["amount"] for one in entries.values()))


@pytest.mark.parametrize("is_final", [True, False])
def test_a_computed_field_more_sends_a_command_again(is_final: bool) -> None:
    old = shop(effect=refund(register=PAYMENTS, fields=AMOUNT, is_final=is_final))
    language = ComputedField("language", (), lambda _key: "en")
    new = shop(2, effect=refund(register=PAYMENTS, fields=AMOUNT, computed=(language,), is_final=is_final))
    _, decisions, _ = go_over(old, new, [FIRST, CANCELLED], [PLACED])
    assert [one.effect for one in commands(decisions)] == ["refund/p1"]
    found(old, new, Kind.SENT_TWICE, "computes other fields (language) for RefundPayment: it is sent again")


def test_other_values_of_a_computed_field_of_something_final_are_sent_again() -> None:
    double = ComputedField("total", (PAYMENTS,), lambda entries, key: entries[key]["amount"] * 2)
    single = ComputedField("total", (PAYMENTS,), lambda entries, key: entries[key]["amount"])
    old, new = shop(effect=refund(computed=(single,))), shop(2, effect=refund(computed=(double,)))
    _, decisions, _ = go_over(old, new, [FIRST, CANCELLED], [PLACED])
    assert [one.fields["total"] for one in commands(decisions)] == [200]
    found(old, new, Kind.CANNOT_BE_UNDONE, "version 2 computes other values")


def test_another_collaborator_never_got_the_command() -> None:
    new = shop(2, effect=refund(collaborator="other-bank", register=PAYMENTS, fields=AMOUNT))
    sent, decisions, _ = go_over(shop(), new, [FIRST, CANCELLED], [SECOND])
    assert ("bank", "refund/p1") in [(one.collaborator, one.effect) for one in sent]
    assert [(one.collaborator, one.effect, one.revision) for one in commands(decisions)] == [
        ("other-bank", "refund/p2", 1)
    ]
    found(shop(), new, Kind.DIVERGES, "at bank, and version 2 has it at other-bank, which never got a command")


def test_a_renamed_effect_is_sent_again() -> None:
    new = shop(2, effect=refund("repayment", register=PAYMENTS, fields=AMOUNT))
    _, decisions, _ = go_over(shop(), new, [FIRST, CANCELLED], [PLACED])
    assert [(one.type, one.effect) for one in commands(decisions)] == [("RefundPayment", "repayment/p1")]
    found(shop(), new, Kind.SENT_TWICE, "version 2 calls it repayment: RefundPayment is sent again")


def test_a_removed_effect_stays_as_it_was() -> None:
    new = shop(2, open_wants={}, cancelled_wants={})
    _, decisions, _ = go_over(shop(), new, [PLACED], [CANCELLED])
    assert commands(decisions) == [], "nobody voids the invoice"
    found(shop(), new, Kind.DIVERGES, "invoice is sent, and version 2 has no effect of that name")


def test_an_effect_for_each_entry_instead_of_one_is_sent_again() -> None:
    old = shop(effect=refund(is_final=False), is_single=True)
    new = shop(2, effect=refund(register=PAYMENTS, fields=AMOUNT, is_final=False))
    sent, decisions, _ = go_over(old, new, [FIRST, CANCELLED], [PLACED])
    assert [one.effect for one in [*sent, *commands(decisions)] if one.type == "RefundPayment"] == [
        "refund",
        "refund/p1",
    ]
    found(old, new, Kind.SENT_TWICE, "refund was commanded once, and version 2 wants it for each entry of payments")
    found(
        shop(), shop(2, effect=refund(), is_single=True), Kind.SENT_TWICE, "for each entry, and version 2 wants it once"
    )


def test_a_final_command_that_is_no_longer_wanted_stays() -> None:
    new = shop(2, cancelled_wants={INVOICE: Invoice.VOIDED}, open_wants={INVOICE: Invoice.SENT, final: every(PAYMENTS)})
    sent, decisions, _ = go_over(shop(), new, [FIRST, CANCELLED], [PLACED])
    assert types(sent).count("RefundPayment") == 1
    assert commands(decisions) == []
    found(
        shop(), new, Kind.CANNOT_BE_UNDONE, "refund is requested, which can't be undone, and version 2 no longer wants"
    )


class Twice(Enum):
    REQUESTED = "requested"
    REPEATED = "repeated"


def test_another_condition_with_the_same_command_sends_it_again() -> None:
    template = CommandTemplate("RefundPayment", register=PAYMENTS, fields=AMOUNT)
    old = shop(effect=refund(register=PAYMENTS, fields=AMOUNT, is_final=False))
    both = Effect("refund", "bank", {Twice.REQUESTED: template, Twice.REPEATED: template})
    new = shop(2, cancelled_wants={INVOICE: Invoice.VOIDED, both: every(PAYMENTS, Twice.REPEATED)})
    _, decisions, _ = go_over(old, new, [FIRST, CANCELLED], [PLACED])
    assert types(commands(decisions)) == ["RefundPayment"]
    found(old, new, Kind.SENT_TWICE, "version 2 wants it repeated: RefundPayment is sent again, unchanged")


def test_a_deadline_that_is_removed_with_its_input_emits_into_nothing() -> None:
    new = shop(2, open_wants={}, cancelled_wants={})
    decisions, _ = run(timed(1), State.start(timed(1)), PLACED)
    assert [timer.emits for timer in decisions[0].timers] == ["Elapsed"]
    assert "Elapsed" not in new.message_types
    found(timed(1), new, Kind.CANNOT_BE_READ, "Elapsed is no longer consumed, and reminder can be armed")


def test_a_renamed_deadline_is_armed_again() -> None:
    _, decisions, _ = go_over(timed(1), timed(2, "prompt"), [PLACED], [FIRST])
    assert [(timer.name, timer.emits) for timer in decisions[0].timers] == [("prompt", "Elapsed")]
    found(timed(1), timed(2, "prompt"), Kind.SENT_TWICE, "version 2 calls it prompt and arms it again")


def test_a_deadline_that_emits_something_else_is_not_armed_again() -> None:
    new = timed(2, emits=Reminded)
    _, decisions, _ = go_over(timed(1), new, [PLACED], [FIRST])
    assert [one.timers for one in decisions] == [()]
    found(timed(1), new, Kind.DIVERGES, "reminder is armed and emits Elapsed, and version 2 waits for Reminded")


@pytest.mark.parametrize(
    ("effect", "kind", "words"),
    [
        (refund(word=Asked.REQUESTED, register=PAYMENTS, fields=AMOUNT), Kind.SENT_TWICE, "keep the value 'requested'"),
        (refund(register=PAYMENTS, fields=("payment_id",)), Kind.DIVERGES, "version 2 says it otherwise"),
        (refund(computed=(TOTAL,)), Kind.SENT_TWICE, "version 2 computes other fields (total)"),
        (refund("repayment", register=PAYMENTS, fields=AMOUNT), Kind.DIVERGES, "no effect of that name"),
        (
            refund(collaborator="other", register=PAYMENTS, fields=AMOUNT),
            Kind.DIVERGES,
            "has it at other instead of bank",
        ),
    ],
    ids=["word", "copied", "computed", "name", "collaborator"],
)
def test_what_no_sample_was_commanded_is_compared_as_it_is_declared(effect: Effect, kind: Kind, words: str) -> None:
    findings = check_upgrade(shop(), shop(2, effect=effect), [make_fact(PLACED)])
    assert [one.kind for one in findings if words in one.sentence] == [kind], [one.sentence for one in findings]


@pytest.mark.parametrize(
    ("before", "after", "is_found"),
    [(50, 100, True), (100, 50, False), (7_400, 7_500, True), (7_400, 7_400, False)],
    ids=["more is asked for", "less is asked for", "other numbers", "the same"],
)
def test_a_function_that_changed_for_some_values_only_is_found(before: int, after: int, *, is_found: bool) -> None:
    def gifts(least: int) -> Process:
        return chosen(PAID, lambda held: frozenset(key for key in held if held[key]["amount"] >= least))

    old, new = (replace(gifts(least), version=number) for number, least in ((1, before), (2, after)))
    assert bool(check_upgrade(old, new)) is is_found
