"""Pairs of versions of a ward, a league, a parcel and a shop, of which about half do harm to what is under way."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
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
    count,
    each,
    entries_where,
    every,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import (
    Commands,
    Do,
    Out,
    Seen,
    has_any,
    one_outcome,
    proc,
    seen,
    shown,
    upgrade,
    wanted_in,
    yes_no,
)
from tests.adversary.planted.eighth_messages import (
    BALLOTS,
    CAP,
    LINES,
    POSTINGS,
    Balloted,
    Capped,
    Held,
    Lost,
    Ordered,
    Placed,
    Posted,
    Reminded,
    Returned,
    Said,
    Settled,
    Shipped,
    TimedOut,
    Withdrawn,
    effect,
    if_seen,
    ranked,
    same,
)

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO
PLACED, SETTLED, WITHDRAWN, LOST = seen(Placed), seen(Settled), seen(Withdrawn), seen(Lost)
TIMED, SHIPPED, HELD = seen(TimedOut), seen(Shipped), seen(Held)


def _pieces(lines: Entries) -> int:
    return sum(one["quantity"] for one in lines.values())


def _waiting(clock: Deadline, machine: SubMachine[Seen], late: SubMachine[Seen]) -> Process:
    rows = [(Y, ANY, Out.DONE), (N, N, Out.OPEN), (N, Y, Out.FAILED)]
    table = outcomes(machine, late, rows=rows)
    wants = wanted(table, rows=[(Out.OPEN, {clock: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, PLACED, machine, late, wants=[wants], unsettled=[Out.OPEN])


@upgrade(Placed(), Settled(), is_harmful=False)
def another_delay_of_a_clock() -> Pair:
    """The clock runs two days instead of one, and a clock that runs keeps its time."""
    one, two = (Deadline("clock", TimedOut, timedelta(days=days)) for days in (1, 2))
    return _waiting(one, SETTLED, TIMED), _waiting(two, SETTLED, TIMED)


@upgrade(Placed(), Settled(), is_harmful=True)
def a_clock_that_says_something_else() -> Pair:
    """The clock has its old name and emits another message, which the ones that run already never do."""
    old = _waiting(Deadline("clock", TimedOut, timedelta(days=1)), SETTLED, TIMED)
    return old, _waiting(Deadline("clock", Reminded, timedelta(days=1)), SETTLED, seen(Reminded))


@upgrade(Capped("i", 5), Lost(), is_harmful=True)
def a_final_price_with_postage() -> Pair:
    """The price of a final letter is computed in another way, so that the letter is sent again."""

    def priced(postage: int) -> Process:
        price = ComputedField("price", (CAP,), lambda cap: cap["i"]["cap"] + postage)
        letter = Effect("letter", "desk", {Do.YES: CommandTemplate("Write", computed=(price,))}, frozenset({Do.YES}))
        has = has_any(CAP)
        return proc(one_outcome(has), has, CAP, LOST, wants=[wanted_in(has, letter, YES=Do.YES)])

    return priced(0), priced(490)


@upgrade(Ordered("i", "l1", "tea", 2), Ordered("i", "l2", "jam", 5), is_harmful=False)
def a_sum_in_the_vocabulary() -> Pair:
    """An own sum is written as an expression, which says the same."""

    def notified(field: ComputedField) -> Process:
        has = has_any(LINES)
        tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(field,))})
        return proc(one_outcome(has), has, LINES, wants=[wanted_in(has, tell, YES=Do.YES)])

    return (
        notified(ComputedField("pieces", (LINES,), _pieces)),
        notified(ComputedField.of("pieces", total(LINES, "quantity"))),
    )


@upgrade(Ordered("i", "l1", "tea", 2), Ordered("i", "l2", "tea", 5), is_harmful=True)
def lines_by_their_article() -> Pair:
    """Lines are kept by their article instead of their id, and what is stored has the ids."""
    by_sku = Register("lines", Ordered, "sku")
    return shown(LINES, compute=len), shown(by_sku, compute=len)


@upgrade(Ordered("i", "l1", "tea", 2), Ordered("i", "l2", "tea", 5), is_harmful=False)
def room_for_more_lines() -> Pair:
    """The register has room for more lines, and the process more bytes."""
    more = Register("lines", Ordered, "line_id", most=5000)
    return shown(LINES, compute=len), replace(shown(more, compute=len), most_bytes=2 * 1024 * 1024)


def _bag(start: Any, name: str = "bag") -> Process:
    def put(known: Any, fact: Fact) -> Any:
        if isinstance(start, dict):
            return dict(sorted((known | {fact.fields["text"]: True}).items()))
        return sorted({*known, fact.fields["text"]})

    return shown(Reducer(name, (Said,), start, put), compute=len)


@upgrade(Said("i", "p1", "ann", "a"), Said("i", "p2", "ann", "b"), is_harmful=True)
def a_bag_that_is_a_mapping() -> Pair:
    """A reducer keeps a mapping where it kept a list."""
    return _bag([]), _bag({})


@upgrade(Said("i", "p1", "ann", "a"), Said("i", "p2", "ann", "b"), is_harmful=True)
def a_bag_with_another_name() -> Pair:
    """A reducer has another name, and starts empty."""
    return _bag([]), _bag([], "words")


@upgrade(Placed(), Settled(), Shipped(), is_harmful=False)
def a_shipment_beside() -> Pair:
    """A message that is new has a machine of its own, which outranks what there was."""
    old = proc(outcomes(PLACED, SETTLED, rows=[(ANY, Y, Out.DONE), (ANY, N, Out.OTHER)]), PLACED, SETTLED)
    rows = [(ANY, ANY, Y, Out.FAILED), (ANY, Y, N, Out.DONE), (ANY, N, N, Out.OTHER)]
    return old, proc(outcomes(PLACED, SETTLED, SHIPPED, rows=rows), PLACED, SETTLED, SHIPPED)


@upgrade(Placed(), Settled(), is_harmful=True)
def a_second_look_at_an_old_message() -> Pair:
    """A new machine remembers a message that was consumed before, and lacks those that came."""
    again = seen(Placed, "placed again")
    old = proc(if_seen(PLACED), PLACED, SETTLED)
    return old, proc(if_seen(again), PLACED, SETTLED, again)


def _stepped(*steps: tuple[str, type], outs: dict[str, Out]) -> Process:
    machine = ranked("steps", *steps)
    return proc(outcomes(machine, rule=lambda one: outs[one.name]), machine)


@upgrade(Placed(), Shipped(), Returned(), is_harmful=False)
def a_step_at_the_end() -> Pair:
    """A machine has one step more, for a message that is new and outranks the others."""
    outs = {"NONE": Out.OTHER, "ASKED": Out.DONE, "AWAY": Out.DONE, "BACK": Out.FAILED}
    steps = (("ASKED", Placed), ("AWAY", Shipped))
    return _stepped(*steps, outs=outs), _stepped(*steps, ("BACK", Returned), outs=outs)


@upgrade(Placed(), Shipped(), is_harmful=True)
def steps_in_another_order() -> Pair:
    """Of two steps the other one outranks now, and a stored one has forgotten that it came."""
    outs = {"NONE": Out.OTHER, "ASKED": Out.DONE, "AWAY": Out.FAILED}
    one, two = ("ASKED", Placed), ("AWAY", Shipped)
    return _stepped(one, two, outs=outs), _stepped(two, one, outs=outs)


def _ship(name: str = "freight", at: str = "carrier", type_: str = "Ship", *fields: str, word: str = "yes") -> Process:
    class How(Enum):
        SENT = word

    send = Effect(name, at, {How.SENT: CommandTemplate(type_, CAP, fields)})
    has = has_any(CAP)
    return proc(one_outcome(has), has, CAP, LOST, wants=[wanted_in(has, send, YES=How.SENT)])


@upgrade(Capped("i", 5), Lost(), is_harmful=True)
def another_carrier() -> Pair:
    """The same command goes to another carrier, which never received of what was sent."""
    return _ship(), _ship(at="rail")


@upgrade(Capped("i", 5), Lost(), is_harmful=True)
def another_word_for_sent() -> Pair:
    """The condition has another word in the database, so that the command is sent again."""
    return _ship(), _ship(word="sent")


@upgrade(Capped("i", 5), Lost(), is_harmful=True)
def one_field_more() -> Pair:
    """The command carries a further field, which those that were sent lack."""
    return _ship("freight", "carrier", "Ship"), _ship("freight", "carrier", "Ship", "cap")


@upgrade(Capped("i", 5), Lost(), is_harmful=False)
def another_name_of_the_member() -> Pair:
    """The member of the enum has another name, and its word stays."""

    class Wie(Enum):
        GESENDET = "yes"

    send = Effect("freight", "carrier", {Wie.GESENDET: CommandTemplate("Ship", CAP)})
    has = has_any(CAP)
    return _ship(), proc(one_outcome(has), has, CAP, LOST, wants=[wanted_in(has, send, YES=Wie.GESENDET)])


def _gift(rows: list[tuple[Any, ...]], is_final: bool = False) -> Process:
    commands: Commands = {Do.YES: CommandTemplate("Give"), Do.NO: CommandTemplate("Take")}
    gift = Effect("gift", "desk", commands, frozenset({Do.YES}) if is_final else frozenset(), initially=Do.NO)
    table = wanted(PLACED, SETTLED, HELD, rows=[(*row[:-1], {gift: row[-1]}) for row in rows])
    return proc(same(PLACED), PLACED, SETTLED, HELD, wants=[table])


GIVEN_EARLY = [(Y, ANY, ANY, Do.YES), (N, ANY, ANY, Do.NO)]
GIVEN_LATE = [(Y, Y, ANY, Do.YES), (Y, N, ANY, Do.NO), (N, ANY, ANY, Do.NO)]


@upgrade(Placed(), Settled(), Held(), is_harmful=True)
def a_final_gift_that_comes_later() -> Pair:
    """A gift that can't be taken back is given only later now, also to whom has it."""
    return _gift(GIVEN_EARLY, is_final=True), _gift(GIVEN_LATE, is_final=True)


