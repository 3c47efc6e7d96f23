"""Processes of ten to sixteen inputs: checklists, ladders, sides, bookings, registers, and folds of many kinds."""

from dataclasses import make_dataclass, replace
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
    Outcomes,
    Process,
    Reducer,
    Register,
    Wanted,
    all_but,
    all_of,
    both,
    count,
    distinct,
    each,
    every,
    has,
    latest,
    only,
    outcomes,
    total,
    wanted,
)
from tests.adversary.honest.fourth_helpers import (
    BIDS,
    EARNED,
    GUESTS,
    LIMIT,
    LOANS,
    NAMES,
    PATCHES,
    READINGS,
    REDEEMED,
    VOTES,
    Arrived,
    Bid,
    Earned,
    Lent,
    Limited,
    Measured,
    Named,
    Patched,
    Redeemed,
    Small,
    Voted,
)
from tests.adversary.kit import Commands, Do, Late, Out, Seen, case, has_any, proc, seen

Y, N = Seen.YES, Seen.NO
Kinds = tuple[type, ...]
ON_OFF: Commands = {Do.YES: CommandTemplate("Open"), Do.NO: CommandTemplate("Close")}


def kinds(names: str) -> Kinds:
    """Message classes that say nothing but that something happened."""
    return tuple(make_dataclass(name, [("id", str)], frozen=True) for name in names.split())


def some(listed: Kinds) -> list[Any]:
    """One message of each class."""
    return [kind("i") for kind in listed]


def all_or_open(*cells: Any) -> Out:
    """Done when all have come."""
    return Out.DONE if all(cell is Y for cell in cells) else Out.OPEN


def switch(name: str, collaborator: str = "desk") -> Effect:
    """Something that can be turned on and off, and is off at first."""
    return Effect(name, collaborator, ON_OFF, initially=Do.NO)


def on_in(column: Any, effect: Effect, *values: Any) -> Wanted:
    """On in these values, and off in all others."""
    return wanted(
        column,
        rows=[(one, {effect: Do.YES if any(one is value for value in values) else Do.NO}) for one in column.states],
    )


CHECKED = kinds("Wings Tyres Fuel Doors Radio Crew Cargo Weather Slot Papers")


@case(*some(CHECKED))
def a_plane_with_ten_checks() -> Process:
    """The plane is cleared for good when all ten checks have come."""
    flags = [seen(kind) for kind in CHECKED]
    table = outcomes(*flags, rule=all_or_open)
    clear = Effect("clear", "tower", {Do.YES: CommandTemplate("Clear")}, final=frozenset({Do.YES}))
    return proc(table, *flags, wants=[wanted(table, rows=[(Out.DONE, {clear: Do.YES}), (Out.OPEN, {})])])


PAPERS = kinds("Passport Visa Photo Form Fee Proof Letter Ticket Bank Health Address Signature")


@case(*some(PAPERS))
def a_visa_of_twelve_papers_in_parts() -> Process:
    """Twelve papers in four parts, each with a switch that is on while the part is whole."""
    flags = [seen(kind) for kind in PAPERS]
    parts = [outcomes(*flags[one : one + 3], rule=all_or_open, name=f"part-{one}") for one in range(0, 12, 3)]
    table = outcomes(*parts, rule=lambda *cells: Out.DONE if all(one is Out.DONE for one in cells) else Out.OPEN)
    wants = [on_in(part, switch(f"light-{number}", f"wall-{number}"), Out.DONE) for number, part in enumerate(parts)]
    return proc(table, *flags, wants=wants)


RANKS = kinds("Noted Listed Warned Fined Locked Banned Accused Tried Judged Freed Jailed")


@case(*some(RANKS))
def a_ladder_of_eleven_steps() -> Process:
    """The highest step that was ever reported decides, on whatever way it was reached."""
    steps = [("NONE", "none"), *((kind.__name__.upper(), kind.__name__.lower()) for kind in RANKS)]
    ladder: Any = Enum("Ladder", steps)  # type: ignore[misc]  # its members are those of the messages
    flags = [seen(kind) for kind in RANKS]

    def highest(*cells: Any) -> Enum:
        return list(ladder)[max((number for number, cell in enumerate(cells, 1) if cell is Y), default=0)]

    table = outcomes(*flags, rule=highest)
    banned = switch("ban", "gate")
    return proc(table, *flags, wants=[on_in(table, banned, *list(ladder)[6:])])


