"""Own functions over registers: each looks like a mistake that is often made, and is none."""

from functools import reduce
from math import fsum, gcd

from saga import CommandTemplate, ComputedField, DerivedColumn, Effect, Entries, Process, Selection, outcomes, wanted
from tests.adversary.honest.fifth_helpers import (
    CAP,
    DOSES,
    GRADES,
    LEDGER,
    LINKS,
    OFFERS,
    PAPERS,
    PROBES,
    SIGHTINGS,
    SPANS,
    WITHDRAWALS,
    Booked,
    Capped,
    Cited,
    Dose,
    Graded,
    Linked,
    N,
    Offered,
    Ranged,
    Sighted,
    Temper,
    Withdrawn,
    Y,
    for_good,
)
from tests.adversary.kit import (
    NOTES,
    Do,
    Late,
    Out,
    case,
    chosen,
    granted,
    has_any,
    judged,
    noted,
    one_outcome,
    proc,
    seen,
    shown,
)


@case(Booked("i", "b1", "cash", 50), Booked("i", "b2", "bank", -50), Booked("i", "b3", "cash", -20))
def a_ledger_that_balances() -> Process:
    """Balanced while the sum is zero, which may come and go."""
    return judged(LEDGER, judge=lambda entries: sum(one["cents"] for one in entries.values()) == 0)


@case(Booked("i", "b1", "cash", 50), Booked("i", "b2", "bank", -50), Booked("i", "b3", "cash", -20))
def balances_by_account() -> Process:
    """The balance of each account, where an account of zero is left out."""

    def balances(entries: Entries) -> dict[str, int]:
        sums: dict[str, int] = {}
        for one in entries.values():
            sums[one["account"]] = sums.get(one["account"], 0) + one["cents"]
        return {account: cents for account, cents in sums.items() if cents}

    return shown(LEDGER, compute=balances)


@case(Dose("i", "d1", 400, 8), Dose("i", "d2", 400, 9), Dose("i", "d3", 400, 20))
def a_day_with_too_much_of_a_drug() -> Process:
    """An alarm for good as soon as any four hours have more than 700 milligrams, which further doses only add to."""

    def is_too_much(doses: Entries) -> bool:
        hours = {one["hour"] for one in doses.values()}
        return any(
            sum(one["milligrams"] for one in doses.values() if hour <= one["hour"] < hour + 4) > 700 for hour in hours
        )

    return granted(DOSES, judge=is_too_much)