@upgrade(Placed(), Settled(), Held(), is_harmful=False)
def a_gift_that_comes_earlier() -> Pair:
    """A gift that can't be taken back is given earlier than before."""
    return _gift(GIVEN_LATE, is_final=True), _gift(GIVEN_EARLY, is_final=True)


@upgrade(Placed(), Settled(), Held(), is_harmful=False)
def a_gift_that_is_taken_back() -> Pair:
    """A gift that can be taken back is given only later now, and the next message takes it back."""
    return _gift(GIVEN_EARLY), _gift(GIVEN_LATE)


@upgrade(Placed(), Settled(), is_harmful=True)
def an_outcome_that_waits_again() -> Pair:
    """What was settled waits for a message now, and nothing was armed for it."""
    clock = Deadline("clock", TimedOut, timedelta(days=1))
    old = proc(if_seen(SETTLED, Out.DONE, Out.OPEN), PLACED, SETTLED, TIMED)
    return old, _waiting(clock, SETTLED, TIMED)


@upgrade(Ordered("i", "l1", "tea", 2, 50), Ordered("i", "l2", "jam", 5, 500), is_harmful=True)
def only_dear_lines_for_good() -> Pair:
    """Each line was packed for good, and only the dear ones are now."""

    def packed(selection: Selection) -> Process:
        pack = Effect("pack", "store", {Do.YES: CommandTemplate("Pack", LINES)}, frozenset({Do.YES}))
        has = has_any(LINES)
        return proc(one_outcome(has), has, LINES, wants=[wanted_in(has, pack, YES=selection)])

    return packed(every(LINES)), packed(entries_where(LINES, each("cents") >= 100))


