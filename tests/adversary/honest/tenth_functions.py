"""Functions and folds of leagues, kitchens, courts and ships that come to the same in every order."""

from math import gcd
from typing import Any

from saga import (
    ComputedField,
    DerivedColumn,
    Entries,
    Fact,
    Process,
    Reducer,
    both,
    count,
    has,
    lacks_partner,
    only,
    total,
    total_by,
)
from tests.adversary.kit import case, chosen, granted, judged, proc, shown, yes_no
from tests.adversary.planted.ninth_messages import Known, Linked, booked_if, linked
from tests.adversary.planted.tenth_messages import (
    ANSWERS,
    APPLICANTS,
    BINS,
    DISHES,
    LOANS,
    MATCHES,
    PAPERS,
    PASSAGES,
    PUMPS,
    REMARKS,
    RETRACTIONS,
    RULES,
    RULINGS,
    SLOTS,
    TICKETS,
    Answered,
    Applied,
    Binned,
    Drew,
    Filed,
    Parked,
    Played,
    Remarked,
    Retracted,
    Rules,
    Served,
    Slotted,
    answered,
    applied,
    binned,
    drew,
    filed,
    lent,
    parked,
    played,
    pumped,
    remarked,
    retracted,
    ruled,
    served,
    slotted,
)


def _blocks(known: list[list[int]], fact: Fact) -> list[list[int]]:
    wish = sorted((fact.fields["start"], fact.fields["end"]))
    joined: list[list[int]] = []
    for first, last in sorted([*known, wish]):
        if joined and first <= joined[-1][1]:
            joined[-1] = [joined[-1][0], max(joined[-1][1], last)]
        else:
            joined.append([first, last])
    return joined


@case(slotted(1, 10, 20), slotted(2, 30, 40), slotted(3, 15, 35))
def blocks_at_a_gate() -> Process:
    """The union of all slots is made anew each time."""
    return shown(Reducer("blocks", (Slotted,), [], _blocks))


def _passages(known: Known, fact: Fact) -> Known:
    plate = fact.fields["plate"]
    line = known.get(plate, {"in": -1, "out": -1})
    way = fact.fields["way"]
    return {**known, plate: {**line, way: max(line[way], fact.fields["minute"])}}


@case(parked(1, "B-1", 5), parked(2, "B-1", 9, "out"), parked(3, "B-2", 7))
def cars_inside_by_their_latest_passage() -> Process:
    """The latest minute of each way is kept, and compared when it is read."""
    cars = Reducer("cars", (Parked,), {}, _passages)
    return shown(cars, compute=lambda known: sorted(key for key, one in known.items() if one["in"] > one["out"]))


def _best(known: Known, fact: Fact) -> Known:
    question = str(fact.fields["question"])
    mark = [fact.fields["points"], fact.fields["marker"]]
    return {**known, question: max(known.get(question, [-1, ""]), mark)}


@case(answered(1, 4, 7, "Bo"), answered(2, 4, 7, "Cy"))
def the_best_mark_and_its_marker() -> Process:
    """Between equal points the name decides."""
    return shown(Reducer("best", (Answered,), {}, _best))


def _six(known: list[int], fact: Fact) -> list[int]:
    return sorted({*known, *fact.fields["numbers"]})[:6]


@case(drew(1, 9, 2, 3, 4), drew(2, 5, 6, 7, 1))
def the_six_smallest_numbers() -> Process:
    """The smallest six of a union are the smallest six of what the parts kept."""
    return shown(Reducer("numbers", (Drew,), [], _six))


def _gone(known: Known, fact: Fact) -> Known:
    name = "gone" if fact.kind is Retracted else "here"
    return {**known, name: sorted({*known[name], fact.fields["application_id"]})}


@case(applied(1, 70), retracted(1, 1), applied(2, 60))
def applicants_and_retractions_in_two_sets() -> Process:
    """A retraction that comes first is kept until its application is here."""
    known = Reducer("known", (Applied, Retracted), {"here": [], "gone": []}, _gone)
    return shown(known, compute=lambda held: sorted(set(held["here"]) - set(held["gone"])))


def _step(known: int, fact: Fact) -> int:
    return gcd(known, int(fact.fields["grams"]))


@case(served(1, "soup", 12), served(2, "rice", 18), served(3, "fish", 8))
def the_common_unit_of_all_dishes() -> Process:
    """The greatest common divisor does not depend on the order."""
    return shown(Reducer("unit", (Served,), 0, _step))


