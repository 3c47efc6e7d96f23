"""Tables of sub-machines alone that come to different outcomes: no function of anybody's own is in them."""

from enum import Enum
from itertools import chain, combinations

from saga import ANY, Process, SubMachine, all_but, one_of, outcomes
from tests.adversary.kit import A, B, C, D, E, F, Moves, Out, Seen, by, case, proc, seen


class Order(Enum):
    NEW = "new"
    PAID = "paid"
    CANCELLED = "cancelled"


@case(A(), B())
def first_wins() -> Process:
    """Paid or cancelled, whichever comes first."""
    moves: Moves = {
        Order.NEW: {A: Order.PAID, B: Order.CANCELLED},
        Order.PAID: {A: Order.PAID, B: Order.PAID},
        Order.CANCELLED: {A: Order.CANCELLED, B: Order.CANCELLED},
    }
    machine = SubMachine("order", Order.NEW, moves)
    return proc(by(machine, NEW=Out.OPEN, PAID=Out.DONE, CANCELLED=Out.FAILED), machine)


@case(A(), B())
def last_wins() -> Process:
    """The state is that of the last report."""
    machine = SubMachine("order", Order.NEW, {state: {A: Order.PAID, B: Order.CANCELLED} for state in Order})
    return proc(by(machine, NEW=Out.OPEN, PAID=Out.DONE, CANCELLED=Out.FAILED), machine)


class Step(Enum):
    NONE = "none"
    PLACED = "placed"
    PAID = "paid"
    SHIPPED = "shipped"


@case(A(), B(), C())
def textbook_lifecycle() -> Process:
    """Placed, paid, shipped in that order: what comes early is ignored for ever."""
    steps = list(Step)
    moves: Moves = {state: dict.fromkeys((A, B, C), state) for state in steps}
    for state, kind, to in zip(steps, (A, B, C), steps[1:], strict=False):
        moves[state][kind] = to
    machine = SubMachine("order", Step.NONE, moves)
    table = by(machine, NONE=Out.OPEN, PLACED=Out.OPEN, PAID=Out.OTHER, SHIPPED=Out.DONE)
    return proc(table, machine)


@case(A())
def a_counter_of_deliveries() -> Process:
    """The second delivery of the same message counts as a second thing."""

    class Count(Enum):
        ZERO = "zero"
        ONE = "one"
        TWO = "two"

    moves: Moves = {Count.ZERO: {A: Count.ONE}, Count.ONE: {A: Count.TWO}, Count.TWO: {A: Count.TWO}}
    machine = SubMachine("count", Count.ZERO, moves)
    return proc(by(machine, ZERO=Out.OPEN, ONE=Out.OPEN, TWO=Out.DONE), machine)


@case(A())
def a_switch() -> Process:
    """Each delivery toggles between on and off."""

    class Switch(Enum):
        OFF = "off"
        ON = "on"

    machine = SubMachine("switch", Switch.OFF, {Switch.OFF: {A: Switch.ON}, Switch.ON: {A: Switch.OFF}})
    return proc(by(machine, OFF=Out.OTHER, ON=Out.DONE), machine)


class Hand(Enum):
    NONE = "none"
    ROCK = "rock"
    PAPER = "paper"
    SCISSORS = "scissors"


@case(A(), B(), C())
def rock_paper_scissors() -> Process:
    """Each pair has a winner in either order, but of all three the last two decide."""
    of = {A: Hand.ROCK, B: Hand.PAPER, C: Hand.SCISSORS}
    beats = {(Hand.PAPER, Hand.ROCK), (Hand.SCISSORS, Hand.PAPER), (Hand.ROCK, Hand.SCISSORS)}
    moves: Moves = {
        held: {kind: new if held is Hand.NONE or (new, held) in beats else held for kind, new in of.items()}
        for held in Hand
    }
    machine = SubMachine("hand", Hand.NONE, moves)
    return proc(by(machine, NONE=Out.OPEN, ROCK=Out.DONE, PAPER=Out.FAILED, SCISSORS=Out.OTHER), machine)


