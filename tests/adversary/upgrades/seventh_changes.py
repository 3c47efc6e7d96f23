"""Pairs of versions of a subscription, a stock and a bank desk."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Literal

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    SubMachine,
    all_but,
    each,
    entries_where,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    Do,
    Late,
    Moves,
    Out,
    Seen,
    by,
    has_any,
    one_outcome,
    proc,
    seen,
    shown,
    upgrade,
    wanted_in,
    yes_no,
)
from tests.adversary.planted.seventh_messages import Banked, Billed, Sold
from tests.adversary.planted.seventh_tables import CLOSED, GRANTED, OPENED, REFUSED, Closed, Granted, Opened, Refused

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO
SALES = Register("sales", Sold, "sale_id")
BILLS = Register("bills", Billed, "invoice_id")
LINES = Register("lines", Banked, "line_id")
HAS_LATE = seen(Late)


def _sum(entries: Entries) -> int:
    return sum(one["cents"] for one in entries.values())


class Work(Enum):
    NEW = "new"
    BUSY = "busy"
    OVER = "over"


def worked(start: Work = Work.NEW) -> Process:
    """A machine of three states, of which the furthest counts."""
    moves: Moves = {
        Work.NEW: {Opened: Work.BUSY, Closed: Work.OVER},
        Work.BUSY: {Opened: Work.BUSY, Closed: Work.OVER},
        Work.OVER: {Opened: Work.OVER, Closed: Work.OVER},
    }
    machine = SubMachine("work", start, moves)
    return proc(by(machine, NEW=Out.OTHER, BUSY=Out.DONE, OVER=Out.FAILED), machine)


@upgrade(Opened("i"), Closed("i"), is_harmful=True)
def one_machine_split_into_two() -> Pair:
    """The machine is split in two, which both start empty."""
    rows = [(ANY, Y, Out.FAILED), (Y, N, Out.DONE), (N, N, Out.OTHER)]
    return worked(), proc(outcomes(OPENED, CLOSED, rows=rows), OPENED, CLOSED)


@upgrade(Opened("i"), Closed("i"), is_harmful=True)
def a_state_with_another_word() -> Pair:
    """The word of the middle state is another one, and instances are in it."""

    class Renamed(Enum):
        NEW = "new"
        BUSY = "in work"
        OVER = "over"

    moves: Moves = {
        state: {Opened: Renamed.BUSY if state is Renamed.NEW else state, Closed: Renamed.OVER} for state in Renamed
    }
    machine = SubMachine("work", Renamed.NEW, moves)
    return worked(), proc(by(machine, NEW=Out.OTHER, BUSY=Out.DONE, OVER=Out.FAILED), machine)


@upgrade(Opened("i"), Closed("i"), is_harmful=False)
def the_names_of_the_members_only() -> Pair:
    """The members of the enum have German names, and the words stay."""

    class Stand(Enum):
        NEU = "new"
        IN_ARBEIT = "busy"
        FERTIG = "over"

    moves: Moves = {
        state: {Opened: Stand.IN_ARBEIT if state is Stand.NEU else state, Closed: Stand.FERTIG} for state in Stand
    }
    machine = SubMachine("work", Stand.NEU, moves)
    return worked(), proc(by(machine, NEU=Out.OTHER, IN_ARBEIT=Out.DONE, FERTIG=Out.FAILED), machine)


@upgrade(Opened("i"), Closed("i"), Granted("i"), is_harmful=False)
def a_grant_beside_the_work() -> Pair:
    """A new message has a machine of its own, and outranks the work."""
    old = worked()
    rows = [(Y, ANY, Out.OPEN), (N, Work.NEW, Out.OTHER), (N, Work.BUSY, Out.DONE), (N, Work.OVER, Out.FAILED)]
    return old, proc(outcomes(GRANTED, old.machines[0], rows=rows), *old.machines, GRANTED)


@upgrade(Opened("i"), Closed("i"), is_harmful=True)
def a_second_look_at_an_old_message() -> Pair:
    """A new machine remembers closings, and knows nothing of those before."""
    old, again = worked(), seen(Closed, "closings")
    rows = [
        (Work.OVER, Y, Out.FAILED),
        (Work.OVER, N, Out.OPEN),
        (Work.NEW, ANY, Out.OTHER),
        (Work.BUSY, ANY, Out.DONE),
    ]
    return old, proc(outcomes(old.machines[0], again, rows=rows), *old.machines, again)


@upgrade(Sold("i", "s1", 5), Sold("i", "s2", 5), Sold("i", "s3", 7), is_harmful=True)
def sales_keyed_by_their_currency() -> Pair:
    """Sales are kept by another key, so a stored sale that is repeated counts once more."""
    return shown(SALES, compute=_sum), shown(replace(SALES, key="currency"), compute=_sum)


@upgrade(Sold("i", "s1", 5), Sold("i", "s2", 6), is_harmful=True)
def a_register_under_a_new_name() -> Pair:
    """The register is called turnover now, and starts empty."""
    return shown(SALES, compute=_sum), shown(replace(SALES, name="turnover"), compute=_sum)


@upgrade(Sold("i", "s1", 5), Sold("i", "s2", 6), is_harmful=False)
def room_for_more_sales() -> Pair:
    """The register holds more entries."""
    return shown(SALES, compute=_sum), shown(replace(SALES, most=9_000), compute=_sum)


def greatest(known: int, fact: Fact) -> int:
    """The greatest amount."""
    return max(known, int(fact.fields["cents"]))


def greatest_otherwise(known: int, fact: Fact) -> int:
    """The same, written in another way."""
    cents: int = fact.fields["cents"]
    return max(known, cents)


def least(known: int, fact: Fact) -> int:
    """The least amount, and the first one in place of nothing."""
    return min(known or 10**9, int(fact.fields["cents"]))


def amounts(known: list[int], fact: Fact) -> list[int]:
    """All amounts."""
    return sorted({*known, fact.fields["cents"]})


@upgrade(Sold("i", "s1", 5), Sold("i", "s2", 6), is_harmful=True)
def a_least_from_a_greatest() -> Pair:
    """The reducer kept the greatest amount, and goes on from it as if it were the least."""
    return shown(Reducer("kept", (Sold,), 0, greatest)), shown(Reducer("kept", (Sold,), 0, least))


@upgrade(Sold("i", "s1", 5), Sold("i", "s2", 6), is_harmful=True)
def a_list_from_a_number() -> Pair:
    """The reducer kept a number, and expects a list."""
    return shown(Reducer("kept", (Sold,), 0, greatest)), shown(Reducer("kept", (Sold,), [], amounts))


@upgrade(Sold("i", "s1", 5), Sold("i", "s2", 6), is_harmful=False)
def a_fold_that_is_written_otherwise() -> Pair:
    """The reducer comes to the same value in another way."""
    return shown(Reducer("kept", (Sold,), 0, greatest)), shown(Reducer("kept", (Sold,), 0, greatest_otherwise))


@upgrade(Sold("i", "s1", 500), Sold("i", "s2", 600), is_harmful=True)
def euros_in_a_final_command() -> Pair:
    """The total of a final command is given in euros now: a lesser number than the one that was sent for good."""

    def told(compute: Callable[[Entries], int]) -> Process:
        return shown(SALES, compute=compute, is_cumulative=True, is_final=True)

    return told(_sum), told(lambda sales: _sum(sales) // 100)


@upgrade(Sold("i", "s1", 500), Sold("i", "s2", 600), is_harmful=False)
def euros_in_a_command_that_is_repeated() -> Pair:
    """The total is given in euros with the next change, and nothing of it is final."""
    return shown(SALES, compute=_sum), shown(SALES, compute=lambda sales: _sum(sales) // 100)


@upgrade(Sold("i", "s1", 500), Sold("i", "s2", 600), is_harmful=False)
def another_limit_of_a_column() -> Pair:
    """The limit of a discount is another one, which is judged anew."""

    def above(limit: int) -> Process:
        return proc(yes_no(DerivedColumn("above", (SALES,), lambda sales: _sum(sales) >= limit)), SALES)

    return above(1_000), above(1_200)


def asked(effect: Effect, then: Do = Do.YES) -> Process:
    """The effect is wanted with a grant, and not with a refusal."""
    rows = [(Y, N, {effect: then}), (ANY, Y, {effect: Do.NO}), (N, N, {effect: Do.NO})]
    return proc(one_outcome(GRANTED), GRANTED, REFUSED, CLOSED, wants=[wanted(GRANTED, REFUSED, rows=rows)])


def order(at: str = "bank", say: str = "Order", undo: str = "Revoke") -> Effect:
    """Something that is ordered and revoked."""
    return Effect("order", at, {Do.YES: CommandTemplate(say), Do.NO: CommandTemplate(undo)}, initially=Do.NO)


@upgrade(Granted("i"), Refused("i"), Closed("i"), is_harmful=True)
def an_order_at_another_bank() -> Pair:
    """What was ordered at one bank is revoked at the other."""
    return asked(order()), asked(order("giro"))


@upgrade(Granted("i"), Refused("i"), Closed("i"), is_harmful=True)
def an_order_in_other_words() -> Pair:
    """The command has another type, and the one that was sent stays as it was."""
    return asked(order()), asked(order(say="OrderNow"))


@upgrade(Granted("i"), Refused("i"), Closed("i"), is_harmful=False)
def a_revocation_in_other_words() -> Pair:
    """The command of the condition before any command has another type, and nothing is left of it."""
    return asked(order()), asked(order(undo="Cancel"))


@upgrade(Granted("i"), Refused("i"), Closed("i"), is_harmful=False)
def a_grant_that_orders_no_longer() -> Pair:
    """The new version wants nothing with a grant, and takes back what can be taken back."""
    return asked(order()), asked(order(), Do.NO)


@upgrade(Granted("i"), Refused("i"), Closed("i"), is_harmful=True)
def an_order_that_nobody_revokes() -> Pair:
    """The effect is gone from the declaration, and what was ordered stays ordered."""
    return asked(order()), proc(one_outcome(GRANTED), GRANTED, REFUSED, CLOSED)


def received(*fields: str, selection: Selection | None = None, is_final: bool = True) -> Process:
    """A receipt for the sales."""
    came = has_any(SALES)
    final = frozenset({Do.YES}) if is_final else frozenset()
    give = Effect("give", "post", {Do.YES: CommandTemplate("Give", SALES, fields)}, final=final)
    return proc(one_outcome(came), came, SALES, wants=[wanted_in(came, give, YES=selection or every(SALES))])


@upgrade(Sold("i", "s1", 5), Sold("i", "s2", 6), is_harmful=True)
def a_field_more_in_a_receipt() -> Pair:
    """Receipts copy the currency, and those that were sent lack it."""
    return received("cents"), received("cents", "currency")


@upgrade(Sold("i", "s1", 5), Sold("i", "s2", 900), is_harmful=True)
def receipts_for_large_sales_only() -> Pair:
    """Receipts of small sales were sent for good, and are no longer wanted."""
    return received("cents"), received("cents", selection=entries_where(SALES, each("cents") >= 500))


@upgrade(Sold("i", "s1", 5), Sold("i", "s2", 900), is_harmful=False)
def receipts_that_are_no_longer_final() -> Pair:
    """A receipt can be undone in the new version, and is still wanted."""
    return received("cents"), received("cents", is_final=False)


def waiting(soon: Deadline, *, is_settled: bool = False) -> Process:
    """A case is open until it is granted or late."""
    rows = [(ANY, Y, ANY, Out.DONE), (Y, N, N, Out.OPEN), (Y, N, Y, Out.FAILED), (N, N, ANY, Out.OTHER)]
    table = outcomes(OPENED, GRANTED, HAS_LATE, rows=rows)
    wants = wanted(table, rows=[(Out.OPEN, {soon: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, OPENED, GRANTED, HAS_LATE, wants=[wants], unsettled=[] if is_settled else [Out.OPEN])


SOON = Deadline("soon", Late, timedelta(hours=1))


@upgrade(Opened("i"), Granted("i"), is_harmful=False)
def an_hour_more() -> Pair:
    """The deadline has another delay."""
    return waiting(SOON), waiting(replace(SOON, after=timedelta(hours=2)))


@upgrade(Opened("i"), Granted("i"), is_harmful=False)
def open_counts_as_settled() -> Pair:
    """An outcome that waited for a deadline may stay as it is."""
    return waiting(SOON), waiting(SOON, is_settled=True)


@upgrade(Opened("i"), Granted("i"), is_harmful=True)
def a_wait_that_began_without_a_deadline() -> Pair:
    """What was settled waits now, and instances of the old version have no deadline."""
    rows = [(ANY, Y, Out.DONE), (Y, N, Out.OPEN), (N, N, Out.OTHER)]
    return proc(outcomes(OPENED, GRANTED, rows=rows), OPENED, GRANTED, HAS_LATE), waiting(SOON)


def rated(kind: type) -> Process:
    """How many ratings of each sort there are."""
    return shown(
        Register("ratings", kind, "rating_id"), compute=lambda held: sorted(one["sort"] for one in held.values())
    )


def sorted_class(sorts: Any, default: str | None = None) -> type:
    """The class `Graded` of another version."""

    @dataclass(frozen=True)
    class Required:
        id: str
        rating_id: str
        sort: sorts

    @dataclass(frozen=True)
    class Optional:
        id: str
        rating_id: str
        sort: sorts = default or ""

    made = Optional if default else Required
    made.__name__ = made.__qualname__ = "Graded"
    return made


@dataclass(frozen=True)
class Graded:
    id: str
    rating_id: str
    sort: str


@dataclass(frozen=True)
class SortedBare:
    id: str
    rating_id: str


SortedBare.__name__ = "Graded"


@upgrade(SortedBare("i", "r1"), SortedBare("i", "r2"), is_harmful=True)
def a_sort_that_is_required() -> Pair:
    """The new version needs a field that older messages and stored entries lack."""
    return shown(Register("ratings", SortedBare, "rating_id"), compute=len), rated(sorted_class(str))


@upgrade(Graded("i", "r1", "good"), Graded("i", "r2", "poor"), is_harmful=False)
def a_choice_more_in_a_field() -> Pair:
    """The field takes a further word."""
    return rated(sorted_class(Literal["good", "poor"])), rated(sorted_class(Literal["good", "poor", "fair"]))


@upgrade(SortedBare("i", "r1"), SortedBare("i", "r2"), is_harmful=True)
def another_default_of_a_field() -> Pair:
    """What a message leaves out is read as another word than what was stored."""
    return rated(sorted_class(str, "good")), rated(sorted_class(str, "fair"))
