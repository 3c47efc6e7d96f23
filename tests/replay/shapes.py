"""A process with all that a declaration may hold: reducers of every shape, computed fields, selections, commands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from saga.core import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    SubMachine,
    all_but_least,
    every,
    outcomes,
    wanted,
)


@dataclass(frozen=True)
class Sold:
    basket_id: str
    item: str
    amount: int


@dataclass(frozen=True)
class Closed:
    basket_id: str


class Basket(Enum):
    OPEN = "open"
    CLOSED = "closed"


class Bill(Enum):
    SENT = "sent"
    FINAL = "final"


class Parcel(Enum):
    PACKED = "packed"


class Outcome(Enum):
    SHOPPING = "shopping"
    DONE = "done"


def sold(reduce: Callable[[Any, Fact], Any], start: Any, name: str) -> Reducer:
    return Reducer(name, of=(Sold,), start=start, reduce=reduce)


REDUCERS = (
    sold(lambda held, fact: sorted({*held, fact.fields["item"]}), [], "items"),
    sold(lambda held, fact: max(held, fact.fields["amount"]), 0, "most"),
    sold(lambda held, fact: max(held, fact.fields["amount"] / 4), 0.5, "fraction"),
    sold(lambda held, fact: max(held, fact.fields["item"]), "", "last"),
    sold(lambda _held, _fact: True, start=False, name="any"),
    sold(lambda held, _fact: held, None, "nothing"),
    sold(lambda _held, _fact: None, 1, "gone"),
    sold(lambda held, fact: {**held, fact.fields["item"]: {"in": [fact.fields["amount"], None]}}, {}, "nested"),
    sold(lambda held, fact: {**held, "a/b.c": held.get("a/b.c") or fact.fields["amount"] >= 0}, {}, "odd keys"),
)
SALES = Register("sales", of=Sold, key="item")
BASKET = SubMachine(
    "basket",
    start=Basket.OPEN,
    moves={Basket.OPEN: {Closed: Basket.CLOSED}, Basket.CLOSED: {Closed: Basket.CLOSED}},
)
MUCH = DerivedColumn("much", (SALES, REDUCERS[0]), lambda sales, items: len(sales) == len(items) > 1)
TOTAL = ComputedField(
    "total", (SALES,), lambda sales: sum(sale["amount"] for sale in sales.values()), is_cumulative=True
)
LIST = ComputedField("list", REDUCERS[:1], lambda items: {"items": items, "none": None})
OF_ALL = ComputedField("of_all", (SALES,), lambda sales, _key: len(sales))
BILL = Effect(
    "bill",
    "bookkeeping",
    {
        Bill.SENT: CommandTemplate("Bill", computed=(TOTAL, LIST)),
        Bill.FINAL: CommandTemplate("Bill", computed=(TOTAL,)),
    },
)
PARCEL = Effect("parcel", "warehouse", {Parcel.PACKED: CommandTemplate("Pack", SALES, ("amount",), (OF_ALL,))})
LABEL = Effect("label", "warehouse", {Parcel.PACKED: CommandTemplate("PrintLabel", SALES, ("item",))})
GIFT = Effect("gift", "warehouse", {Parcel.PACKED: CommandTemplate("AddGift")})
CLOSING = Deadline("closing", emits=Closed, after=timedelta(hours=1))
DEAR = Selection("the dear ones", SALES, lambda sales, most: frozenset(k for k in sales if sales[k]["amount"] == most),
                 beside=(REDUCERS[1],))  # fmt: skip
ENDED = outcomes(BASKET, MUCH, rule=lambda basket, _much: Outcome.DONE if basket is Basket.CLOSED else Outcome.SHOPPING)
PROCESS = Process(
    name="shapes",
    version=1,
    correlate="basket_id",
    inputs={"shop": (Sold, Closed)},
    machines=(BASKET,),
    registers=(SALES, *REDUCERS),
    outcomes=ENDED,
    wanted=(
        wanted(
            ENDED,
            MUCH,
            rows=[
                (Outcome.SHOPPING, False, {BILL: Bill.SENT, CLOSING: ARMED}),
                (Outcome.SHOPPING, True, {BILL: Bill.SENT, LABEL: every(SALES), CLOSING: ARMED}),
                (Outcome.DONE, False, {BILL: Bill.FINAL, PARCEL: every(SALES)}),
                (
                    Outcome.DONE,
                    True,
                    {BILL: Bill.FINAL, PARCEL: every(SALES), LABEL: all_but_least(SALES, by=("amount",)), GIFT: DEAR},
                ),
            ],
        ),
    ),
    settled=frozenset({Outcome.DONE}),
)