def _group(known: list[list[str]], fact: Fact) -> list[list[str]]:
    ends = {fact.fields["one"], fact.fields["other"]}
    near = [group for group in known if ends & set(group)]
    joined = sorted(ends.union(*near))
    return sorted([*(group for group in known if group not in near), joined])


@case(linked(1, "Bari", "Cork"), linked(2, "Deal", "Cork"), linked(3, "Elba", "Fano"))
def ports_in_groups() -> Process:
    """Groups are sorted lists of ports, and have no other name."""
    return shown(Reducer("groups", (Linked,), [], _group))


def _newest(known: list[Any], fact: Fact) -> list[Any]:
    return max(known, [fact.fields["day"], fact.fields["paper_id"]])


@case(filed(1, 5), filed(2, 5), filed(3, 4))
def the_newest_paper() -> Process:
    """Of two papers of one day the greater number is the newer one."""
    return shown(Reducer("newest", (Filed,), [-1, ""], _newest))


def _longest(known: str, fact: Fact) -> str:
    return max(known, str(fact.fields["text"]).strip(), key=lambda text: (len(text), text))


@case(remarked(1, "good"), remarked(2, "poor"), remarked(3, "no"))
def the_longest_remark_by_text() -> Process:
    """Between remarks of one length the text decides."""
    return shown(Reducer("longest", (Remarked,), "", _longest))


def _weights(known: Known, fact: Fact) -> Known:
    key, kilos = fact.fields["street"], fact.fields["kilos"]
    return {**known, key: sorted({*known.get(key, []), kilos})[-2:]}


@case(binned(1, "Elm", 5), binned(2, "Elm", 9), binned(3, "Elm", 7))
def the_two_heaviest_bins_of_a_street() -> Process:
    """The two greatest of a set are kept."""
    return shown(Reducer("weights", (Binned,), {}, _weights))


def _scorers(known: Known, fact: Fact) -> Known:
    team = fact.fields["team"]
    return {**known, team: max(known.get(team, 0), fact.fields["goals"])}


@case(played(1, "Reds", 3, 2), played(2, "Blues", 3, 4), played(3, "Reds", 0, 1))
def the_best_attacks() -> Process:
    """All teams are kept, and ranked when they are read."""
    best = Reducer("attacks", (Played,), {}, _scorers)
    return shown(best, compute=lambda known: sorted(known, key=lambda team: (-known[team], team))[:3])


def _seats(known: int, fact: Fact) -> int:
    return known | 1 << (int(fact.fields["question"]) - 1)


@case(answered(1, 1, 5), answered(2, 3, 5))
def questions_as_bits() -> Process:
    """A bit stays set."""
    return shown(Reducer("bits", (Answered,), 0, _seats), compute=lambda known: known.bit_count())


@case(applied(1, 60, "ada"), applied(2, 70, "bo@example.org"))
def hosts_of_addresses() -> Process:
    """An address without an @ has an empty host."""
    return shown(APPLICANTS, compute=lambda held: sorted({one["email"].partition("@")[2] for one in held.values()}))


