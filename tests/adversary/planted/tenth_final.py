"""Titles, decisions, prizes and berths that can't be taken back, granted on what a later message changes."""

from statistics import mean

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    all_of,
    any_of,
    beyond,
    both,
    count,
    distinct,
    each,
    entries_where,
    greatest,
    has,
    has_partner,
    lacks_partner,
    latest,
    least,
    negated,
    only,
    outcomes,
    owing,
    total,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, case, chosen, granted, has_any, one_outcome, proc, seen, shown, wanted_in
from tests.adversary.planted.ninth_messages import booked_if, booking
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
    Boarded,
    Complained,
    Licensed,
    Postponed,
    Rules,
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

FINAL = frozenset({Do.YES})


def _is_champion(matches: Entries) -> bool:
    """Somebody leads by more than a victory."""
    table: dict[str, int] = {}
    for one in matches.values():
        table[one["team"]] = table.get(one["team"], 0) + one["points"]
    ranked = sorted(table.values(), reverse=True)
    return len(ranked) > 1 and ranked[0] - ranked[1] > 3


@case(played(1, "Reds", 3), played(2, "Reds", 3), played(3, "Blues", 1), played(4, "Blues", 3))
def a_champion_who_leads_by_four() -> Process:
    """The cup is handed over while others still play."""
    return granted(MATCHES, judge=_is_champion)


def _passed(answers: Entries) -> bool:
    points = [one["points"] for one in answers.values()]
    return bool(points) and mean(points) >= 50


@case(answered(1, 1, 80), answered(2, 2, 10))
def an_exam_that_is_passed_on_average() -> Process:
    """The certificate is printed for a mean that a weak answer lowers."""
    return granted(ANSWERS, judge=_passed)


def _best_two(applicants: Entries) -> frozenset[str]:
    ranked = sorted(applicants, key=lambda key: (-applicants[key]["score"], key))
    return frozenset(ranked[:2])


@case(applied(1, 60), applied(2, 70), applied(3, 80))
def contracts_for_the_best_two() -> Process:
    """A contract is sent for good to somebody whom a better applicant displaces."""
    return chosen(APPLICANTS, _best_two, is_final=True)


def _undisturbed(slots: Entries) -> frozenset[str]:
    """The slots that overlap with no slot of a smaller number."""
    return frozenset(
        key
        for key, one in slots.items()
        if not any(
            other < key and known["gate"] == one["gate"] and known["start"] < one["end"] and one["start"] < known["end"]
            for other, known in slots.items()
        )
    )


@case(slotted(1, 10, 30), slotted(2, 20, 40))
def gates_for_slots_that_nobody_disturbs() -> Process:
    """A gate is given for good, and an earlier number wants it too."""
    return chosen(SLOTS, _undisturbed, is_final=True)


def _places(matches: Entries) -> dict[str, int]:
    """The place of each team in the table."""
    table: dict[str, int] = {}
    for one in matches.values():
        table[one["team"]] = table.get(one["team"], 0) + one["points"]
    ranked = sorted(table, key=lambda team: (-table[team], team))
    return {team: place for place, team in enumerate(ranked, start=1)}


@case(played(1, "Reds", 3), played(2, "Blues", 1), played(3, "Blues", 3))
def a_printed_table_of_places() -> Process:
    """The table that was printed for good has another first place after the next match."""
    return shown(MATCHES, compute=_places, is_cumulative=True, is_final=True)


def _five_dishes(dishes: Entries) -> list[str]:
    return sorted({one["dish"] for one in dishes.values()})[:3]


@case(served(1, "fish", 1), served(2, "rice", 1), served(3, "soup", 1), served(4, "cake", 1))
def a_menu_with_room_for_three() -> Process:
    """The printed menu grows until a fourth dish pushes out one of the three."""
    return shown(DISHES, compute=_five_dishes, is_cumulative=True, is_final=True)


@case(ruled(1, 1, "granted", 3), ruled(2, 1, "denied", 8))
def a_decision_by_the_latest_ruling() -> Process:
    """The decision is carried out for good, and a later ruling denies it."""
    says = latest(RULINGS, by=("day",), field="says")
    return booked_if(DerivedColumn.of("granted", says.equals("granted")), RULINGS)


