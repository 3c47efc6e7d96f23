"""More processes of ten to sixteen inputs."""

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
    Fact,
    Process,
    Reducer,
    SubMachine,
    all_but,
    one_of,
    outcomes,
    total,
    wanted,
)
from tests.adversary.honest.fourth_helpers import EARNED, LIMIT, VOTES, Earned, Limited, Voted
from tests.adversary.honest.fourth_large import (
    Side,
    all_or_open,
    folded,
    kinds,
    on_in,
    sides,
    some,
    switch,
    worst,
)
from tests.adversary.kit import Do, Late, Later, Moves, Out, Seen, case, proc, seen

Y, N = Seen.YES, Seen.NO

DOCTORS = kinds("Admitted Bled Scanned Weighed Fed Bathed Operated Woken Visited Discharged")


@case(*some(DOCTORS), Late("i"), Later("i"))
def a_patient_with_two_deadlines() -> Process:
    """Two deadlines one after the other, each of which matters only until the patient is discharged."""
    flags = {kind.__name__: seen(kind) for kind in DOCTORS}
    first, second = seen(Late), seen(Later)
    cared = outcomes(*[flags[kind.__name__] for kind in DOCTORS[1:9]], rule=all_or_open, name="cared")
    table = outcomes(
        flags["Admitted"],
        flags["Discharged"],
        first,
        second,
        rows=[
            (ANY, Y, ANY, ANY, Out.DONE),
            (Y, N, ANY, Y, Out.FAILED),
            (Y, N, ANY, N, Out.OPEN),
            (N, N, ANY, ANY, Out.OTHER),
        ],
    )
    day = Deadline("day", Late, timedelta(days=1))
    week = Deadline("week", Later, timedelta(days=7))
    nurse = switch("nurse", "ward")
    wants = [
        wanted(
            flags["Admitted"],
            flags["Discharged"],
            first,
            cared,
            rows=[
                (Y, N, N, ANY, {day: ARMED, week: ARMED, nurse: Do.NO}),
                (Y, N, Y, Out.OPEN, {week: ARMED, nurse: Do.YES}),
                (Y, N, Y, Out.DONE, {week: ARMED, nurse: Do.NO}),
                (ANY, Y, ANY, ANY, {nurse: Do.NO}),
                (N, N, ANY, ANY, {nurse: Do.NO}),
            ],
        )
    ]
    return proc(table, *flags.values(), first, second, wants=wants, unsettled=[Out.OPEN])


PARTY = kinds("Ann Bob Cid Dan Eve Fay Gus Hal Ida Jon Kim Lea Max Ned Oda Pia")


@case(*some(PARTY))
def sixteen_guests_of_whom_nobody_waits() -> Process:
    """Sixteen guests in four tables; each table is laid when its first guest has come."""
    flags = [seen(kind) for kind in PARTY]
    tables = [
        outcomes(*flags[one : one + 4], name=f"table-{one}", rule=lambda *cells: Out.DONE if Y in cells else Out.OPEN)
        for one in range(0, 16, 4)
    ]
    wants = []
    for table in tables:
        lay = Effect(f"lay-{table.name}", table.name, {Do.YES: CommandTemplate("Lay")}, final=frozenset({Do.YES}))
        wants.append(wanted(table, rows=[(Out.DONE, {lay: Do.YES}), (Out.OPEN, {})]))
    return proc(outcomes(*tables, rule=lambda *_: Out.DONE), *flags, wants=wants)


class Stage(Enum):
    NONE = "none"
    LOW = "low"
    HIGH = "high"
    TOP = "top"


LIFT = kinds("L1 L2 L3 M1 M2 M3 H1 H2 H3 T1 T2")


@case(*some(LIFT))
def one_machine_of_eleven_inputs() -> Process:
    """One machine for eleven messages, each of which lifts it to a floor and never down."""
    floors = dict(zip(LIFT, [Stage.LOW] * 3 + [Stage.HIGH] * 3 + [Stage.TOP] * 5, strict=True))
    order = list(Stage)

    def higher(one: Stage, other: Stage) -> Stage:
        return max(one, other, key=order.index)

    moves: Moves = {stage: {kind: higher(stage, floor) for kind, floor in floors.items()} for stage in Stage}
    lift: SubMachine[Any] = SubMachine("lift", Stage.NONE, moves)
    bell = Effect("bell", "lift", {Do.YES: CommandTemplate("Ring")}, final=frozenset({Do.YES}))
    wants = wanted(lift, rows=[(Stage.TOP, {bell: Do.YES}), (all_but(Stage.TOP), {})])
    table = outcomes(lift, rows=[(Stage.TOP, Out.DONE), (one_of(Stage.NONE, Stage.LOW, Stage.HIGH), Out.OTHER)])
    return proc(table, lift, wants=[wants])


COURT = kinds("Sued Answered Received Proved Denied Settled Appealed Dropped Paid Closed")


def _reached(earned: Any, limits: Any) -> bool:
    limit = next((one["limit"] for one in limits.values() if one["limit"] is not None), None)
    return limit is not None and sum(one["points"] for one in earned.values()) >= limit


@case(*some(COURT), Earned("i", "e1", 50), Earned("i", "e2", 60), Limited("i", 100))
def a_court_with_costs() -> Process:
    """Five sides in a dispute beside the costs, which are reached for good once their limit is known."""
    tables, flags = sides(COURT)
    reached = DerivedColumn("reached", (EARNED, LIMIT), _reached)
    joint = outcomes(*tables, rule=worst, name="joint")
    bill = Effect("bill", "court", {Do.YES: CommandTemplate("Bill")}, final=frozenset({Do.YES}))
    wants = [
        wanted(reached, rows=[(True, {bill: Do.YES}), (False, {})]),
        on_in(joint, switch("door", "court-door"), Side.GOOD),
    ]
    table = outcomes(
        joint,
        reached,
        rows=[(Side.BAD, ANY, Out.FAILED), (all_but(Side.BAD), True, Out.DONE), (all_but(Side.BAD), False, Out.OTHER)],
    )
    return proc(table, *flags, EARNED, LIMIT, wants=wants)


SHOP = kinds("Placed Priced Packed Sent Seen Signed Rated Thanked Billed Booked")


def _bit(known: int, fact: Fact) -> int:
    return known | 1 << [kind.__name__ for kind in SHOP].index(fact.kind.__name__)


@case(*some(SHOP), Voted("i", "v1", "x"), Earned("i", "e1", 5), Earned("i", "e2", 7))
def a_shop_that_counts_what_came() -> Process:
    """The number of reports and the points beside it, by a reducer and an expression, reported anew each time."""
    came = folded(SHOP)
    bits = Reducer("bits", SHOP, 0, _bit)
    template = CommandTemplate(
        "Tell",
        computed=(
            ComputedField("reports", (came,), len),
            ComputedField("bits", (bits,), lambda value: int(value).bit_count()),
            ComputedField.of("points", total(EARNED, "points")),
        ),
    )
    tell = Effect("tell", "desk", {Do.YES: template})
    placed = seen(SHOP[0])
    wants = wanted(placed, rows=[(Y, {tell: Do.YES}), (N, {})])
    return proc(
        outcomes(placed, rows=[(Y, Out.DONE), (N, Out.OTHER)]), placed, came, bits, EARNED, VOTES, wants=[wants]
    )