@case(A(), B(), C())
def a_reset_in_between() -> Process:
    """A correction clears what was reported, but only what was reported before it."""

    class Form(Enum):
        EMPTY = "empty"
        FILLED = "filled"
        APPROVED = "approved"
        CLEARED = "cleared"

    moves: Moves = {
        Form.EMPTY: {A: Form.FILLED, B: Form.EMPTY, C: Form.EMPTY},
        Form.FILLED: {A: Form.FILLED, B: Form.APPROVED, C: Form.CLEARED},
        Form.APPROVED: {A: Form.APPROVED, B: Form.APPROVED, C: Form.CLEARED},
        Form.CLEARED: {A: Form.CLEARED, B: Form.CLEARED, C: Form.CLEARED},
    }
    machine = SubMachine("form", Form.EMPTY, moves)
    return proc(by(machine, EMPTY=Out.OTHER, FILLED=Out.OTHER, APPROVED=Out.DONE, CLEARED=Out.FAILED), machine)


KINDS = (A, B, C, D, E, F)
SUBSETS = [frozenset(one) for one in chain.from_iterable(combinations(KINDS[:4], size) for size in range(5))]
Set4 = Enum(  # type: ignore[misc]
    "Set4",
    {
        "_".join(["S", *sorted(k.__name__ for k in one)]): "-".join(["s", *sorted(k.__name__ for k in one)])
        for one in SUBSETS
    },
)


def _subset(kinds: frozenset[type]) -> Enum:
    made: Enum = Set4["_".join(["S", *sorted(kind.__name__ for kind in kinds)])]
    return made


@case(A(), B(), C(), D())
def a_bad_edge_after_three() -> Process:
    """A machine of all subsets in which one edge, deep in the graph, forgets a message."""
    moves: Moves = {_subset(held): {kind: _subset(held | {kind}) for kind in KINDS[:4]} for held in SUBSETS}
    moves[_subset(frozenset({A, B, C}))][D] = _subset(frozenset({B, C, D}))
    machine = SubMachine("subset", _subset(frozenset()), moves)
    full = _subset(frozenset({A, B, C, D}))
    rows = [(full, Out.DONE), (all_but(full), Out.OTHER)]
    return proc(outcomes(machine, rows=rows), machine)


@case(A(), B(), C(), D(), E())
def a_race_behind_three_gates() -> Process:
    """Two answers race, but only once three approvals stand, which other machines count."""
    gates = tuple(seen(kind) for kind in (A, B, C))

    class Race(Enum):
        NONE = "none"
        LEFT = "left"
        RIGHT = "right"

    moves: Moves = {
        Race.NONE: {D: Race.LEFT, E: Race.RIGHT},
        Race.LEFT: {D: Race.LEFT, E: Race.LEFT},
        Race.RIGHT: {D: Race.RIGHT, E: Race.RIGHT},
    }
    race = SubMachine("race", Race.NONE, moves)

    def rule(*cell: Enum) -> Out:
        if any(one.value == "no" for one in cell[:3]):
            return Out.OPEN
        return {Race.NONE: Out.OPEN, Race.LEFT: Out.DONE, Race.RIGHT: Out.FAILED}[Race(cell[3].value)]

    return proc(outcomes(*gates, race, rule=rule), *gates, race)


@case(A(), B(), C())
def ignored_at_the_start() -> Process:
    """An answer that comes before its question is dropped."""

    class Talk(Enum):
        SILENT = "silent"
        ASKED = "asked"
        ANSWERED = "answered"

    moves: Moves = {
        Talk.SILENT: {A: Talk.ASKED, B: Talk.SILENT},
        Talk.ASKED: {A: Talk.ASKED, B: Talk.ANSWERED},
        Talk.ANSWERED: {A: Talk.ANSWERED, B: Talk.ANSWERED},
    }
    talk, other = SubMachine("talk", Talk.SILENT, moves), seen(C)
    rows = [
        (Talk.ANSWERED, ANY, Out.DONE),
        (all_but(Talk.ANSWERED), ANY, Out.OTHER),
    ]
    return proc(outcomes(talk, other, rows=rows), talk, other)


