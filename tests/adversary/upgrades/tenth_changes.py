"""Pairs of versions of leagues, kitchens, courts and ships, about half of which do harm to live instances."""

from dataclasses import replace
from datetime import timedelta
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
    SubMachine,
    count,
    each,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, by, chosen, judged, one_outcome, proc, seen, shown, upgrade, wanted_in
from tests.adversary.planted.ninth_messages import Known, booked_if, booking
from tests.adversary.planted.tenth_messages import (
    ANSWERS,
    APPLICANTS,
    BINS,
    DISHES,
    LOANS,
    MATCHES,
    PASSAGES,
    REMARKS,
    Answered,
    Applied,
    Begun,
    Cleaned,
    Docked,
    Expired,
    Finished,
    Inspected,
    Licensed,
    Played,
    Sold,
    answered,
    applied,
    binned,
    lent,
    parked,
    played,
    remarked,
    served,
)

Pair = tuple[Process, Process]
Y, N = Seen.YES, Seen.NO


def medal(least: int, *, is_final: bool = True) -> Process:
    column = DerivedColumn.of("medal", total(MATCHES, "points") >= least)
    return booked_if(column, MATCHES, is_final=is_final)


@upgrade(played(1, "Reds", 3), played(2, "Reds", 1), is_harmful=True)
def a_medal_for_more_points() -> Pair:
    """A medal for three points is not wanted any more below six."""
    return medal(3), medal(6)


@upgrade(played(1, "Reds", 3), played(2, "Reds", 3), is_harmful=False)
def a_medal_for_fewer_points() -> Pair:
    """Who had a medal still deserves it."""
    return medal(6), medal(3)


@upgrade(played(1, "Reds", 3), played(2, "Reds", 3), is_harmful=False)
def a_ground_for_more_points() -> Pair:
    """A ground that was booked can be given back."""
    return medal(3, is_final=False), medal(6, is_final=False)


def _most(known: int, fact: Fact) -> int:
    return max(known, int(fact.fields["points"]))


def _most_times_ten(known: int, fact: Fact) -> int:
    return max(known, int(fact.fields["points"]) * 10)


def _most_again(known: int, fact: Fact) -> int:
    return known if known > fact.fields["points"] else int(fact.fields["points"])


@upgrade(answered(1, 1, 5), answered(2, 2, 3), is_harmful=True)
def points_in_tenths() -> Pair:
    """What is stored are whole points, and what comes is in tenths."""
    old, new = (Reducer("most", (Answered,), 0, fold) for fold in (_most, _most_times_ten))
    return shown(old), shown(new)


@upgrade(answered(1, 1, 5), answered(2, 2, 3), is_harmful=False)
def points_written_otherwise() -> Pair:
    """The fold says the same in other words."""
    old, new = (Reducer("most", (Answered,), 0, fold) for fold in (_most, _most_again))
    return shown(old), shown(new)


def _names(known: Known, fact: Fact) -> Known:
    return {**known, fact.fields["email"]: 1}


def _scores(known: Known, fact: Fact) -> Known:
    return {**known, fact.fields["email"]: max(known.get(fact.fields["email"], 0), fact.fields["score"])}


@upgrade(applied(1, 70), applied(2, 60), is_harmful=True)
def scores_that_were_not_kept() -> Pair:
    """The old version kept addresses alone."""
    old, new = (Reducer("applicants", (Applied,), {}, fold) for fold in (_names, _scores))
    return shown(old), shown(new)


@upgrade(Inspected(), Cleaned(), is_harmful=True)
def a_cleaning_that_counts_as_an_inspection() -> Pair:
    """A cleaning that came before is not known to the machine that consumes it now."""
    inspected, cleaned = seen(Inspected), seen(Cleaned)
    either = SubMachine("inspected", N, {state: {Inspected: Y, Cleaned: Y} for state in Seen})
    return (
        proc(by(inspected, YES=Out.DONE, NO=Out.OPEN), inspected, cleaned),
        proc(by(either, YES=Out.DONE, NO=Out.OPEN), either, cleaned),
    )


@upgrade(Inspected(), Sold(), is_harmful=False)
def a_sale_that_is_new() -> Pair:
    """The class of the new machine was not consumed before."""
    inspected, sold = seen(Inspected), seen(Sold)
    rows = [(Y, ANY, Out.DONE), (N, Y, Out.OTHER), (N, N, Out.OPEN)]
    return (
        proc(by(inspected, YES=Out.DONE, NO=Out.OPEN), inspected),
        proc(outcomes(inspected, sold, rows=rows), inspected, sold),
    )


@upgrade(played(1, "Reds", 3), played(2, "Blues", 3), is_harmful=True)
def matches_kept_by_team() -> Pair:
    """The register has another key, and a repeat is counted again."""
    return shown(MATCHES, compute=len), shown(Register("matches", Played, "team"), compute=len)


@upgrade(Licensed(), Begun(), is_harmful=True)
def a_licence_with_another_name() -> Pair:
    """The state of the machine stays behind under its old name."""
    old, new, begun = seen(Licensed), seen(Licensed, "permit"), seen(Begun)
    return (
        proc(by(old, YES=Out.DONE, NO=Out.OPEN), old, begun),
        proc(by(new, YES=Out.DONE, NO=Out.OPEN), new, begun),
    )