@case(filed(1), ruled(1, 1, "granted"), filed(2))
def a_file_without_open_papers() -> Process:
    """The file is closed for good while no paper lacks a ruling, and another paper comes."""
    nothing_open = negated(lacks_partner(PAPERS, "paper_id", RULINGS, "paper_id"))
    column = DerivedColumn.of("nothing open", both(has(PAPERS), nothing_open))
    return booked_if(column, PAPERS, RULINGS)


@case(binned(1, "Elm", 10, "glass"), binned(2, "Oak", 10, "rest"))
def a_street_that_sorts_everything() -> Process:
    """A bonus is paid while no bin had mixed waste."""
    sorted_well = both(has(BINS), all_of(BINS, each("kind").differs_from("rest")))
    return booked_if(DerivedColumn.of("sorted well", sorted_well), BINS)


@case(played(1, "Reds", 3), played(2, "Reds", 3), played(3, "Reds", 3))
def a_medal_at_exactly_two_matches() -> Process:
    """The medal belongs to exactly two victories, and a third one comes."""
    victories = count(MATCHES, where=each("points").equals(3))
    return booked_if(DerivedColumn.of("two", victories.equals(2)), MATCHES)


@case(lent(1, 5, 9), lent(2, 2, 3))
def the_first_day_of_an_exhibition() -> Process:
    """The first day is printed for good as cumulative, and an earlier loan makes it less."""
    has_loan = has_any(LOANS)
    field = ComputedField.of("first", least(LOANS, "first"), is_cumulative=True)
    effect = Effect("poster", "printer", {Do.YES: CommandTemplate("Print", computed=(field,))}, final=FINAL)
    return proc(one_outcome(has_loan), has_loan, LOANS, wants=[wanted_in(has_loan, effect, YES=Do.YES)])


@case(Licensed(), Boarded(), Abandoned())
def a_departure_that_is_decided_at_the_doors() -> Process:
    """Once the doors are closed the departure can't be undone, and yet an abandoned flight takes it back."""
    licensed, boarded, abandoned = seen(Licensed), seen(Boarded), seen(Abandoned)
    flight = booking("flight", is_final=True, decided_by=Boarded)
    rows = [
        (Seen.YES, Seen.NO, {flight: Do.YES}),
        (Seen.NO, Seen.NO, {flight: Do.NO}),
        (Seen.YES, Seen.YES, {flight: Do.NO}),
        (Seen.NO, Seen.YES, {flight: Do.NO}),
    ]
    return proc(one_outcome(licensed), licensed, boarded, abandoned, wants=[wanted(licensed, abandoned, rows=rows)])


@case(Rules(seats=500), served(1, "soup", 300), served(2, "fish", 400), lent(1, 1, 2, value=400))
def grams_beyond_a_target_that_grows() -> Process:
    """What lies beyond the value of the loans is charged for good, and another loan moves the target."""
    excess = beyond(DISHES, "grams", target=total(LOANS, "value"), by=("dish_id",))
    field = ComputedField.of("grams", excess, is_cumulative=True)
    charge = Effect("charge", "till", {Do.YES: CommandTemplate("Charge", DISHES, ("dish_id",), (field,))}, final=FINAL)
    any_came, ruled_in = has_any(DISHES, LOANS), seen(Rules)
    rows = [(Seen.YES, {charge: owing(excess, name="too heavy")}), (Seen.NO, {})]
    return proc(one_outcome(any_came), any_came, ruled_in, DISHES, LOANS, wants=[wanted(any_came, rows=rows)])


@case(applied(1, 90), retracted(1, 1))
def a_post_for_whoever_scored_ninety() -> Process:
    """The post is given for good to somebody who retracts."""
    good = entries_where(APPLICANTS, each("score") >= 90)
    offer = Effect("offer", "legal", {Do.YES: CommandTemplate("Offer", APPLICANTS, ("email",))}, final=FINAL)
    gone = DerivedColumn.of("gone", has_partner(APPLICANTS, "application_id", RETRACTIONS, "application_id"))
    table = wanted(gone, rows=[(False, {offer: good}), (True, {})])
    return proc(one_outcome(gone), APPLICANTS, RETRACTIONS, wants=[table])