@case(A(), B(), C())
def two_machines_share_a_message() -> Process:
    """One machine freezes on cancel, the other on payment, and both consume the shipment."""

    class One(Enum):
        FREE = "free"
        SHIPPED = "shipped"
        FROZEN = "frozen"

    def freezing(name: str, kind: type) -> SubMachine[One]:
        moves: Moves = {
            One.FREE: {kind: One.FROZEN, C: One.SHIPPED},
            One.SHIPPED: {kind: One.SHIPPED, C: One.SHIPPED},
            One.FROZEN: {kind: One.FROZEN, C: One.FROZEN},
        }
        return SubMachine(name, One.FREE, moves)

    left, right = freezing("left", A), freezing("right", B)
    rows = [
        (One.SHIPPED, One.SHIPPED, Out.DONE),
        (one_of(One.FREE, One.FROZEN), ANY, Out.OTHER),
        (One.SHIPPED, all_but(One.SHIPPED), Out.OTHER),
    ]
    return proc(outcomes(left, right, rows=rows), left, right)


@case(A(), B(), C())
def a_child_that_races() -> Process:
    """The larger table looks at the outcomes of a smaller process, in which the first answer wins."""
    child = first_wins
    other = seen(C)
    table = outcomes(
        child.outcomes,
        other,
        name="whole",
        rows=[(Out.OPEN, ANY, Out.OPEN), (Out.DONE, ANY, Out.DONE), (Out.FAILED, ANY, Out.FAILED)],
    )
    return proc(table, other, children=(child,))


@case(A(), B(), C(), D())
def a_nested_table_hides_a_pair() -> Process:
    """A race in a nested table shows only where a third table lets it through."""
    race = first_wins.machines[0]
    first, second = seen(C), seen(D)
    inner = outcomes(
        race,
        first,
        name="inner",
        rows=[
            (Order.PAID, Seen.YES, Out.DONE),
            (Order.CANCELLED, Seen.YES, Out.FAILED),
            (Order.NEW, ANY, Out.OTHER),
            (all_but(Order.NEW), Seen.NO, Out.OTHER),
        ],
    )
    outer = outcomes(
        inner,
        second,
        rows=[
            (Out.FAILED, Seen.YES, Out.FAILED),
            (all_but(Out.FAILED), Seen.YES, Out.DONE),
            (ANY, Seen.NO, Out.OTHER),
        ],
    )
    return proc(outer, race, first, second)


@case(A(), B(), C(), D(), E())
def the_fourth_vote_is_lost() -> Process:
    """A tally saturates at three whichever they are, and then asks who came fourth."""

    class Tally(Enum):
        N0 = "n0"
        N1A = "n1a"
        N1B = "n1b"
        AB = "ab"
        ABC = "abc"
        FULL_D = "full_d"
        FULL_E = "full_e"

    t = Tally
    same: Moves = {state: dict.fromkeys((A, B, C, D, E), state) for state in t}
    same[t.N0] |= {A: t.N1A, B: t.N1B}
    same[t.N1A] |= {B: t.AB}
    same[t.N1B] |= {A: t.AB}
    same[t.AB] |= {C: t.ABC}
    same[t.ABC] |= {D: t.FULL_D, E: t.FULL_E}
    machine = SubMachine("tally", t.N0, same)
    table = outcomes(
        machine, rows=[(t.FULL_D, Out.DONE), (t.FULL_E, Out.FAILED), (all_but(t.FULL_D, t.FULL_E), Out.OTHER)]
    )
    return proc(table, machine)


@case(A(), B(), C(), D())
def escalation_counts_kinds() -> Process:
    """Three complaints of any kinds escalate, but a repeat of the first counts as another."""

    class Level(Enum):
        L0 = "l0"
        L1 = "l1"
        L2 = "l2"
        L3 = "l3"

    levels = list(Level)
    moves: Moves = {one: dict.fromkeys((A, B, C, D), levels[min(number + 1, 3)]) for number, one in enumerate(levels)}
    machine = SubMachine("level", Level.L0, moves)
    return proc(by(machine, L0=Out.OTHER, L1=Out.OTHER, L2=Out.OTHER, L3=Out.FAILED), machine)