@case(Dose("i", "d1", 40, 8), Dose("i", "d2", 10, 9), Dose("i", "d3", 70, 20))
def the_median_dose() -> Process:
    """The lower median, of all that came."""

    def median(doses: Entries) -> int | None:
        listed = sorted(one["milligrams"] for one in doses.values())
        return listed[(len(listed) - 1) // 2] if listed else None

    return shown(DOSES, compute=median)


@case(Sighted("i", "s1", "owl", 2), Sighted("i", "s2", "Owl", 1), Sighted("i", "s3", "fox", 3))
def the_commonest_species() -> Process:
    """The species that was seen most; of equals, the first of the alphabet."""

    def commonest(sightings: Entries) -> str:
        sums: dict[str, int] = {}
        for one in sightings.values():
            sums[one["species"].casefold()] = sums.get(one["species"].casefold(), 0) + one["number"]
        return min(sums, key=lambda name: (-sums[name], name))

    return shown(SIGHTINGS, compute=commonest)


@case(Sighted("i", "s1", "owl", 2), Sighted("i", "s2", "elk", 1), Sighted("i", "s3", "fox", 3))
def a_prize_for_three_species() -> Process:
    """A prize for good once three species, that are not zero in number, were seen."""
    return granted(SIGHTINGS, judge=lambda held: len({one["species"] for one in held.values() if one["number"]}) >= 3)


@case(Graded("i", "e1", "F", 2020), Graded("i", "e2", "A", 2021), Graded("i", "e3", "B", 2021))
def the_best_grade_of_the_last_year() -> Process:
    """The grades of the last year only, the best first."""

    def best(grades: Entries) -> str:
        last = max(one["year"] for one in grades.values())
        return min(one["grade"] for one in grades.values() if one["year"] == last)  # type: ignore[no-any-return]

    return shown(GRADES, compute=best)


@case(Graded("i", "e1", "F", 2020), Graded("i", "e2", "A", 2021), Graded("i", "e3", "B", 2021))
def a_degree_of_two_passes() -> Process:
    """A degree for good with two exams that were passed, whatever fails later."""
    return granted(GRADES, judge=lambda held: sum(one["grade"] != "F" for one in held.values()) >= 2)


@case(Graded("i", "e1", "F", 2020), Graded("i", "e2", "A", 2021), Graded("i", "e3", "B", 2021))
def honours_without_a_fail() -> Process:
    """Honours can be taken back when a failed exam is reported."""
    return granted(
        GRADES,
        judge=lambda held: bool(held) and all(one["grade"] in "AB" for one in held.values()),
        is_final=False,
    )


@case(Cited("i", "p1", ["Kim", "Lee"]), Cited("i", "p2", ["lee", "Kim"]), Cited("i", "p3", []))
def all_authors_once() -> Process:
    """The authors of all papers, each once, as a growing list for good."""
    return shown(
        PAPERS,
        compute=lambda papers: sorted({name for one in papers.values() for name in one["authors"]}),
        is_cumulative=True,
        is_final=True,
    )


@case(Cited("i", "p1", ["Kim", "Lee"]), Cited("i", "p2", ["Lee"]), Cited("i", "p3", []))
def the_first_author_of_the_longest() -> Process:
    """The paper with the most authors, and of equals the one that sorts first; one without authors has null."""

    def first(papers: Entries) -> str | None:
        longest = min(papers.values(), key=lambda one: (-len(one["authors"]), one["authors"], one["paper_id"]))
        return longest["authors"][0] if longest["authors"] else None

    return shown(PAPERS, compute=first)


@case(Ranged("i", "r1", 1, 5), Ranged("i", "r2", 4, 9), Ranged("i", "r3", 12, 11))
def the_length_of_a_union() -> Process:
    """How much is covered, where overlaps count once; it only grows, and is said for good."""

    def covered(spans: Entries) -> int:
        reached, length = 0, 0
        for start, end in sorted((one["start"], one["end"]) for one in spans.values()):
            length += max(0, end - max(start, reached))
            reached = max(reached, end)
        return length

    return shown(SPANS, compute=covered, is_cumulative=True, is_final=True)


@case(Ranged("i", "r1", 1, 5), Ranged("i", "r2", 4, 9), Ranged("i", "r3", 7, 9))
def spans_that_overlap_another() -> Process:
    """A warning for good for each span that overlaps another one; a further span never takes a warning away."""

    def overlapping(spans: Entries) -> frozenset[str]:
        return frozenset(
            key
            for key, one in spans.items()
            if any(
                key != other and one["start"] < two["end"] and two["start"] < one["end"] for other, two in spans.items()
            )
        )

    return chosen(SPANS, overlapping, is_final=True, fields=("start", "end"))


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, None), Withdrawn("i", "o2"))
def the_best_offer_that_stands() -> Process:
    """The greatest offer that was not withdrawn; the key decides between equals, and none is null."""

    def best(offers: Entries, withdrawn: Entries) -> str | None:
        standing = [(one["cents"], key) for key, one in offers.items() if key not in withdrawn]
        return max(standing)[1] if standing else None

    return shown(OFFERS, WITHDRAWALS, compute=best)


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "bob"), Withdrawn("i", "o2"))
def receipts_for_withdrawn_offers() -> Process:
    """A receipt for good for each offer that was withdrawn, whichever of both messages came first."""
    return chosen(
        OFFERS,
        lambda offers, withdrawn: frozenset(offers.keys() & withdrawn.keys()),
        WITHDRAWALS,
        is_final=True,
        fields=("cents", "by"),
    )


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, None), Offered("i", "o3", 70, "ann"))
def bidders_with_their_offers() -> Process:
    """What each bidder offers at most; those without a name are one bidder."""

    def by_bidder(offers: Entries) -> list[list[object]]:
        most: dict[str, int] = {}
        for one in offers.values():
            name = "" if one["by"] is None else f"={one['by']}"
            most[name] = max(most.get(name, 0), one["cents"])
        return [[name, most[name]] for name in sorted(most)]

    return shown(OFFERS, compute=by_bidder)


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "bob"), Capped("i", 60))
def offers_within_a_cap() -> Process:
    """Accepted for good if the cap is known and covers it; the cap never changes."""

    def within(offers: Entries, cap: Entries) -> frozenset[str]:
        limit = min((one["cap"] for one in cap.values()), default=-1)
        return frozenset(key for key, one in offers.items() if one["cents"] <= limit)

    return chosen(OFFERS, within, CAP, is_final=True, fields=("cents",))


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "b", "c"), Linked("i", "l3", "c", "a"))
def a_cycle_in_a_graph() -> Process:
    """A cycle that was found once stays one, and is reported for good."""

    def has_cycle(links: Entries) -> bool:
        edges = {(one["source"], one["target"]) for one in links.values()}
        while edges:
            sources = {source for source, _ in edges}
            kept = {(source, target) for source, target in edges if target in sources}
            if kept == edges:
                return True
            edges = kept
        return False

    return granted(LINKS, judge=has_cycle)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "b", "c"), Linked("i", "l3", "x", "y"))