@case(served(1, "soup", 300, 0), served(2, "rice", 200, 4))
def the_heaviest_portion() -> Process:
    """A dish of no portions counts as one."""
    return shown(DISHES, compute=lambda held: max(one["grams"] // max(one["portions"], 1) for one in held.values()))


@case(remarked(1, "good", 4), remarked(2, "so so"))
def the_best_stars_that_were_given() -> Process:
    """A remark without stars counts as none."""
    return shown(REMARKS, compute=lambda held: max((one["stars"] or 0 for one in held.values()), default=0))


@case(lent(1, 9, 5), lent(2, 3, 4))
def days_of_loans() -> Process:
    """A loan that ends before it begins has no days."""
    return shown(LOANS, compute=lambda held: sum(max(one["last"] - one["first"] + 1, 0) for one in held.values()))


@case(pumped(1, 0.1), pumped(2, 0.2), pumped(3, 0.3))
def litres_in_the_order_of_their_keys() -> Process:
    """A register is sorted, so the fractions are always added in one order."""
    return shown(PUMPS, compute=lambda held: round(min(sum(one["litres"] for one in held.values()), 1e9), 3))


def _points(matches: Entries) -> dict[str, int]:
    table: dict[str, int] = {}
    for one in matches.values():
        table[one["team"]] = table.get(one["team"], 0) + one["points"]
    return table


@case(played(1, "Reds", 3), played(2, "Blues", 1), played(3, "Reds", 1))
def points_that_only_grow() -> Process:
    """The points of a team are never fewer than before."""
    return shown(MATCHES, compute=_points, is_cumulative=True, is_final=True)


@case(played(1, "Reds", 3), played(2, "Reds", 3), played(3, "Reds", 0))
def a_medal_for_two_victories() -> Process:
    """Two victories stay two victories."""
    return granted(MATCHES, judge=lambda held: sum(one["points"] == 3 for one in held.values()) >= 2)


@case(applied(1, 60), applied(2, 95))
def invitations_for_ninety_points() -> Process:
    """A score does not depend on other applicants."""
    return chosen(
        APPLICANTS, lambda held: frozenset(key for key, one in held.items() if one["score"] >= 90), is_final=True
    )


def _behind(slots: Entries) -> frozenset[str]:
    return frozenset(
        key
        for key, one in slots.items()
        if any(other != key and known["gate"] == one["gate"] for other, known in slots.items())
    )


@case(slotted(1, 10, 20), slotted(2, 30, 40), slotted(3, 5, 6, "B2"))
def notices_for_shared_gates() -> Process:
    """A gate that is shared stays shared."""
    return chosen(SLOTS, _behind, is_final=True)


@case(ruled(1, 1, "granted", 3), ruled(2, 1, "denied", 8))
def a_verdict_that_can_be_lifted() -> Process:
    """The latest ruling counts, and nothing of it is final."""
    return granted(
        RULINGS,
        judge=lambda held: max((one["day"], one["says"]) for one in held.values())[1] == "granted" if held else False,
        is_final=False,
    )


@case(filed(1), ruled(1, 1, "granted"), filed(2))
def a_file_that_is_opened_again() -> Process:
    """The file can be opened again when another paper comes."""
    is_open = lacks_partner(PAPERS, "paper_id", RULINGS, "paper_id")
    return booked_if(DerivedColumn.of("open", both(has(PAPERS), is_open)), PAPERS, RULINGS, is_final=False)


def _grams(held: Entries) -> dict[str, int]:
    return {
        name: sum(one["grams"] for one in held.values() if one["dish"] == name)
        for name in sorted({one["dish"] for one in held.values()})
    }


@case(served(1, "soup", 300), served(2, "soup", 200), served(3, "rice", 10))
def sums_for_each_dish() -> Process:
    """The printed sums only grow, and dishes are only added."""
    return shown(DISHES, compute=_grams, is_cumulative=True, is_final=True)


@case(Rules(seats=2), parked(1, "B-1", 5), parked(2, "B-2", 6), parked(3, "B-3", 7))
def a_car_park_that_is_full() -> Process:
    """The number of cars only grows, and the seats are said once."""
    return booked_if(DerivedColumn.of("full", count(PASSAGES) >= only(RULES, "seats")), RULES, PASSAGES)


def _dear(loans: Entries, rules: Entries) -> frozenset[str]:
    limits = [one["seats"] for one in rules.values()]
    return frozenset(key for key, one in loans.items() if limits and one["value"] > limits[0])


@case(Rules(seats=50), lent(1, 5, 9, value=60), lent(2, 4, 8, value=40))
def insurance_above_a_limit() -> Process:
    """Which loans are above the limit is known when the limit is, and stays."""
    return chosen(LOANS, _dear, RULES, is_final=True)


@case(binned(1, "Elm", 600), binned(2, "Oak", 700, "glass"))
def a_fee_by_street() -> Process:
    """The fee is a mapping of exact sums."""
    kilos = ComputedField.of("kilos", total_by(BINS, "kilos", per="street"))
    return shown(BINS, compute=kilos.compute)


@case(drew(1), drew(2, 44, 3))
def a_ticket_with_a_great_number() -> Process:
    """A ticket without numbers has no great one."""
    return judged(TICKETS, judge=lambda held: any(max(one["numbers"], default=0) > 40 for one in held.values()))


@case(answered(1, 1, 60), answered(2, 2, 30))
def points_enough() -> Process:
    """The sum of points only grows."""
    return booked_if(DerivedColumn.of("enough", total(ANSWERS, "points") >= 80), ANSWERS)


def _is_matched(held: Entries, gone: Entries) -> bool:
    return any(one["application_id"] in held for one in gone.values())


@case(applied(1, 60), retracted(1, 2), retracted(2, 1))
def retractions_of_somebody() -> Process:
    """A retraction of an unknown application counts for nothing until it comes."""
    column = DerivedColumn("matched", (APPLICANTS, RETRACTIONS), _is_matched)
    return proc(yes_no(column), APPLICANTS, RETRACTIONS)
