"""Processes of ten to sixteen kinds of messages, of which four or five have to meet before anything goes wrong."""

from typing import Any

from saga import (
    ANY,
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Selection,
    SubMachine,
    all_but,
    each,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, armed_in, case, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.thirteenth_clocks import BELL
from tests.adversary.planted.thirteenth_messages import (
    BALLOTS,
    BEDS,
    BOOKS,
    GAUGES,
    HOSTS,
    LINES,
    NOTES,
    STARS,
    STONES,
    SWAPS,
    WHEELS,
    Blessed,
    Cast,
    Crewed,
    Fogged,
    Insured,
    Lifted,
    Moored,
    N,
    Painted,
    Piloted,
    Salvaged,
    Tolled,
    Victualled,
    Wrecked,
    Y,
    anchor,
    balloted,
    geared,
    hosted,
    pitched,
    shelved,
    sown,
)

KINDS = (Moored, Cast, Piloted, Insured, Painted, Blessed, Victualled, Crewed, Fogged, Lifted, Salvaged, Wrecked)


def kinds_but(*left_out: type) -> list[SubMachine[Seen]]:
    """A machine for each kind but these."""
    return [seen(kind) for kind in KINDS if kind not in left_out]


@case(Moored(), Insured(), Painted(), Crewed(), Lifted())
def a_pilot_for_exactly_four_papers() -> Process:
    """Exactly four of twelve papers call a pilot, who is left as he is with any other set of papers."""
    machines = kinds_but()
    four = {Moored.__name__.lower(), Insured.__name__.lower(), Painted.__name__.lower(), Crewed.__name__.lower()}

    def rule(*papers: Seen) -> Out:
        there = {machine.name for machine, paper in zip(machines, papers, strict=True) if paper is Y}
        return Out.OPEN if there == four else Out.DONE

    table = outcomes(*machines, rule=rule, name="papers")
    pilot = Effect("pilot", "station", {Do.YES: CommandTemplate("CallPilot")})
    rows = [(Out.OPEN, {pilot: Do.YES}), (all_but(Out.OPEN), {})]
    return proc(table, *machines, wants=[wanted(table, rows=rows)])


@case(Cast(), Fogged(), Salvaged(), Blessed(), Tolled())
def a_bell_for_three_of_eleven() -> Process:
    """Three signs without any other of eleven wind the bell up, and with a fourth it rings into another outcome."""
    machines, tolled = kinds_but(Wrecked), seen(Tolled)
    three = {"cast", "fogged", "salvaged"}

    def is_alone(*signs: Seen) -> Out:
        there = {machine.name for machine, sign in zip(machines, signs, strict=True) if sign is Y}
        return Out.OPEN if there == three else Out.OTHER

    inner = outcomes(*machines, rule=is_alone, name="signs")
    child = proc(inner, *machines)
    table = outcomes(inner, tolled, rule=lambda _, over: Out.FAILED if over is Y else Out.DONE)
    return proc(table, tolled, children=(child,), wants=[armed_in(inner, Out.OPEN, BELL)])


LETTERS: dict[type, str] = {kind: kind.__name__[0] for kind in KINDS}


def _signal(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    """The last three flags, and whether they ever spelled a word."""
    letter = LETTERS[fact.kind]
    if letter in known["seen"]:
        return known
    flags = (known["flags"] + letter)[-3:]
    return {"seen": "".join(sorted(known["seen"] + letter)), "flags": flags, "said": known["said"] or flags == "FLP"}


@case(Fogged(), Lifted(), Piloted(), Moored())
def a_signal_of_three_flags() -> Process:
    """Ten kinds of messages are flags of one mast, and only three of them in their order say anything."""
    kinds = (Moored, Cast, Piloted, Insured, Blessed, Victualled, Fogged, Lifted, Salvaged, Wrecked)
    mast = Reducer("mast", kinds, {"seen": "", "flags": "", "said": False}, _signal)
    column = DerivedColumn("said", (mast,), lambda known: known["said"])
    return proc(outcomes(column, rows=[(True, Out.DONE), (False, Out.OTHER)]), mast)


@case(Moored(), Cast(), Piloted(), Insured(), Wrecked())
def a_berth_in_the_middle_of_a_grandchild() -> Process:
    """The grandchild leaves its berth as it is once it is done, and was in the middle only in some orders."""
    inner_machines = [seen(kind) for kind in (Moored, Cast, Piloted)]

    def stage(*steps: Seen) -> Out:
        there = tuple(step is Y for step in steps)
        return Out.DONE if all(there) else Out.OPEN if there == (True, False, True) else Out.OTHER

    inner = outcomes(*inner_machines, rule=stage, name="quay")
    berth = anchor()
    rows = [(Out.OPEN, {berth: Do.YES}), (Out.OTHER, {berth: Do.NO}), (Out.DONE, {})]
    grandchild = proc(inner, *inner_machines, wants=[wanted(inner, rows=rows)])
    middle_machines = [seen(kind) for kind in (Insured, Painted, Blessed, Victualled)]
    middle = outcomes(
        inner, *middle_machines, rule=lambda quay, *rest: Out.DONE if N not in rest else quay, name="yard"
    )
    child = proc(middle, *middle_machines, children=(grandchild,))
    outer = [seen(kind) for kind in (Crewed, Fogged, Lifted, Wrecked)]
    table = outcomes(middle, *outer, rule=lambda yard, *rest: Out.FAILED if rest[-1] is Y else yard)
    return proc(table, *outer, children=(child,))


@case(geared(1, 3), geared(2, 5), hosted(1, "reef"), geared(3, 6))
def a_register_of_sixteen_that_is_sold_out() -> Process:
    """Among sixteen kinds, wheels whose teeth fill crates of eight are sold for good, until there is one more."""
    machines = kinds_but()[:9]
    has = has_any(WHEELS)

    def whole(wheels: Entries, hosts: Entries) -> frozenset[str]:
        teeth = sum(one["teeth"] for one in wheels.values())
        return frozenset(wheels) if hosts and len(wheels) > 1 and teeth % 8 == 0 else frozenset()

    sell = Effect("sell", "yard", {Do.YES: CommandTemplate("Sell", WHEELS, ("teeth",))}, frozenset({Do.YES}))
    pick = Selection("whole", WHEELS, whole, beside=(HOSTS,))
    stores = (WHEELS, HOSTS, BOOKS, BEDS, NOTES, SWAPS, STARS)
    table = outcomes(*machines, rule=lambda *steps: Out.DONE if N not in steps else Out.OTHER)
    return proc(table, has, *machines, *stores, wants=[wanted_in(has, sell, YES=pick)])


@case(pitched(1, 60), sown(1, "oats", 60), shelved(1, "oats"), balloted("Ann", "oats"), pitched(2, 64))
def four_registers_that_agree_for_a_moment() -> Process:
    """A seed, a mark and a suspect have one name, and rows and notes one sum; then the board is printed for good."""

    def agrees(notes: Entries, beds: Entries, books: Entries, ballots: Entries) -> bool:
        names = {one["seed"] for one in beds.values()} & {one["mark"] for one in books.values()}
        names &= {one["suspect"] for one in ballots.values()}
        rows = sum(one["rows"] for one in beds.values())
        return bool(names) and rows == sum(one["pitch"] for one in notes.values())

    column = DerivedColumn("agrees", (NOTES, BEDS, BOOKS, BALLOTS), agrees)
    board = Effect(
        "board",
        "printer",
        {Do.YES: CommandTemplate("Print"), Do.NO: CommandTemplate("Take")},
        frozenset({Do.YES}),
        initially=Do.NO,
    )
    machines = kinds_but(Wrecked, Salvaged, Lifted)
    stores = (NOTES, BEDS, BOOKS, BALLOTS, LINES, STONES)
    wants = [wanted(column, rows=[(True, {board: Do.YES}), (False, {board: Do.NO})])]
    return proc(one_outcome(machines[0]), *machines, *stores, wants=wants)


@case(Moored(), Piloted(), Crewed(), Cast())
def a_fee_by_weights_of_twelve() -> Process:
    """Twelve papers have weights, and a fee is due at exactly seventeen, and stays what it was beyond and below."""
    machines = kinds_but()
    weights = (9, 2, 3, 11, 13, 19, 23, 5, 29, 31, 37, 41)

    def rule(*papers: Seen) -> Out:
        weight = sum(weight for weight, paper in zip(weights, papers, strict=True) if paper is Y)
        return Out.OPEN if weight == 17 else Out.DONE if weight > 17 else Out.OTHER

    table = outcomes(*machines, rule=rule, name="weights")
    fee = Effect("fee", "purser", {Do.YES: CommandTemplate("Charge"), Do.NO: CommandTemplate("Waive")}, initially=Do.NO)
    rows = [(Out.OPEN, {fee: Do.YES}), (Out.OTHER, {fee: Do.NO}), (Out.DONE, {})]
    return proc(table, *machines, wants=[wanted(table, rows=rows)])


@case(sown(1, "rye", 6), sown(2, "oats", 5), Insured(), Moored())
def a_final_sum_that_an_insurer_halves() -> Process:
    """The rows of rye are reported for good, twice as many before the insurer and the boat are both there."""
    machines = kinds_but(Wrecked, Salvaged)
    moored, insured = machines[0], machines[3]
    double = ComputedField.of(
        "rows", total(BEDS, "rows", where=each("seed").equals("rye")).times(2), is_cumulative=True
    )
    single = ComputedField.of("rows", total(BEDS, "rows", where=each("seed").equals("rye")), is_cumulative=True)
    report = Effect(
        "report",
        "office",
        {Do.YES: CommandTemplate("Report", computed=(double,)), Do.NO: CommandTemplate("Report", computed=(single,))},
        final=frozenset({Do.YES, Do.NO}),
    )
    rows = [(Y, Y, {report: Do.NO}), (Y, N, {report: Do.YES}), (N, ANY, {})]
    return proc(one_outcome(moored), *machines, BEDS, GAUGES, wants=[wanted(moored, insured, rows=rows)])