def the_groups_of_a_graph() -> Process:
    """Which names belong together, each group sorted and all of them sorted; groups grow together."""

    def groups(links: Entries) -> list[list[str]]:
        found: list[set[str]] = []
        for one in links.values():
            both = {one["source"], one["target"]}
            touching = [group for group in found if group & both]
            found = [group for group in found if not group & both] + [both.union(*touching)]
        return sorted(sorted(group) for group in found)

    return shown(LINKS, compute=groups)


@case(Temper("i", "t1", 0.1), Temper("i", "t2", 0.2), Temper("i", "t3", -7.5))
def an_exact_mean_of_probes() -> Process:
    """Warm if the exact sum of all degrees within a range is above zero; fsum rounds once, whatever the order."""

    def is_warm(probes: Entries) -> bool:
        return fsum(one["degrees"] for one in probes.values() if -1e6 < one["degrees"] < 1e6) > 0

    return judged(PROBES, judge=is_warm)


@case(Temper("i", "t1", 0.1), Temper("i", "t2", 36.6), Temper("i", "t3", 41.5))
def a_fever_curve_in_classes() -> Process:
    """How many probes lie below, within and above the normal."""

    def classes(probes: Entries) -> list[int]:
        values = [one["degrees"] for one in probes.values()]
        return [sum(v < 36 for v in values), sum(36 <= v < 38 for v in values), sum(v >= 38 for v in values)]

    return shown(PROBES, compute=classes)


@case(noted(1, "a"), noted(2, "a\u0301"), noted(3, " A"))
def notes_that_say_the_same_once() -> Process:
    """Of notes with the same text, the one with the least key is delivered; another may take its place later."""

    def first_of_each(notes: Entries) -> frozenset[str]:
        first: dict[str, str] = {}
        for key, one in notes.items():
            first.setdefault(one["text"], key)
        return frozenset(first.values())

    has = has_any(NOTES)
    show = Effect("show", "wall", {Do.YES: CommandTemplate("Show"), Do.NO: CommandTemplate("Hide")}, initially=Do.NO)
    hide = Effect("hide", "wall-2", {Do.YES: CommandTemplate("Show"), Do.NO: CommandTemplate("Hide")}, initially=Do.NO)
    is_doubled = DerivedColumn("doubled", (NOTES,), lambda notes: len(first_of_each(notes)) < len(notes))
    tables = [
        wanted(is_doubled, rows=[(True, {show: Do.YES}), (False, {show: Do.NO})]),
        wanted(is_doubled, rows=[(True, {hide: Do.NO}), (False, {hide: Do.YES})]),
    ]
    return proc(outcomes(is_doubled, rows=[(True, Out.OTHER), (False, Out.DONE)]), has, NOTES, wants=tables)