@upgrade(Ordered("i", "l1", "tea", 2, 50), Ordered("i", "l2", "jam", 5, 500), is_harmful=False)
def cheap_lines_as_well() -> Pair:
    """Only dear lines were packed for good, and all are now."""

    def packed(least: int) -> Process:
        pack = Effect("pack", "store", {Do.YES: CommandTemplate("Pack", LINES)}, frozenset({Do.YES}))
        has = has_any(LINES)
        chosen = entries_where(LINES, each("cents") >= least)
        return proc(one_outcome(has), has, LINES, wants=[wanted_in(has, pack, YES=chosen)])

    return packed(100), packed(0)


@dataclass(frozen=True)
class Tried:
    id: str
    try_id: str
    seconds: int = 0


def _newer() -> type:
    @dataclass(frozen=True)
    class Tried:  # the same name, as it is read from now on
        id: str
        try_id: str
        seconds: int = 0
        tool: str = "hand"

    return Tried


@upgrade(Tried("i", "t1", 5), Tried("i", "t2", 7), is_harmful=False)
def a_field_that_nobody_reads() -> Pair:
    """A message has a further field with a default, which no command copies and no function reads."""

    def longest(tries: Entries) -> int:
        return max((one["seconds"] for one in tries.values()), default=0)

    return (
        shown(Register("tries", Tried, "try_id"), compute=longest),
        shown(Register("tries", _newer(), "try_id"), compute=longest),
    )