def docking(hours: int, *, is_settled: bool = False, name: str = "clock") -> Process:
    docked, expired = seen(Docked), seen(Expired)
    clock = Deadline(name, Expired, timedelta(hours=hours))
    rows = [(N, ANY, Out.OTHER), (Y, N, Out.OPEN), (Y, Y, Out.FAILED)]
    arm = wanted(docked, rows=[(Y, {} if is_settled else {clock: ARMED}), (N, {})])
    unsettled = [] if is_settled else [Out.OPEN]
    return proc(outcomes(docked, expired, rows=rows), docked, expired, seen(Finished), wants=[arm], unsettled=unsettled)


@upgrade(Docked(), Expired(), is_harmful=False)
def a_longer_time_at_the_pier() -> Pair:
    """A clock that runs keeps its time."""
    return docking(2), docking(9)


@upgrade(Docked(), Expired(), is_harmful=True)
def a_pier_that_waits_from_now_on() -> Pair:
    """A ship that docked before has no clock, and waits."""
    return docking(2, is_settled=True), docking(2)


def bill(compute: Any, *, is_final: bool) -> Process:
    return shown(DISHES, compute=compute, is_cumulative=is_final, is_final=is_final)


def _grams(held: Entries) -> int:
    return sum(one["grams"] for one in held.values())


def _net_grams(held: Entries) -> int:
    return sum(max(one["grams"] - 50, 0) for one in held.values())


@upgrade(served(1, "soup", 300), served(2, "fish", 200), is_harmful=True)
def a_bill_without_the_plate() -> Pair:
    """What was billed for good becomes less."""
    return bill(_grams, is_final=True), bill(_net_grams, is_final=True)


@upgrade(served(1, "soup", 300), served(2, "fish", 200), is_harmful=False)
def a_display_without_the_plate() -> Pair:
    """What is displayed can be notified again."""
    return bill(_grams, is_final=False), bill(_net_grams, is_final=False)


def heavy(kilos: int, *, is_final: bool) -> Process:
    return chosen(
        BINS, lambda held: frozenset(key for key, one in held.items() if one["kilos"] >= kilos), is_final=is_final
    )


@upgrade(binned(1, "Elm", 60), binned(2, "Oak", 160), is_harmful=True)
def fines_for_heavier_bins() -> Pair:
    """Who was fined for 50 kilos would not be fined any more."""
    return heavy(50, is_final=True), heavy(100, is_final=True)


@upgrade(binned(1, "Elm", 60), binned(2, "Oak", 160), is_harmful=False)
def fines_for_lighter_bins() -> Pair:
    """Who was fined stays so, and others follow."""
    return heavy(100, is_final=True), heavy(50, is_final=True)


def named(effect: str, collaborator: str = "printer") -> Process:
    finished = seen(Finished)
    report = Effect(effect, collaborator, {Do.YES: CommandTemplate("Report")})
    return proc(one_outcome(finished), finished, seen(Begun), wants=[wanted_in(finished, report, YES=Do.YES)])


@upgrade(Finished(), Begun(), is_harmful=True)
def a_report_with_another_name() -> Pair:
    """The report is sent again under its new name."""
    return named("report"), named("summary")


@upgrade(Finished(), Begun(), is_harmful=True)
def a_report_to_another_office() -> Pair:
    """The new office never gets what the old one has."""
    return named("report"), named("report", "archive")


@upgrade(remarked(1, "loud", 1), remarked(2, "fine", 5), is_harmful=False)
def an_outcome_for_two_remarks() -> Pair:
    """Outcomes follow the new function with the next message."""

    def loud(least: int) -> Process:
        return judged(REMARKS, judge=lambda held: len(held) >= least)

    return loud(1), loud(2)


@upgrade(parked(1, "B-1", 4), Sold(), is_harmful=False)
def a_second_effect_for_a_new_message() -> Pair:
    """The new effect hangs on a class that was not consumed before."""
    many = DerivedColumn.of("many", count(PASSAGES) >= 1)
    sold, barrier = seen(Sold), booking("barrier")
    first = booked_if(many, PASSAGES, is_final=False)
    second = replace(
        first,
        inputs={"sender": (*first.inputs["sender"], Sold)},
        machines=(sold,),
        wanted=(*first.wanted, wanted_in(sold, barrier, YES=Do.YES, NO=Do.NO)),
    )
    return first, second


@upgrade(lent(1, 5, 9, value=10), lent(2, 6, 8, value=90), is_harmful=False)
def a_column_in_other_words() -> Pair:
    """An expression says what a function said."""
    old = DerivedColumn("dear", (LOANS,), lambda held: any(one["value"] > 50 for one in held.values()))
    new = DerivedColumn.of("dear", count(LOANS, where=each("value") > 50) >= 1)
    return booked_if(old, LOANS), booked_if(new, LOANS)


@upgrade(applied(1, 70), applied(2, 90), is_harmful=False)
def a_field_in_other_words() -> Pair:
    """The computed field has the same value as before."""
    old = ComputedField("best", (APPLICANTS,), lambda held: max(one["score"] for one in held.values()))
    return (
        shown(APPLICANTS, compute=old.compute),
        shown(APPLICANTS, compute=lambda held: max((one["score"] for one in held.values()), default=0)),
    )


@upgrade(answered(1, 1, 50), answered(2, 1, 10), is_harmful=True)
def answers_under_another_name() -> Pair:
    """The stored answers are not found under the new name."""
    new = Register("marks", Answered, "answer_id")
    return shown(ANSWERS, compute=len), shown(new, compute=len)