@case(Dose("i", "d1", 40, 8), Dose("i", "d2", 12, 9), Capped("i", 8))
def a_common_measure() -> Process:
    """The greatest common divisor of doses and the cap, which does not care for the order."""

    def measure(doses: Entries, cap: Entries) -> int:
        return reduce(gcd, [*(one["milligrams"] for one in doses.values()), *(one["cap"] for one in cap.values())], 0)

    return shown(DOSES, CAP, compute=measure)


@case(Dose("i", "d1", 40, 8), Dose("i", "d2", 12, 9), Late("i", "x"))
def a_closing_time_that_is_an_input() -> Process:
    """Closed by a message, after which the total is said once more with what comes later, too."""
    late, total = seen(Late), ComputedField("total", (DOSES,), lambda held: sum(v["milligrams"] for v in held.values()))
    bill = Effect("bill", "post", {Do.YES: CommandTemplate("Bill", computed=(total,))})
    table = wanted(late, rows=[(Y, {bill: Do.YES}), (N, {})])
    return proc(one_outcome(late), late, DOSES, wants=[table])


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "b", "a"), Linked("i", "l3", "c", "c"))
def links_that_are_returned() -> Process:
    """Friends for good: links whose opposite came, too, and a link to itself is its own opposite."""

    def mutual(links: Entries) -> frozenset[str]:
        pairs = {(one["source"], one["target"]) for one in links.values()}
        return frozenset(key for key, one in links.items() if (one["target"], one["source"]) in pairs)

    return chosen(LINKS, mutual, is_final=True, fields=("source", "target"))


@case(Dose("i", "d1", 400, 8), Dose("i", "d2", 700, 8), Dose("i", "d3", 700, 9))
def the_greatest_dose_with_the_earliest_hour() -> Process:
    """A pair of the greatest dose and its earliest hour: comparing by both leaves no tie that could be seen."""

    def top(doses: Entries) -> list[int]:
        greatest, hour = max((one["milligrams"], -one["hour"]) for one in doses.values())
        return [greatest, -hour]

    return shown(DOSES, compute=top)


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "bob"), Capped("i", 100))
def a_house_that_is_sold_at_a_price() -> Process:
    """Sold for good when all offers together reach the reserve, which has to be known; zero is a reserve."""
    sold = DerivedColumn(
        "sold",
        (OFFERS, CAP),
        lambda offers, cap: any(sum(v["cents"] for v in offers.values()) >= one["cap"] for one in cap.values()),
    )
    sell = for_good("sell", "notary")
    wants = wanted(sold, rows=[(True, {sell: Do.YES}), (False, {})])
    return proc(outcomes(sold, rows=[(True, Out.DONE), (False, Out.OPEN)]), OFFERS, CAP, wants=[wants])


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "bob"), Offered("i", "o3", 70, "ann"))
def losers_by_rank_with_a_switch() -> Process:
    """The leading offer is known only at the end: a switch says whether anyone leads alone."""
    selection = Selection("all", OFFERS, frozenset)

    def is_alone(offers: Entries) -> bool:
        amounts = sorted(one["cents"] for one in offers.values())
        return len(amounts) == 1 or (len(amounts) > 1 and amounts[-1] > amounts[-2])

    alone = DerivedColumn("alone", (OFFERS,), is_alone)
    thank = Effect("thank", "post", {Do.YES: CommandTemplate("Thank", OFFERS, ("cents",))}, final=frozenset({Do.YES}))
    wants = wanted(alone, rows=[(True, {thank: selection}), (False, {thank: selection})])
    return proc(outcomes(alone, rows=[(True, Out.DONE), (False, Out.OTHER)]), OFFERS, wants=[wants])