class Side(Enum):
    OPEN = "open"
    GOOD = "good"
    BAD = "bad"


def side(name: str, good: type, bad: type) -> tuple[Outcomes, list[Any]]:
    """Bad outranks good."""
    flags = [seen(good), seen(bad)]
    return outcomes(*flags, name=name, rows=[(ANY, Y, Side.BAD), (Y, N, Side.GOOD), (N, N, Side.OPEN)]), flags


def sides(listed: Kinds) -> tuple[list[Outcomes], list[Any]]:
    """Each two classes as a side."""
    made = [side(f"side-{one}", listed[one], listed[one + 1]) for one in range(0, len(listed), 2)]
    return [table for table, _ in made], [flag for _, flags in made for flag in flags]


def worst(*cells: Any) -> Side:
    """Bad if any is bad, and good if all are."""
    if Side.BAD in cells:
        return Side.BAD
    return Side.GOOD if all(cell is Side.GOOD for cell in cells) else Side.OPEN


TRIP = kinds("FlightOk FlightNo HotelOk HotelNo CarOk CarNo GuideOk GuideNo MealOk MealNo BoatOk BoatNo")


@case(*some(TRIP))
def a_trip_of_six_bookings() -> Process:
    """Six bookings that are confirmed or refused; any refusal gives all of them back."""
    tables, flags = sides(TRIP)
    table = outcomes(*tables, rule=worst)
    wants = []
    for number, one in enumerate(tables):
        booking = Effect(f"booking-{number}", f"partner-{number}", ON_OFF)
        rows = [(ANY, Side.BAD, {booking: Do.NO}), (ANY, all_but(Side.BAD), {booking: Do.YES})]
        wants.append(wanted(one, table, rows=rows))
    return proc(table, *flags, wants=wants)


@case(*some(TRIP), Late("i"))
def a_trip_with_a_deadline() -> Process:
    """The same with a week after which an open trip is off, and a whole one stays."""
    tables, flags = sides(TRIP)
    late = seen(Late)
    joint = outcomes(*tables, rule=worst, name="joint")
    table = outcomes(
        joint,
        late,
        rows=[
            (Side.OPEN, N, Out.OPEN),
            (Side.OPEN, Y, Out.FAILED),
            (Side.BAD, ANY, Out.FAILED),
            (Side.GOOD, ANY, Out.DONE),
        ],
    )
    week = Deadline("week", Late, timedelta(days=7))
    wants = wanted(table, rows=[(Out.OPEN, {week: ARMED}), (all_but(Out.OPEN), {})])
    return proc(table, *flags, late, wants=[wants], unsettled=[Out.OPEN])


def booking(name: str, listed: Kinds) -> Process:
    """A booking of its own, with four answers."""
    asked, ok, no, off = (seen(kind) for kind in listed)
    table = outcomes(
        asked,
        ok,
        no,
        off,
        name=name,
        rule=lambda asked, ok, no, off: (
            Side.BAD if Y in (no, off) else Side.GOOD if ok is Y and asked is Y else Side.OPEN
        ),
    )
    made = proc(table, asked, ok, no, off, wants=[on_in(table, switch(name, f"{name}-desk"), Side.GOOD)])
    return replace(made, name=name)


HOTELS = kinds("AskA OkA NoA OffA AskB OkB NoB OffB AskC OkC NoC OffC")


@case(*some(HOTELS))
def three_children_of_four_inputs() -> Process:
    """Three smaller processes, of which the larger one sees the outcomes."""
    children = tuple(booking(f"hotel-{number}", HOTELS[4 * number : 4 * number + 4]) for number in range(3))
    return proc(outcomes(*(one.outcomes for one in children), rule=worst), children=children)


CONTRACT = kinds("Insured Paid Signed Sent")


@case(*some(HOTELS), *some(CONTRACT))
def children_and_four_flags() -> Process:
    """The same with four more reports of the larger process."""
    children = tuple(booking(f"hotel-{number}", HOTELS[4 * number : 4 * number + 4]) for number in range(3))
    flags = [seen(kind) for kind in CONTRACT]
    whole = outcomes(*flags, rule=all_or_open, name="whole")
    joint = outcomes(*(one.outcomes for one in children), rule=worst, name="joint")
    table = outcomes(
        joint,
        whole,
        rows=[(Side.GOOD, Out.DONE, Out.DONE), (Side.GOOD, Out.OPEN, Out.OPEN), (all_but(Side.GOOD), ANY, Out.OTHER)],
    )
    return proc(table, *flags, children=children)


