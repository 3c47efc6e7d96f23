"""Reducers that fold in a way that looks as if the order mattered."""

import hashlib
from typing import Any

from saga import CommandTemplate, ComputedField, DerivedColumn, Effect, Fact, Process, Reducer, outcomes, wanted
from tests.adversary.honest.fifth_helpers import (
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
from tests.adversary.kit import A, B, C, D, Do, E, Late, Noted, Out, case, granted, has_any, judged, proc, shown


@case(Dose("i", "d1", 40, 8), Dose("i", "d2", 12, 9), Dose("i", "d3", 99, 9))
def least_and_greatest() -> Process:
    """Both ends of what was seen, with null before anything came."""

    def widen(known: list[int | None], fact: Fact) -> list[int]:
        value = fact.fields["milligrams"]
        return [min(value, *(v for v in known if v is not None), value), max(value, *(v or 0 for v in known))]

    return shown(Reducer("ends", (Dose,), [None, None], widen))


@case(Dose("i", "d1", 40, 8), Dose("i", "d2", 12, 8), Dose("i", "d3", 99, 9))
def the_most_for_each_hour() -> Process:
    """A mapping from the hour to its greatest dose."""

    def fold(known: dict[str, int], fact: Fact) -> dict[str, int]:
        hour = f"{fact.fields['hour']:02}"
        return {**known, hour: max(known.get(hour, 0), fact.fields["milligrams"])}

    return shown(Reducer("hours", (Dose,), {}, fold))


@case(Dose("i", "d1", 40, 8), Dose("i", "d2", 12, 8), Dose("i", "d3", 99, 9))
def a_sum_that_knows_its_parts() -> Process:
    """Each dose is kept under its id, so a repeat counts once; the first fields of an id stay the least."""

    def fold(known: dict[str, int], fact: Fact) -> dict[str, int]:
        key = fact.fields["dose_id"]
        return {**known, key: max(known.get(key, 0), fact.fields["milligrams"])}

    return judged(Reducer("parts", (Dose,), {}, fold), judge=lambda parts: sum(parts.values()) >= 100)


@case(Graded("i", "e1", "F", 2020), Graded("i", "e2", "A", 2021), Graded("i", "e3", "B", 2021))
def the_newest_grade_and_ties() -> Process:
    """The newest by year, then by grade and exam, so no tie is left to the order."""

    def newest(known: list[Any], fact: Fact) -> list[Any]:
        return max(known, [fact.fields["year"], fact.fields["grade"], fact.fields["exam_id"]])

    return shown(Reducer("newest", (Graded,), [0, "", ""], newest))


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "bob"), Withdrawn("i", "o2"))
def offers_less_those_withdrawn() -> Process:
    """Two sets, of which the withdrawn ones are never taken out, but looked at when it is computed."""

    def fold(known: dict[str, list[str]], fact: Fact) -> dict[str, list[str]]:
        name = "out" if fact.kind is Withdrawn else "in"
        return {**known, name: sorted({*known[name], fact.fields["offer_id"]})}

    def standing(known: dict[str, list[str]]) -> list[str]:
        return [key for key in known["in"] if key not in known["out"]]

    return shown(Reducer("offers", (Offered, Withdrawn), {"in": [], "out": []}, fold), compute=standing)


@case(Offered("i", "o1", 50, "ann"), Offered("i", "o2", 70, "bob"), Withdrawn("i", "o2"))
def a_tombstone_outlives() -> Process:
    """A withdrawn offer becomes a tombstone that no offer replaces."""

    def fold(known: dict[str, bool], fact: Fact) -> dict[str, bool]:
        key = fact.fields["offer_id"]
        return {**known, key: known.get(key, True) and fact.kind is Offered}

    return shown(
        Reducer("offers", (Offered, Withdrawn), {}, fold), compute=lambda known: [k for k, v in known.items() if v]
    )


