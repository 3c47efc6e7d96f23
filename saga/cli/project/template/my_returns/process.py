"""The process: what the messages about a return add up to, whatever order they arrive in.

- The item decides. Once it is here, the customer gets the money, also after the deadline or a withdrawal.
- Without the item, a return is withdrawn by the customer or expires.
- A bank that does not answer in time is a case for a person: the outcome `overdue`.
"""

from datetime import timedelta
from enum import Enum

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    Effect,
    Process,
    Register,
    SubMachine,
    all_but,
    outcomes,
    wanted,
)

from my_returns.messages import (
    ItemOverdue,
    ItemReceived,
    RefundIssued,
    RefundOverdue,
    ReturnRequested,
    ReturnWithdrawn,
)


class Request(Enum):
    """Whether we know how much the item cost."""

    UNKNOWN = "unknown"
    KNOWN = "known"


class Item(Enum):
    """Where the item is."""

    AWAITED = "awaited"
    HERE = "here"


class Customer(Enum):
    """What the customer wants."""

    RETURNS = "returns"
    KEEPS = "keeps"


class Bank(Enum):
    """What the bank has reported."""

    NOTHING = "nothing"
    REFUNDED = "refunded"


class ItemClock(Enum):
    """Whether the time for the item is up."""

    RUNNING = "running"
    OVER = "over"


class BankClock(Enum):
    """Whether the time for the bank's answer is up."""

    RUNNING = "running"
    OVER = "over"


class Outcome(Enum):
    """What a return has come to."""

    AWAITING_ITEM = "awaiting_item"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OVERDUE = "overdue"


class Refund(Enum):
    """The condition of a refund, for good."""

    ISSUED = "issued"


# What an instance remembers. Each sub-machine answers each of its messages in each of its states.
REQUEST = SubMachine("request", start=Request.UNKNOWN, moves={one: {ReturnRequested: Request.KNOWN} for one in Request})
ITEM = SubMachine("item", start=Item.AWAITED, moves={one: {ItemReceived: Item.HERE} for one in Item})
CUSTOMER = SubMachine(
    "customer", start=Customer.RETURNS, moves={one: {ReturnWithdrawn: Customer.KEEPS} for one in Customer}
)
BANK = SubMachine("bank", start=Bank.NOTHING, moves={one: {RefundIssued: Bank.REFUNDED} for one in Bank})
ITEM_CLOCK = SubMachine(
    "item_clock", start=ItemClock.RUNNING, moves={one: {ItemOverdue: ItemClock.OVER} for one in ItemClock}
)
BANK_CLOCK = SubMachine(
    "bank_clock", start=BankClock.RUNNING, moves={one: {RefundOverdue: BankClock.OVER} for one in BankClock}
)
REQUESTS = Register("requests", of=ReturnRequested, key="return_id")

# What the states together come to. A missing cell is an error that names it.
OUTCOMES = outcomes(
    BANK,
    ITEM,
    CUSTOMER,
    ITEM_CLOCK,
    BANK_CLOCK,
    rows=[
        (Bank.REFUNDED, ANY, ANY, ANY, ANY, Outcome.REFUNDED),
        (Bank.NOTHING, Item.HERE, ANY, ANY, BankClock.RUNNING, Outcome.REFUNDING),
        (Bank.NOTHING, Item.HERE, ANY, ANY, BankClock.OVER, Outcome.OVERDUE),
        (Bank.NOTHING, Item.AWAITED, Customer.KEEPS, ANY, ANY, Outcome.WITHDRAWN),
        (Bank.NOTHING, Item.AWAITED, Customer.RETURNS, ItemClock.RUNNING, ANY, Outcome.AWAITING_ITEM),
        (Bank.NOTHING, Item.AWAITED, Customer.RETURNS, ItemClock.OVER, ANY, Outcome.EXPIRED),
    ],
)

# What is wanted at others: a refund at the bank, and two deadlines.
REFUND = Effect(
    "refund",
    collaborator="bank",
    commands={Refund.ISSUED: CommandTemplate("IssueRefund", REQUESTS, ("amount", "currency"))},
    final=frozenset({Refund.ISSUED}),
)
ITEM_DEADLINE = Deadline(
    "item_deadline", emits=ItemOverdue, after=timedelta(days=14), override=(REQUESTS, "wait_seconds")
)
REFUND_DEADLINE = Deadline("refund_deadline", emits=RefundOverdue, after=timedelta(days=1))

REFUNDS = wanted(
    ITEM,
    REQUEST,
    rows=[
        (Item.HERE, Request.KNOWN, {REFUND: Refund.ISSUED}),
        (Item.HERE, Request.UNKNOWN, {}),
        (Item.AWAITED, ANY, {}),
    ],
)
DEADLINES = wanted(
    OUTCOMES,
    rows=[
        (Outcome.AWAITING_ITEM, {ITEM_DEADLINE: ARMED}),
        (Outcome.REFUNDING, {REFUND_DEADLINE: ARMED}),
        (all_but(Outcome.AWAITING_ITEM, Outcome.REFUNDING), {}),
    ],
)

process = Process(
    name="my-returns",
    version=1,
    correlate="return_id",
    inputs={
        "shop": (ReturnRequested, ReturnWithdrawn),
        "warehouse": (ItemReceived,),
        "bank": (RefundIssued,),
        "scheduler": (ItemOverdue, RefundOverdue),
    },
    machines=(REQUEST, ITEM, CUSTOMER, BANK, ITEM_CLOCK, BANK_CLOCK),
    registers=(REQUESTS,),
    outcomes=OUTCOMES,
    wanted=(REFUNDS, DEADLINES),
    settled=frozenset(Outcome) - {Outcome.AWAITING_ITEM, Outcome.REFUNDING},
)