HOUSE = kinds("Gas Water Power Heat Roof Walls Floor Paint Windows Stairs Garden Fence Cellar Chimney")


@case(*some(HOUSE))
def a_house_with_fourteen_trades() -> Process:
    """Each trade has a key of its own that is handed out for good, and nothing else joins them."""
    flags = [seen(kind) for kind in HOUSE]
    wants = []
    for flag in flags:
        key = Effect(
            f"key-{flag.name}", f"door-{flag.name}", {Do.YES: CommandTemplate("Give")}, final=frozenset({Do.YES})
        )
        wants.append(wanted(flag, rows=[(Y, {key: Do.YES}), (N, {})]))
    return proc(outcomes(flags[0], flags[1], rule=all_or_open), *flags, wants=wants)


def folded(listed: Kinds) -> Reducer:
    """The names of all kinds that came, in order."""

    def fold(known: list[str], fact: Fact) -> list[str]:
        return sorted({*known, fact.kind.__name__})

    return Reducer("came", listed, [], fold)


GAMES = kinds("Chess Go Poker Bridge Whist Rummy Hearts Darts Pool Snooker")


@case(*some(GAMES))
def ten_games_in_one_fold() -> Process:
    """A reducer of ten classes keeps their names, and a champion has played seven."""
    came = folded(GAMES)
    champion = DerivedColumn("champion", (came,), lambda known: len(known) >= 7)
    medal = Effect("medal", "club", {Do.YES: CommandTemplate("Give")}, final=frozenset({Do.YES}))
    table = outcomes(champion, rows=[(True, Out.DONE), (False, Out.OTHER)])
    return proc(table, came, wants=[wanted(champion, rows=[(True, {medal: Do.YES}), (False, {})])])


ROOMS = kinds("Hall Bath Attic Kitchen Study Porch Garage Pantry Nursery Library Bar Gym")


@case(*some(ROOMS))
def twelve_rooms_told_in_order() -> Process:
    """The rooms that were cleaned, reported anew with each of them, in the order of the alphabet."""
    came, any_came = folded(ROOMS), has_any(folded(ROOMS))
    said = ComputedField("rooms", (came,), ", ".join)
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(said,))})
    wants = wanted(any_came, rows=[(Y, {tell: Do.YES}), (N, {})])
    return proc(outcomes(any_came, rule=lambda _: Out.DONE), came, any_came, wants=[wants])


REGISTERS = (EARNED, REDEEMED, BIDS, LOANS, NAMES, PATCHES, GUESTS, VOTES, READINGS, LIMIT)
FACTS = (
    Earned("i", "e1", 30),
    Redeemed("i", "r1", 10),
    Bid("i", "b1", 5, "ann"),
    Lent("i", "l1", 1, 2),
    Named("i", "n1", "ann", "1"),
    Patched("i", "p1", 1, "a"),
    Arrived("i", "g1"),
    Voted("i", "v1", "yes"),
    Measured("i", "m1", 7, "g"),
    Limited("i", 20),
)


@case(*FACTS, Earned("i", "e2", 5), Voted("i", "v2", "no"))
def ten_registers_and_expressions() -> Process:
    """Ten registers, whose figures open doors of their own."""
    conditions = {
        "rich": total(EARNED, "points") >= only(LIMIT, "limit"),
        "quiet": all_of(VOTES, each("choice").equals("yes")),
        "full": both(has(GUESTS), count(LOANS) >= 1),
        "last": latest(NAMES, by=("at",), field="name").equals("ann"),
        "many": count(PATCHES) >= 2,
    }
    columns = [DerivedColumn.of(name, condition) for name, condition in conditions.items()]
    wants = [on_in(column, switch(column.name, f"{column.name}-door"), True) for column in columns]
    table = outcomes(*columns, rule=lambda *cells: Out.DONE if all(cells) else Out.OTHER)
    return proc(table, *REGISTERS, wants=wants)