@case(A(), B(), C(), D())
def bits_of_what_came() -> Process:
    """One bit for each class, joined by or."""
    bits: dict[type, int] = {A: 1, B: 2, C: 4, D: 8}
    return judged(
        Reducer("bits", (A, B, C, D), 0, lambda known, fact: known | bits[fact.kind]),
        judge=lambda known: known.bit_count() >= 2,
    )


@case(A(), B(), C())
def a_level_by_maximum() -> Process:
    """The level of the highest alarm, whatever comes after it."""
    levels = {A: "1-green", B: "2-amber", C: "3-red"}
    level = Reducer("level", (A, B, C), "0-none", lambda known, fact: max(known, levels[fact.kind]))  # type: ignore[index]
    return granted(level, judge=lambda known: known >= "2-amber")


@case(A(), B(), C())
def parity_of_different_classes() -> Process:
    """A set of classes, of which an odd number came; a counter would count duplicates."""
    came = Reducer("came", (A, B, C), [], lambda known, fact: sorted({*known, fact.kind.__name__}))
    return granted(came, judge=lambda known: len(known) % 2 == 1, is_final=False)


@case(Noted("i", "n1", "x y"), Noted("i", "n2", "y Z"), Noted("i", "n3", ""))
def words_of_all_notes() -> Process:
    """All words, each once and sorted, as a list that grows for good."""

    def fold(known: list[str], fact: Fact) -> list[str]:
        return sorted({*known, *fact.fields["text"].split()})

    return shown(Reducer("words", (Noted,), [], fold), is_cumulative=True, is_final=True)


@case(Noted("i", "n1", "x y"), Noted("i", "n2", "y Z"), Noted("i", "n3", ""))
def a_digest_of_all_notes() -> Process:
    """A digest is made of the sorted notes at the end, and not folded one into the next."""

    def fold(known: list[list[str]], fact: Fact) -> list[list[str]]:
        new = [fact.fields["note_id"], fact.fields["text"]]
        return sorted([*known, new]) if new not in known else known

    def digest(known: list[list[str]]) -> str:
        return hashlib.sha256(repr(known).encode()).hexdigest()

    return shown(Reducer("notes", (Noted,), [], fold), compute=digest)


@case(Cited("i", "p1", ["Kim", "Lee"]), Cited("i", "p2", ["Lee"]), Cited("i", "p3", []))
def how_often_authors_appear() -> Process:
    """For each author the papers, from which the number is computed."""

    def fold(known: dict[str, list[str]], fact: Fact) -> dict[str, list[str]]:
        made = dict(known)
        for name in fact.fields["authors"]:
            made[name] = sorted({*made.get(name, []), fact.fields["paper_id"]})
        return made

    return shown(
        Reducer("papers", (Cited,), {}, fold), compute=lambda known: {name: len(of) for name, of in known.items()}
    )


@case(Ranged("i", "r1", 1, 5), Ranged("i", "r2", 4, 9), Ranged("i", "r3", 20, 11))
def spans_melted_together() -> Process:
    """Overlapping spans are melted into one at once, which comes to the same in every order."""

    def melt(known: list[list[int]], fact: Fact) -> list[list[int]]:
        start, end = fact.fields["start"], fact.fields["end"]
        if start > end:
            return known
        apart = []
        for low, high in known:
            if high < start or end < low:
                apart.append([low, high])
            else:
                start, end = min(start, low), max(end, high)
        return sorted([*apart, [start, end]])

    return shown(Reducer("melted", (Ranged,), [], melt))


