"""Reducers of leagues, kitchens, airports and car parks, whose value depends on who came first."""

from math import floor

from saga import DerivedColumn, Fact, Process, Reducer
from tests.adversary.kit import case, judged, proc, shown, yes_no
from tests.adversary.planted.ninth_messages import Known, Linked, Metered, linked, metered
from tests.adversary.planted.tenth_messages import (
    Answered,
    Applied,
    Binned,
    Drew,
    Filed,
    Lent,
    Parked,
    Played,
    Pumped,
    Remarked,
    Retracted,
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
    served,
    slotted,
)


def _rated(known: Known, fact: Fact) -> Known:
    """A strong team gains less by a victory than a weak one."""
    if fact.fields["match_id"] in known["seen"]:
        return known
    rating = known["rating"]
    gain = (fact.fields["points"] * 1_000 - rating) // 10
    return {"seen": sorted([*known["seen"], fact.fields["match_id"]]), "rating": rating + gain}


@case(played(1, "Reds", 3), played(2, "Reds", 0))
def a_rating_that_moves_by_a_tenth() -> Process:
    """A victory after a defeat is worth more than the other way round."""
    return shown(Reducer("rating", (Played,), {"seen": [], "rating": 1_000}, _rated))


def _joined(known: list[list[int]], fact: Fact) -> list[list[int]]:
    """The slot joins the first block that it touches."""
    start, end = fact.fields["start"], fact.fields["end"]
    for place, (first, last) in enumerate(known):
        if start <= last and first <= end:
            joined = [min(start, first), max(end, last)]
            return sorted([*known[:place], joined, *known[place + 1 :]])
    return sorted([*known, [start, end]])


@case(slotted(1, 10, 20), slotted(2, 30, 40), slotted(3, 15, 35))
def blocks_at_a_gate_that_are_joined_once() -> Process:
    """A slot that bridges two blocks joins only the first of them."""
    return shown(Reducer("blocks", (Slotted,), [], _joined))


def _lent_out(known: list[list[int]], fact: Fact) -> list[list[int]]:
    wish = [fact.fields["first"], fact.fields["last"]]
    if any(wish[0] <= last and first <= wish[1] for first, last in known):
        return known
    return sorted([*known, wish])


@case(lent(1, 10, 20), lent(2, 15, 30))
def loans_that_are_accepted_while_free() -> Process:
    """Of two loans that overlap, the one that was here first is accepted."""
    return shown(Reducer("accepted", (Lent,), [], _lent_out))


def _inside(known: Known, fact: Fact) -> Known:
    plate = fact.fields["plate"]
    if fact.fields["way"] == "out":
        return {key: one for key, one in known.items() if key != plate}
    return {**known, plate: fact.fields["minute"]}


@case(parked(1, "B-1", 5), parked(2, "B-1", 9, "out"))
def cars_that_are_inside() -> Process:
    """A car whose exit came before its entry stays inside for ever."""
    inside = Reducer("inside", (Parked,), {}, _inside)
    return proc(yes_no(DerivedColumn("anybody", (inside,), bool)), inside)


def _best_answer(known: Known, fact: Fact) -> Known:
    question = str(fact.fields["question"])
    best = known.get(question, {"points": -1})
    if fact.fields["points"] <= best["points"]:
        return known
    return {**known, question: {"points": fact.fields["points"], "marker": fact.fields["marker"]}}


@case(answered(1, 4, 7, "Bo"), answered(2, 4, 7, "Cy"))
def the_marker_of_the_best_answer() -> Process:
    """Of two markers who gave as many points, the first one is kept."""
    return shown(Reducer("best", (Answered,), {}, _best_answer))


def _by_address(known: Known, fact: Fact) -> Known:
    """One line for each candidate, with the best score."""
    key = fact.fields["email"].strip().lower()
    line = known.get(key, {"email": fact.fields["email"], "score": 0})
    return {**known, key: {**line, "score": max(line["score"], fact.fields["score"])}}


@case(applied(1, 60, "Ada@example.org"), applied(2, 50, "ada@example.org"))
def candidates_by_address() -> Process:
    """Two spellings of one address, and the first one is shown."""
    return shown(Reducer("candidates", (Applied,), {}, _by_address))


def _first_six(known: list[int], fact: Fact) -> list[int]:
    return list(dict.fromkeys([*known, *fact.fields["numbers"]]))[:6]


@case(drew(1, 1, 2, 3, 4), drew(2, 5, 6, 7, 8))
def the_first_six_numbers() -> Process:
    """There is room for six numbers, and the tickets that come first fill it."""
    return shown(Reducer("numbers", (Drew,), [], _first_six), compute=sorted)


def _lorry(known: Known, fact: Fact) -> Known:
    """A lorry takes a ton, and a bin that would be too much waits for the next lorry."""
    loaded = {**known, fact.fields["bin_id"]: fact.fields["kilos"]}
    return loaded if sum(loaded.values()) <= 1_000 else known


