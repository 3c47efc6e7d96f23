"""Voyages, seasons, hearings and exhibitions with ten to sixteen kinds of messages, which converge."""

from datetime import timedelta
from enum import Enum
from typing import Any

from saga import (
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
    Wanted,
    count,
    has,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Commands, Do, Out, Seen, case, proc, seen
from tests.adversary.planted.ninth_messages import Known, booking
from tests.adversary.planted.tenth_messages import (
    ANSWERS,
    APPLICANTS,
    BINS,
    DISHES,
    LOANS,
    MATCHES,
    PAPERS,
    PASSAGES,
    REMARKS,
    RETRACTIONS,
    RULES,
    RULINGS,
    SLOTS,
    TICKETS,
    Abandoned,
    Admitted,
    Barred,
    Begun,
    Boarded,
    Cleaned,
    Complained,
    Docked,
    Expired,
    Finished,
    Inspected,
    Licensed,
    Played,
    Postponed,
    Rules,
    Sailed,
    Served,
    Sold,
    answered,
    applied,
    binned,
    drew,
    filed,
    lent,
    parked,
    played,
    remarked,
    retracted,
    ruled,
    served,
    slotted,
)

Y, N = Seen.YES, Seen.NO


def stopped_or_done(*steps: Seen) -> Enum:
    """The first step is the one that breaks it off."""
    return Out.FAILED if steps[0] is Y else Out.DONE if N not in steps[1:] else Out.OTHER


def large(
    stop: type,
    needed: tuple[type, ...],
    *stores: Register | Reducer,
    beside: tuple[type, ...] = (),
    wants: tuple[Wanted, ...] = (),
    columns: tuple[DerivedColumn, ...] = (),
) -> Process:
    """Failed if the first message came, done if all needed ones are here and each column says so."""
    machines = [seen(kind) for kind in (stop, *needed)]

    def rule(*values: Any) -> Enum:
        steps, truths = values[: len(machines)], values[len(machines) :]
        return stopped_or_done(*steps) if all(truths) or steps[0] is Y else Out.OTHER

    table = outcomes(*machines, *columns, rule=rule)
    return proc(table, *machines, *(seen(kind) for kind in beside), *stores, wants=wants)


def two_way(column: DerivedColumn | SubMachine[Seen], effect: Effect) -> Wanted:
    """Wanted in one value, and given back in the other one."""
    yes, no = (True, False) if isinstance(column, DerivedColumn) else (Y, N)
    return wanted(column, rows=[(yes, {effect: Do.YES}), (no, {effect: Do.NO})])


def notified(column: DerivedColumn | SubMachine[Seen], name: str, *fields: ComputedField) -> Wanted:
    """A command that is sent again when a field changes; what it waits for never goes away."""
    effect = Effect(name, "desk", {Do.YES: CommandTemplate(f"Tell{name.title()}", computed=fields)})
    yes, no = (True, False) if isinstance(column, DerivedColumn) else (Y, N)
    return wanted(column, rows=[(yes, {effect: Do.YES}), (no, {})])


@case(Abandoned(), Docked(), Boarded(), Sailed())
def a_voyage_of_eleven_messages() -> Process:
    """A voyage is done when all parts are, unless it was abandoned."""
    return large(Abandoned, (Docked, Boarded, Sailed, Inspected, Licensed, Cleaned, Begun, Finished, Sold, Admitted))


@case(Barred(), Begun(), played(1, "Reds", 3), played(2, "Reds", 1))
def a_season_of_eleven_messages() -> Process:
    """A season is done with four points, and the ground can be given back."""
    enough = DerivedColumn.of("enough", total(MATCHES, "points") >= 4)
    return large(
        Barred,
        (Begun, Finished, Licensed, Admitted),
        MATCHES,
        beside=(Postponed, Complained, Inspected, Cleaned, Sold),
        columns=(enough,),
        wants=(two_way(enough, booking("ground")),),
    )


@case(filed(1), ruled(1, 1, "granted"), Postponed(), filed(2))
def a_hearing_of_twelve_messages() -> Process:
    """A hearing is done while each paper has a ruling, and nothing of that is final."""

    def is_ruled(papers: Entries, rulings: Entries) -> bool:
        known = {one["paper_id"] for one in rulings.values()}
        return bool(papers) and all(key in known for key in papers)

    ruled_column = DerivedColumn("ruled", (PAPERS, RULINGS), is_ruled)
    return large(
        Abandoned,
        (Begun, Admitted),
        PAPERS,
        RULINGS,
        beside=(Postponed, Complained, Inspected, Cleaned, Finished, Licensed, Sold),
        columns=(ruled_column,),
        wants=(two_way(ruled_column, booking("room")),),
    )


@case(lent(1, 5, 9, value=10), lent(2, 3, 4, value=20), Licensed(), Abandoned())
def an_exhibition_of_twelve_messages() -> Process:
    """The insured value and the first day are notified again when another loan comes."""

    def first(loans: Entries) -> int | None:
        return min((one["first"] for one in loans.values()), default=None)

    value = ComputedField("value", (LOANS,), lambda loans: sum(one["value"] for one in loans.values()))
    has_loan = DerivedColumn.of("loans", has(LOANS))
    return large(
        Abandoned,
        (Licensed, Inspected, Cleaned),
        LOANS,
        REMARKS,
        beside=(Begun, Finished, Postponed, Complained, Sold, Barred),
        wants=(notified(has_loan, "loans", value, ComputedField("first", (LOANS,), first)),),
    )


@case(applied(1, 95), applied(2, 50), retracted(1, 2), Barred())
def a_post_of_twelve_messages() -> Process:
    """Invitations go to the good ones for good, and the list of those who stay is notified again."""

    def good(held: Entries) -> frozenset[str]:
        return frozenset(key for key, one in held.items() if one["score"] > 80)

    def staying(held: Entries, gone: Entries) -> list[str]:
        return sorted(set(held) - {one["application_id"] for one in gone.values()})

    has_one = DerivedColumn.of("anybody", has(APPLICANTS))
    invite = Effect("invite", "post", {Do.YES: CommandTemplate("Invite", APPLICANTS, ("email",))}, frozenset({Do.YES}))
    rows = [(True, {invite: Selection("good", APPLICANTS, good)}), (False, {})]
    return large(
        Barred,
        (Begun, Licensed),
        APPLICANTS,
        RETRACTIONS,
        beside=(Admitted, Postponed, Complained, Inspected, Finished, Sold, Cleaned),
        wants=(
            wanted(has_one, rows=rows),
            notified(has_one, "staying", ComputedField("staying", (APPLICANTS, RETRACTIONS), staying)),
        ),
    )


def _by_dish(known: Known, fact: Fact) -> Known:
    return {**known, fact.fields["dish"]: max(known.get(fact.fields["dish"], 0), fact.fields["grams"])}


@case(served(1, "soup", 300), served(2, "soup", 200), served(3, "rice", 90), Inspected())
def a_kitchen_of_ten_messages() -> Process:
    """The heaviest portion of each dish is folded, and does not depend on the order."""
    heaviest = Reducer("heaviest", (Served,), {}, _by_dish)
    inspected = seen(Inspected)
    wants = (notified(inspected, "dishes", ComputedField("heaviest", (heaviest,), lambda known: known)),)
    return large(
        Abandoned,
        (Inspected, Cleaned),
        heaviest,
        beside=(Begun, Finished, Licensed, Complained, Sold, Postponed),
        wants=wants,
    )


@case(Begun(), Finished(), Expired(), Rules(seats=4))
def an_exam_with_a_clock_and_ten_more() -> Process:
    """The clock runs from the beginning in every order, and the end beats it."""
    begun, finished, expired = seen(Begun), seen(Finished), seen(Expired)
    clock = Deadline("clock", Expired, timedelta(hours=3), override=(RULES, "wait_seconds"))
    passed = DerivedColumn("passed", (ANSWERS,), lambda held: sum(one["points"] for one in held.values()) >= 50)

    def rule(start: Seen, end: Seen, over: Seen, good: bool) -> Enum:
        if start is N:
            return Out.OTHER
        if end is N and over is N:
            return Out.OPEN
        return Out.DONE if good else Out.FAILED

    arm = wanted(begun, rows=[(Y, {clock: ARMED}), (N, {})])
    return proc(
        outcomes(begun, finished, expired, passed, rule=rule),
        begun,
        finished,
        expired,
        *(seen(kind) for kind in (Admitted, Barred, Complained, Inspected, Postponed, Sold)),
        RULES,
        ANSWERS,
        REMARKS,
        wants=[arm, two_way(passed, booking("certificate"))],
        unsettled=[Out.OPEN],
    )


@case(parked(1, "B-1", 5), parked(2, "B-1", 9, "out"), Cleaned(), remarked(1, "loud", 2))
def a_car_park_of_thirteen_messages() -> Process:
    """Who is inside is computed from all passages of a plate."""

    def inside(passages: Entries) -> list[str]:
        plates = sorted({one["plate"] for one in passages.values()})
        last = {
            plate: max((one["minute"], one["way"]) for one in passages.values() if one["plate"] == plate)
            for plate in plates
        }
        return [plate for plate in plates if last[plate][1] == "in"]

    anybody = DerivedColumn("anybody", (PASSAGES,), lambda held: bool(inside(held)))
    light = booking("light")
    return large(
        Abandoned,
        (Licensed, Begun),
        PASSAGES,
        REMARKS,
        RULES,
        beside=(Cleaned, Complained, Finished, Inspected, Postponed, Sold, Barred),
        columns=(anybody,),
        wants=(two_way(anybody, light),),
    )


@case(binned(1, "Elm", 600), binned(2, "Oak", 700, "glass"), Complained(), Cleaned())
def a_round_of_bins_of_eleven_messages() -> Process:
    """The fee of each street is notified again, and the lorry is booked for more than a ton."""
    heavy = DerivedColumn("heavy", (BINS,), lambda held: sum(one["kilos"] for one in held.values()) > 1_000)

    def fees(held: Entries) -> dict[str, int]:
        price = {"paper": 1, "glass": 2, "rest": 5}
        streets = sorted({one["street"] for one in held.values()})
        return {
            street: sum(one["kilos"] * price[one["kind"]] for one in held.values() if one["street"] == street)
            for street in streets
        }

    any_bin = DerivedColumn.of("bins", has(BINS))
    return large(
        Abandoned,
        (Begun, Cleaned),
        BINS,
        beside=(Complained, Inspected, Licensed, Postponed, Finished, Sold, Barred),
        columns=(heavy,),
        wants=(
            two_way(heavy, booking("lorry", is_final=True)),
            notified(any_bin, "fee", ComputedField("f", (BINS,), fees)),
        ),
    )


@case(drew(1, 4, 9), drew(2, 9, 4), drew(3), Sold())
def a_lottery_of_fourteen_messages() -> Process:
    """Sorted numbers that two tickets share are notified again, and only become more."""

    def shared(held: Entries) -> list[int]:
        every_one = [number for one in held.values() for number in sorted(set(one["numbers"]))]
        return sorted({number for number in every_one if every_one.count(number) > 1})

    field = ComputedField("shared", (TICKETS,), shared, is_cumulative=True)
    template = CommandTemplate("Print", computed=(field,))
    printed = Effect("list", "printer", {Do.YES: template}, final=frozenset({Do.YES}))
    sold = seen(Sold)
    return large(
        Abandoned,
        (Sold, Licensed),
        TICKETS,
        REMARKS,
        RULES,
        beside=(Begun, Finished, Inspected, Complained, Postponed, Admitted, Barred, Cleaned),
        wants=(wanted(sold, rows=[(Y, {printed: Do.YES}), (N, {})]),),
    )


def _table(known: Known, fact: Fact) -> Known:
    team = fact.fields["team"]
    return {**known, team: {**known.get(team, {}), fact.fields["match_id"]: fact.fields["points"]}}


@case(played(1, "Reds", 3), played(2, "Blues", 1), played(3, "Reds", 0), Finished())
def a_league_of_thirteen_messages() -> Process:
    """Points are folded by match, so a repeat changes nothing, and are added when they are read."""
    matches = Reducer("matches", (Played,), {}, _table)
    finished = seen(Finished)
    field = ComputedField("points", (matches,), lambda known: {team: sum(known[team].values()) for team in known})
    return large(
        Abandoned,
        (Begun, Finished, Licensed),
        matches,
        DISHES,
        RULES,
        beside=(Postponed, Complained, Inspected, Sold, Cleaned, Barred),
        wants=(notified(finished, "table", field),),
    )


@case(slotted(1, 10, 20), slotted(2, 15, 30), Boarded(), Postponed())
def an_airport_of_fifteen_messages() -> Process:
    """Slots that overlap with another one are announced for good, and stay so."""

    def disturbed(held: Entries) -> frozenset[str]:
        return frozenset(
            key
            for key, one in held.items()
            if any(
                other != key and known["start"] < one["end"] and one["start"] < known["end"]
                for other, known in held.items()
            )
        )

    has_slot = DerivedColumn.of("slots", count(SLOTS) >= 2)
    commands: Commands = {Do.YES: CommandTemplate("Announce", SLOTS, ("gate",))}
    notice = Effect("notice", "speaker", commands, final=frozenset({Do.YES}))
    rows = [(True, {notice: Selection("disturbed", SLOTS, disturbed)}), (False, {})]
    return large(
        Abandoned,
        (Boarded, Licensed),
        SLOTS,
        REMARKS,
        RULES,
        beside=(Postponed, Begun, Finished, Inspected, Complained, Cleaned, Docked, Sailed, Sold),
        wants=(wanted(has_slot, rows=rows),),
    )


@case(answered(1, 1, 60), answered(2, 1, 80), Admitted(), Complained())
def a_test_of_sixteen_messages() -> Process:
    """The best mark of each question counts, so the points never become fewer."""

    def points(held: Entries) -> int:
        best: dict[int, int] = {}
        for one in held.values():
            best[one["question"]] = max(best.get(one["question"], 0), one["points"])
        return sum(best.values())

    passed = DerivedColumn("passed", (ANSWERS,), lambda held: points(held) >= 70)
    return large(
        Abandoned,
        (Admitted, Begun),
        ANSWERS,
        REMARKS,
        RULES,
        APPLICANTS,
        beside=(Complained, Finished, Inspected, Licensed, Postponed, Sold, Cleaned, Docked, Sailed),
        columns=(passed,),
        wants=(two_way(passed, booking("certificate", is_final=True)),),
    )