@case(*FACTS, Earned("i", "e2", 5), Redeemed("i", "r2", 50))
def ten_registers_and_functions() -> Process:
    """Ten registers, of which a function makes one text that is reported anew."""

    def text(*registers: Entries) -> str:
        return ";".join(",".join(sorted(str(sorted(one.items())) for one in held.values())) for held in registers)

    has = has_any(*REGISTERS)
    template = CommandTemplate("Tell", computed=(ComputedField("text", REGISTERS, text),))
    tell = Effect("tell", "desk", {Do.YES: template})
    wants = wanted(has, rows=[(Y, {tell: Do.YES}), (N, {})])
    return proc(outcomes(has, rule=lambda _: Out.DONE), has, *REGISTERS, wants=[wants])


def item_kinds(names: str) -> tuple[list[type], list[Register]]:
    """Classes of an item with an amount, each kept by the id of the item."""
    made = [
        make_dataclass(name, [("id", str), ("item_id", str), ("amount", Small)], frozen=True) for name in names.split()
    ]
    return made, [Register(f"of-{kind.__name__.lower()}", kind, "item_id") for kind in made]


FRUITS, CRATES = item_kinds("Apple Pear Plum Cherry Fig Grape Lemon Melon Peach Quince Date Kiwi")


@case(*[kind("i", f"{kind.__name__}-1", 40) for kind in FRUITS], FRUITS[0]("i", "Apple-2", 60))
def twelve_fruits_and_their_sums() -> Process:
    """A truck for good for each fruit of which a hundred have come, and a receipt for each crate."""
    wants: list[Wanted] = []
    for crate in CRATES:
        name = crate.name.removeprefix("of-")
        truck = Effect(f"truck-{name}", f"cars-{name}", {Do.YES: CommandTemplate("Send")}, final=frozenset({Do.YES}))
        receipt = Effect(f"receipt-{name}", f"post-{name}", {Do.YES: CommandTemplate("Receipt", crate, ("amount",))})
        enough = DerivedColumn.of(f"enough {name}", total(crate, "amount") >= 100)
        came = DerivedColumn.of(f"came {name}", has(crate))
        wants.append(wanted(enough, rows=[(True, {truck: Do.YES}), (False, {})]))
        wants.append(wanted(came, rows=[(True, {receipt: every(crate)}), (False, {})]))
    first = DerivedColumn.of("first", count(CRATES[0]) >= 2)
    return proc(outcomes(first, rows=[(True, Out.DONE), (False, Out.OTHER)]), *CRATES, wants=wants)


TOOLS, BOXES = item_kinds("Hammer Saw Drill Nail Screw Bolt Nut Wrench File Plane Clamp")


def _counts(*boxes: Entries) -> int:
    return sum(len(one) for one in boxes)


@case(*[kind("i", f"{kind.__name__}-1", 4) for kind in TOOLS], TOOLS[3]("i", "Nail-2", 6))
def eleven_tools_counted() -> Process:
    """The number of all tools is said for good as it grows, by a function over eleven registers."""
    has = has_any(*BOXES)
    said = ComputedField("number", tuple(BOXES), _counts, is_cumulative=True)
    tell = Effect("tell", "shop", {Do.YES: CommandTemplate("Tell", computed=(said,))}, final=frozenset({Do.YES}))
    return proc(
        outcomes(has, rule=lambda _: Out.DONE), has, *BOXES, wants=[wanted(has, rows=[(Y, {tell: Do.YES}), (N, {})])]
    )


@case(*[kind("i", f"{kind.__name__}-1", 4) for kind in TOOLS], TOOLS[3]("i", "Nail-2", 6))
def tools_of_which_one_is_missing() -> Process:
    """An alarm while some kind of tool is missing, taken back when all have come; the amounts are a list."""
    missing = DerivedColumn("missing", tuple(BOXES), lambda *boxes: not all(boxes))
    has = has_any(*BOXES)
    said = ComputedField.of("nails", distinct(BOXES[3], "amount"))
    tell = Effect("tell", "shop", {Do.YES: CommandTemplate("Tell", computed=(said,))})
    alarm = switch("alarm", "bell")
    wants = [
        wanted(missing, has, rows=[(True, Y, {alarm: Do.YES}), (False, ANY, {alarm: Do.NO}), (True, N, {})]),
        wanted(DerivedColumn.of("nailed", both(count(BOXES[3]) >= 1)), rows=[(True, {tell: Do.YES}), (False, {})]),
    ]
    return proc(outcomes(missing, rows=[(True, Out.OTHER), (False, Out.DONE)]), has, *BOXES, wants=wants)