@case(binned(1, "Elm", 600), binned(2, "Oak", 500))
def a_lorry_of_one_ton() -> Process:
    """Two bins are too much together, and the first one is taken."""
    return shown(Reducer("load", (Binned,), {}, _lorry))


def _newest(known: Known, fact: Fact) -> Known:
    if known and fact.fields["day"] < known["day"]:
        return known
    return {"day": fact.fields["day"], "paper": fact.fields["paper_id"]}


@case(filed(1, 5), filed(2, 5))
def the_newest_paper_of_a_day() -> Process:
    """Two papers of one day, and the one that came last is the newest."""
    return shown(Reducer("newest", (Filed,), {}, _newest))


def _flow(known: Known, fact: Fact) -> Known:
    if fact.fields["pump_id"] in known["seen"]:
        return known
    return {
        "seen": sorted([*known["seen"], fact.fields["pump_id"]]),
        "litres": known["litres"] + fact.fields["litres"],
    }


@case(pumped(1, 0.1), pumped(2, 0.2), pumped(3, 0.3))
def litres_in_fractions() -> Process:
    """The sum of three fractions depends on which two are added first."""
    return shown(Reducer("flow", (Pumped,), {"seen": [], "litres": 0.0}, _flow))


def _island(known: Known, fact: Fact) -> Known:
    """The ports of the second one join the group of the first one."""
    one, other = fact.fields["one"], fact.fields["other"]
    group, former = known.get(one, one), known.get(other, other)
    return {
        **{port: group if label == former else label for port, label in known.items()},
        one: group,
        other: group,
    }


@case(linked(1, "Bari", "Cork"), linked(2, "Deal", "Cork"))
def ports_that_belong_together() -> Process:
    """A group is called after the port whose link came first."""
    return shown(Reducer("groups", (Linked,), {}, _island))


def _alarmed(known: bool, fact: Fact) -> bool:
    """On above 80, off below 20, and as it was in between."""
    if fact.fields["value"] > 80:
        return True
    return False if fact.fields["value"] < 20 else known


@case(metered(1, 95, 1), metered(2, 5, 2))
def a_pump_between_two_marks() -> Process:
    """The last reading that was beyond a mark decides."""
    alarm = Reducer("alarm", (Metered,), False, _alarmed)
    return judged(alarm, judge=bool)


def _longest(known: str, fact: Fact) -> str:
    return max(known, str(fact.fields["text"]).strip(), key=len)


@case(remarked(1, "good"), remarked(2, "poor"))
def the_longest_remark() -> Process:
    """Of two remarks of one length, the first one is kept."""
    return shown(Reducer("longest", (Remarked,), "", _longest))


def _last_ids(known: Known, fact: Fact) -> Known:
    """Counts each dish once: a repeat comes soon, if it comes."""
    if fact.fields["dish_id"] in known["last"]:
        return known
    return {
        "last": [*known["last"], fact.fields["dish_id"]][-2:],
        "portions": known["portions"] + fact.fields["portions"],
    }


@case(served(1, "soup", 300), served(2, "fish", 200), served(3, "cake", 100))
def portions_with_a_short_memory() -> Process:
    """A repeat that comes after two other dishes is counted again."""
    dishes = Reducer("dishes", (Served,), {"last": [], "portions": 0}, _last_ids)
    return shown(dishes, compute=lambda known: known["portions"])


def _waiting(known: list[str], fact: Fact) -> list[str]:
    """Who applied and did not retract."""
    key = fact.fields["application_id"]
    if fact.kind is Retracted:
        return [one for one in known if one != key]
    return sorted({*known, key})


@case(applied(1, 70), retracted(1, 1))
def applicants_less_those_who_retracted() -> Process:
    """A retraction that comes before its application is forgotten."""
    return shown(Reducer("waiting", (Applied, Retracted), [], _waiting))


def _per_portion(known: Known, fact: Fact) -> Known:
    """The greatest weight of a portion of each dish, in even grams."""
    dish, portions = fact.fields["dish"], fact.fields["portions"] or 1
    grams = floor(fact.fields["grams"] / portions)
    return {**known, dish: max(known.get(dish, 0) // 2 * 2, grams)}


@case(served(1, "soup", 301), served(2, "soup", 300))
def even_grams_for_each_portion() -> Process:
    """What was known is rounded down to even grams, and what is new is not."""
    return shown(Reducer("grams", (Served,), {}, _per_portion))


def _top_scorers(known: Known, fact: Fact) -> Known:
    """The three teams with the most goals in one match."""
    team = fact.fields["team"]
    best = {**known, team: max(known.get(team, 0), fact.fields["goals"])}
    return dict(sorted(best.items(), key=lambda item: -item[1])[:3])


@case(played(1, "Reds", 3, 2), played(2, "Blues", 3, 2), played(3, "Greens", 3, 2), played(4, "Whites", 3, 2))
def the_three_best_attacks() -> Process:
    """Four teams with as many goals, and the last one to come falls out."""
    return shown(Reducer("attacks", (Played,), {}, _top_scorers), compute=sorted)