@upgrade(Tried("i", "t1", 5), Tried("i", "t2", 7), is_harmful=True)
def a_field_that_is_read_as_if_it_were_there() -> Pair:
    """A message has a further field with a default, and a function reads it of entries that lack it."""
    return (
        shown(Register("tries", Tried, "try_id"), compute=lambda tries: sorted({"hand" for _ in tries})),
        shown(
            Register("tries", _newer(), "try_id"), compute=lambda tries: sorted({one["tool"] for one in tries.values()})
        ),
    )


@upgrade(Balloted("i", "v1", "ann", "yes"), Balloted("i", "v2", "bob", "yes"), is_harmful=False)
def a_quorum_of_two() -> Pair:
    """The outcome of a vote needs two ballots instead of one, and is that of all that are stored."""
    return (
        proc(yes_no(DerivedColumn.of("has quorum", count(BALLOTS) >= 1)), BALLOTS),
        proc(yes_no(DerivedColumn.of("has quorum", count(BALLOTS) >= 2)), BALLOTS),
    )


@upgrade(Placed(), Settled(), Lost(), is_harmful=False)
def a_letter_for_what_is_lost() -> Pair:
    """A new message has a new effect, and the table is a rule that says what its rows said."""
    letter = effect("letter")
    old = proc(outcomes(PLACED, SETTLED, rows=[(ANY, Y, Out.DONE), (ANY, N, Out.OTHER)]), PLACED, SETTLED)
    table = outcomes(PLACED, SETTLED, rule=lambda _, settled: Out.DONE if settled is Y else Out.OTHER)
    return old, proc(table, PLACED, SETTLED, LOST, wants=[wanted_in(LOST, letter, YES=Do.YES)])


@upgrade(Posted("i", "p1", 9), Posted("i", "p2", -4), is_harmful=False)
def a_column_with_another_name() -> Pair:
    """A derived column has another name and another spelling, and says the same."""

    def owes(postings: Entries) -> bool:
        return bool(sum(one["cents"] for one in postings.values()) < 0)

    return (
        proc(yes_no(DerivedColumn("owes", (POSTINGS,), owes)), POSTINGS),
        proc(yes_no(DerivedColumn.of("is in debt", total(POSTINGS, "cents") < 0)), POSTINGS),
    )
