"""The digests of a declaration are the same in every interpreter, and differ in exactly what was changed."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from hashlib import blake2b

import pytest
from pydantic import BaseModel, Field

from saga.core import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Process,
    Reducer,
    Register,
    Selection,
    SubMachine,
    count,
    digests_of,
    outcomes,
    total,
    wanted,
)
from saga.core.digest import FORM
from saga.orders import order_process

FORM_1_OF_THE_ORDER_PROCESS = "a1a805270458c8e9"
"""Whoever finds other digests here gives them another FORM: workers would refuse what did not change."""


class Line(BaseModel):
    amount: int = Field(ge=0)


class Placed(BaseModel):
    order_id: str
    lines: list[Line] = []
    kind: str | None = None


class PlacedOtherwise(BaseModel):
    order_id: str
    lines: list[Line] = []
    kind: str | None = Field(default=None, max_length=3)


PlacedOtherwise.__name__ = PlacedOtherwise.__qualname__ = "Placed"


@dataclass
class Paid:
    order_id: str
    payment_id: str
    amount: int


@dataclass
class Late:
    order_id: str
    due_at: str
    armed_by: str


class Step(Enum):
    OPEN = "open"
    DONE = "done"


class End(Enum):
    WAITING = "waiting"
    OVER = "over"


class Notice(Enum):
    SENT = "sent"
    CALLED_OFF = "called off"


PLACED = SubMachine("placed", start=Step.OPEN, moves={Step.OPEN: {Placed: Step.DONE}, Step.DONE: {Placed: Step.DONE}})
LATE = SubMachine("late", start=Step.OPEN, moves={Step.OPEN: {Late: Step.DONE}, Step.DONE: {Late: Step.DONE}})
PAYMENTS = Register("payments", of=Paid, key="payment_id")
ENOUGH = DerivedColumn.of("enough", total(PAYMENTS, "amount") >= 100)


def fold(known: list[str], _fact: object) -> list[str]:
    return known


def fold_otherwise(known: list[str], _fact: object) -> list[str]:
    return known


def choose(entries: dict[str, object]) -> frozenset[str]:
    return frozenset(entries)


def shop(
    *,
    threshold: int = 100,
    placed: type = Placed,
    collaborator: str = "mail",
    repeated: Step = Step.DONE,
    unpaid: End = End.WAITING,
    condition: Notice = Notice.SENT,
    reduce: Callable[..., list[str]] = fold,
    figure: str = "how_many",
    after: timedelta = timedelta(hours=1),
    most: int = 1_000,
    settled: frozenset[End] = frozenset({End.OVER}),
    turned: bool = False,
) -> Process:
    machine = replace(PLACED, moves={Step.OPEN: {placed: Step.DONE}, Step.DONE: {placed: repeated}})
    payments = replace(PAYMENTS, most=most)
    enough = DerivedColumn.of("enough", total(payments, "amount") >= threshold)
    notice = Effect(
        "notice",
        collaborator,
        {
            Notice.SENT: CommandTemplate("Send", computed=(ComputedField.of(figure, count(payments)),)),
            Notice.CALLED_OFF: CommandTemplate("CallOff"),
        },
    )
    refund = Effect("refund", "bank", {Notice.SENT: CommandTemplate("Refund", register=payments, fields=("amount",))})
    every = Selection("every", payments, choose)
    deadline = Deadline("deadline", emits=Late, after=after)
    table = outcomes(
        machine,
        enough,
        LATE,
        rows=[(Step.OPEN, ANY, ANY, End.WAITING), (Step.DONE, True, ANY, End.OVER), (Step.DONE, False, ANY, unpaid)],
    )
    both = {refund: every, notice: condition} if turned else {notice: condition, refund: every}
    return Process(
        name="shop",
        version=1,
        correlate="order_id",
        inputs={"shop": (placed, Paid), "scheduler": (Late,)},
        machines=(machine, LATE),
        registers=(payments, Reducer("notes", of=(Paid,), start=[], reduce=reduce)),
        outcomes=table,
        settled=settled,
        wanted=(wanted(table, rows=[(End.WAITING, {deadline: ARMED}), (End.OVER, both)]),),
    )


def differing(one: Process, other: Process) -> set[str]:
    first, second = digests_of(one), digests_of(other)
    return {part for part in first | second if first.get(part) != second.get(part)}


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        (shop(threshold=101), {"column enough"}),
        (shop(placed=PlacedOtherwise), {"message Placed"}),
        (shop(collaborator="letters"), {"effect notice"}),
        (shop(unpaid=End.OVER), {"column outcome"}),
        (shop(repeated=Step.OPEN), {"sub-machine placed"}),
        (shop(condition=Notice.CALLED_OFF), {"table of wants 1"}),
        (shop(reduce=fold_otherwise), {"register notes"}),
        (shop(figure="number"), {"effect notice"}),
        (shop(settled=frozenset(End)), {"process"}),
        (shop(turned=True), {"table of wants 1", "process"}),
    ],
    ids=lambda one: "" if isinstance(one, Process) else "+".join(sorted(one)),
)
def test_what_was_changed_has_another_digest_and_nothing_else(changed: Process, parts: set[str]) -> None:
    assert differing(shop(), changed) == parts


@pytest.mark.parametrize("same", [shop(), shop(most=2_000), shop(after=timedelta(days=1))])
def test_bounds_and_delays_may_change(same: Process) -> None:
    assert differing(shop(), same) == set()


def test_the_version_is_no_part_of_it() -> None:
    assert differing(shop(), replace(shop(), version=2)) == set()


def test_each_part_has_a_digest() -> None:
    names = {part.partition(" ")[2] for part in digests_of(shop())}
    declared = {"placed", "late", "payments", "notes", "enough", "outcome", "notice", "refund", "deadline"}
    assert declared | {"Placed", "Paid", "Late"} <= names


PRINTS = """
import json, os
from saga.core import digests_of
from tests.core.test_digest import shop, order_process
from examples.shop.order import order
print(json.dumps([digests_of(one) for one in (shop(), order_process(), order)], sort_keys=True))
"""


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_every_interpreter_has_the_same(seed: str) -> None:
    printed = [
        subprocess.run(
            [sys.executable, "-c", PRINTS],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": number},
        ).stdout
        for number in ("0", seed)
    ]
    assert printed[0] == printed[1]


def test_the_form_of_the_digests_is_known() -> None:
    assert FORM == 1
    text = repr(sorted(digests_of(order_process()).items()))
    assert blake2b(text.encode(), digest_size=8).hexdigest() == FORM_1_OF_THE_ORDER_PROCESS