@case(Rules(seats=1), parked(1, "B-1", 5), parked(2, "B-2", 6))
def a_sign_that_says_there_is_room() -> Process:
    """Free places are promised for good, and the next car takes the last one."""
    room = count(PASSAGES) <= only(RULES, "seats")
    return booked_if(DerivedColumn.of("room", room), RULES, PASSAGES)


def _closest(tickets: Entries) -> frozenset[str]:
    """The tickets whose sum is closest to a hundred."""
    far = {key: abs(100 - sum(one["numbers"])) for key, one in tickets.items()}
    return frozenset(key for key in far if far[key] == min(far.values()))


@case(drew(1, 40, 41), drew(2, 49, 49))
def the_ticket_closest_to_a_hundred() -> Process:
    """The prize goes to the closest ticket, before the last ticket is sold."""
    return chosen(TICKETS, _closest, is_final=True)


@case(remarked(1, "good", 5), remarked(2, "bad", 1))
def stars_from_the_worst_to_the_best() -> Process:
    """A badge for five stars stays only while nobody gave fewer."""
    stars = both(has(REMARKS), negated(any_of(REMARKS, each("text").normalised().equals("bad"))))
    return booked_if(DerivedColumn.of("stars", stars), REMARKS)


def _dirtiest(bins: Entries) -> str:
    kilos: dict[str, int] = {}
    for one in bins.values():
        kilos[one["street"]] = kilos.get(one["street"], 0) + one["kilos"]
    return min(kilos, key=lambda street: (-kilos[street], street))


@case(binned(1, "Elm", 900), binned(2, "Oak", 500), binned(3, "Oak", 600))
def the_street_with_the_most_waste() -> Process:
    """The street with the most kilos is named for good, and another street overtakes it."""
    heavy = DerivedColumn.of("heavy", total(BINS, "kilos") >= 800)
    template = CommandTemplate("Name", computed=(ComputedField("street", (BINS,), _dirtiest),))
    effect = Effect("street", "press", {Do.YES: template}, final=FINAL)
    table = wanted(heavy, rows=[(True, {effect: Do.YES}), (False, {})])
    return proc(one_outcome(heavy), BINS, wants=[table])


@case(Licensed(), Complained(), Postponed())
def a_licence_until_two_things_happen() -> Process:
    """A complaint alone or a delay alone leaves the licence, and both together take it back."""
    licensed, complained, postponed = seen(Licensed), seen(Complained), seen(Postponed)
    licence = booking("licence", is_final=True)
    rows = [
        (granted_, bad, late, {licence: Do.YES if granted_ is Seen.YES and Seen.NO in (bad, late) else Do.NO})
        for granted_ in Seen
        for bad in Seen
        for late in Seen
    ]
    return proc(
        outcomes(licensed, rule=lambda one: Out.DONE if one is Seen.YES else Out.OTHER),
        licensed,
        complained,
        postponed,
        wants=[wanted(licensed, complained, postponed, rows=rows)],
    )


@case(answered(1, 3, 40, "Bo"), answered(2, 3, 60, "Cy"))
def two_markers_who_agree() -> Process:
    """The mark is sent for good while all markers gave the same points."""
    agreed = both(has(ANSWERS), least(ANSWERS, "points").equals(greatest(ANSWERS, "points")))
    return booked_if(DerivedColumn.of("agreed", agreed), ANSWERS)


@case(applied(1, 20), applied(2, 90), retracted(1, 1))
def a_list_of_those_who_stay() -> Process:
    """The list of addresses is printed for good, and a retraction shortens it."""
    has_one = has_any(APPLICANTS)

    def staying(applicants: Entries, retractions: Entries) -> list[str]:
        gone = {one["application_id"] for one in retractions.values()}
        return sorted(one["email"] for key, one in applicants.items() if key not in gone)

    field = ComputedField("emails", (APPLICANTS, RETRACTIONS), staying, is_cumulative=True)
    days = ComputedField.of("days", distinct(APPLICANTS, "day"), is_cumulative=True)
    effect = Effect("list", "printer", {Do.YES: CommandTemplate("Print", computed=(field, days))}, final=FINAL)
    return proc(one_outcome(has_one), has_one, APPLICANTS, RETRACTIONS, wants=[wanted_in(has_one, effect, YES=Do.YES)])
