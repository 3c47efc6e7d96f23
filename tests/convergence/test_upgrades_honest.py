"""Honest upgrades: none has a finding, and live instances go on as they should."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest
from pydantic import AliasChoices, Field

from saga.convergence import check_upgrade
from saga.core import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DecisionKind,
    Effect,
    Process,
    Reducer,
    Register,
    Wants,
    every,
    outcomes,
    wanted,
)
from saga.orders import order_process
from tests.convergence.changing_shop import (
    AMOUNT,
    CANCELLATION,
    CANCELLED,
    FIRST,
    INVOICE,
    PAYMENTS,
    PLACED,
    SECOND,
    Came,
    Cancelled,
    Elapsed,
    Invoice,
    Paid,
    Placed,
    Reviewed,
    Settled,
    add_id,
    anew,
    commands,
    final,
    go_over,
    kept,
    memory,
    refund,
    shop,
    timed,
)


class Renamed(Enum):
    """Another class, with other names of its members, and the same values."""

    BEGUN = "requested"


class Receipt(Enum):
    SENT = "sent"


RECEIPT = Effect("receipt", "office", {Receipt.SENT: CommandTemplate("SendReceipt")}, final=frozenset({Receipt.SENT}))
LANGUAGE = anew(Paid, language=(str, "en"))
READS = Register("payments", LANGUAGE, "payment_id")
AWARE = ComputedField("language", (READS,), lambda entries, key: entries[key].get("language", "en"))
UNAWARE = ComputedField("language", (PAYMENTS,), lambda _entries, _key: "en")


class Result(Enum):
    OPEN = "open"
    REVIEWED = "reviewed"
    CANCELLED = "cancelled"


def reviewed(version: int) -> Process:
    """The shop with an outcome more, of a message class that it did not consume before."""
    review = memory("reviewed", Reviewed)
    table = outcomes(
        CANCELLATION,
        review,
        rule=lambda cancelled, seen: (
            Result.CANCELLED if cancelled is Came.YES else Result.REVIEWED if seen is Came.YES else Result.OPEN
        ),
    )
    wants: Mapping[Enum, Wants] = {
        Result.OPEN: {INVOICE: Invoice.SENT},
        Result.REVIEWED: {INVOICE: Invoice.SENT},
        Result.CANCELLED: {INVOICE: Invoice.VOIDED, final: every(PAYMENTS)},
    }
    rows = [(outcome, wants[outcome]) for outcome in table.states]
    settled = frozenset(table.states)
    return shop(version, more=(review,), outcomes=table, wanted=(wanted(table, rows=rows),), settled=settled)


@dataclass(frozen=True)
class Honest:
    """Two versions whose live instances go on as they should, and what comes before and after the upgrade."""

    old: Process
    new: Process


def paid_with(**fields: Any) -> Process:
    """Version 2, with this class in the register; no function or command reads the changed field."""
    return shop(2, payments=kept(anew(Paid, **fields)))


HONEST: Mapping[str, Honest] = {
    "nothing but the version": Honest(shop(), shop(2)),
    "other names of enum members": Honest(
        shop(), shop(2, effect=refund(word=Renamed.BEGUN, register=PAYMENTS, fields=AMOUNT))
    ),
    "a copy of the message class": Honest(shop(), paid_with()),
    "an optional field that no register stores": Honest(
        shop(), shop(2, cancellation=memory("cancelled", anew(Cancelled, reason=(str, "none"))))
    ),
    "an optional field in a register": Honest(shop(), paid_with(language=(str, "en"))),
    "an optional field that a function reads with care": Honest(
        shop(effect=refund(computed=(UNAWARE,))), shop(2, payments=READS, effect=refund(computed=(AWARE,)))
    ),
    "an alias more": Honest(
        shop(), paid_with(payment_id=(str, Field(validation_alias=AliasChoices("payment_id", "paymentId"))))
    ),
    "a field that may be null from now on": Honest(shop(), paid_with(amount=(int | None, None))),
    "a looser limit": Honest(shop(payments=kept(anew(Paid, amount=(int, Field(ge=1))))), paid_with(amount=(int, ...))),
    "an effect more": Honest(
        shop(), shop(2, cancelled_wants={INVOICE: Invoice.VOIDED, final: every(PAYMENTS), RECEIPT: Receipt.SENT})
    ),
    "an outcome more, of a new message class": Honest(shop(), reviewed(2)),
    "a machine more, of a new message class": Honest(shop(), shop(2, more=(memory("reviewed", Reviewed),))),
    "a register more, of a new message class": Honest(shop(), shop(2, more=(Reducer("ids", (Settled,), [], add_id),))),
    "higher bounds": Honest(
        shop(), shop(2, payments=Register("payments", Paid, "payment_id", most=2_000), most_bytes=2_000_000)
    ),
    "another order of what is declared": Honest(
        shop(), shop(2, machines=(CANCELLATION, memory("placed", Placed)), inputs={"m": (Cancelled, Paid, Placed)})
    ),
    "another module more": Honest(
        shop(),
        shop(
            2,
            inputs={"m": (Placed, Cancelled, Paid), "n": (Reviewed,)},
            machines=(memory("placed", Placed), CANCELLATION, memory("reviewed", Reviewed)),
        ),
    ),
    "another delay": Honest(
        timed(1),
        shop(
            2,
            open_wants={Deadline("reminder", emits=Elapsed, after=timedelta(days=2)): ARMED},
            cancelled_wants={},
            more=(memory("elapsed", Elapsed),),
        ),
    ),
    "another condition of something that can be undone": Honest(
        shop(), shop(2, cancelled_wants={INVOICE: Invoice.SENT, final: every(PAYMENTS)})
    ),
    "something that can't be undone from now on": Honest(
        shop(effect=refund(register=PAYMENTS, fields=AMOUNT, is_final=False)), shop(2)
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_upgrade_has_no_finding(name: str) -> None:
    one = HONEST[name]
    assert [finding.sentence for finding in check_upgrade(one.old, one.new)] == []


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_upgrade_sends_nothing_final_twice_and_takes_a_repeat_for_one(name: str) -> None:
    one = HONEST[name]
    before = [PLACED, FIRST, CANCELLED]
    sent, decisions, _ = go_over(one.old, one.new, before, [*before, SECOND])
    assert [each.kind for each in decisions[:-1]] == [DecisionKind.IGNORED] * len(before)
    again = [each.effect for each in commands(decisions)]
    assert not {each.effect for each in sent if each.type == "RefundPayment"} & set(again)


def test_the_shipped_process_goes_on_as_it_is() -> None:
    assert check_upgrade(order_process(), order_process()) == []