@case(Sighted("i", "s1", "owl", 2), Sighted("i", "s2", "elk", 1), Sighted("i", "s3", "fox", 3))
def the_three_greatest() -> Process:
    """The three greatest of all sightings: what falls out can never come back in."""

    def top(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
        new = [fact.fields["number"], fact.fields["species"], fact.fields["sighting_id"]]
        return known if new in known else sorted([*known, new], reverse=True)[:3]

    return shown(Reducer("top", (Sighted,), [], top))


@case(Temper("i", "t1", 0.1), Temper("i", "t2", -0.0), Temper("i", "t3", 5.0))
def the_greatest_degree_as_text() -> Process:
    """Whether it ever froze, and whether it ever boiled."""

    def fold(known: list[bool], fact: Fact) -> list[bool]:
        degrees = fact.fields["degrees"]
        return [known[0] or degrees < 0, known[1] or degrees >= 100]

    return judged(Reducer("ever", (Temper,), [False, False], fold), judge=any)


@case(Linked("i", "l1", "a", "b"), Linked("i", "l2", "b", "c"), Linked("i", "l3", "c", "a"))
def a_closure_of_links() -> Process:
    """All pairs that can be reached, closed after each link; ten names at most are kept by the alphabet at the end."""

    def close(known: list[list[str]], fact: Fact) -> list[list[str]]:
        pairs = {(one, two) for one, two in known} | {(fact.fields["source"], fact.fields["target"])}
        while new := {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs:
            pairs |= new
        return sorted([one, two] for one, two in pairs)

    return shown(Reducer("closure", (Linked,), [], close), compute=lambda known: known[:10])


@case(Capped("i", 5), Dose("i", "d1", 40, 8), Dose("i", "d2", 2, 9))
def a_cap_that_may_come_last() -> Process:
    """Doses are kept as they are, and are capped by what is known at the end."""

    def fold(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.kind is Capped:
            return {**known, "cap": min(known["cap"], fact.fields["cap"])}
        doses = {tuple(one) for one in known["doses"]} | {(fact.fields["dose_id"], fact.fields["milligrams"])}
        return {**known, "doses": sorted(doses)}

    kept = Reducer("kept", (Capped, Dose), {"cap": 10_000, "doses": []}, fold)
    return shown(kept, compute=lambda known: sum(min(one[1], known["cap"]) for one in known["doses"]))


@case(Booked("i", "b1", "cash", 50), Booked("i", "b2", "bank", -50), Booked("i", "b3", "cash", -20))
def a_reminder_while_in_debt() -> Process:
    """Debits and credits in two mappings by their ids, and a reminder that can be taken back."""

    def fold(known: dict[str, dict[str, int]], fact: Fact) -> dict[str, dict[str, int]]:
        side = "debit" if fact.fields["cents"] < 0 else "credit"
        key, cents = fact.fields["entry_id"], fact.fields["cents"]
        return {**known, side: {**known[side], key: max(known[side].get(key, cents), cents)}}

    sides = Reducer("sides", (Booked,), {"debit": {}, "credit": {}}, fold)
    return granted(
        sides,
        judge=lambda known: sum(known["debit"].values()) + sum(known["credit"].values()) < 0,
        is_final=False,
    )


@case(A(), B(), E(), Late("i"))
def a_pair_in_any_order() -> Process:
    """A and B together open a gate for good, kept in one fold, while E and a late message only annotate it."""

    def fold(known: dict[str, bool], fact: Fact) -> dict[str, bool]:
        return {**known, fact.kind.__name__: True}

    both = Reducer("both", (A, B, E, Late), {}, fold)
    gate = for_good("gate")
    is_open = DerivedColumn("open", (both,), lambda known: known.get("A", False) and known.get("B", False))
    has = has_any(both)
    said = ComputedField("notes", (both,), lambda known: sorted(known.keys() - {"A", "B"}))
    label = Effect("label", "wall", {Do.YES: CommandTemplate("Label", computed=(said,))})
    wants = [
        wanted(is_open, rows=[(True, {gate: Do.YES}), (False, {})]),
        wanted(has, rows=[(Y, {label: Do.YES}), (N, {})]),
    ]
    return proc(outcomes(is_open, rows=[(True, Out.DONE), (False, Out.OTHER)]), has, both, wants=wants)
