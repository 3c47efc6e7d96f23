"""Conditions, selections and fields of wills, wards and cellars that are final too early, or stay as they were."""

from fractions import Fraction
from statistics import median_low

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Register,
    all_of,
    both,
    count,
    each,
    every,
    greatest,
    has,
    least,
    total,
    wanted,
    without_partner,
)
from tests.adversary.kit import Commands, Do, case, chosen, granted, has_any, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.eleventh_messages import (
    BAGS,
    BOTTLES,
    CLAUSES,
    CRATES,
    CUES,
    DUES,
    EXAMS,
    LINKS,
    MANUALS,
    NIGHTS,
    RIDES,
    SCORES,
    SHOTS,
    SPOTS,
    TAGGED,
    WISHES,
    Manual,
    Urgency,
    corked,
    donated,
    dubbed,
    due,
    examined,
    filmed,
    frosted,
    packed,
    related,
    ridden,
    scored,
    spotted,
    tagged,
    willed,
    wished,
)


def _adds_up(held: Entries) -> bool:
    return sum(int(one["share"]) for one in held.values()) == 100


@case(willed(1, "Eva", 60), willed(2, "Ida", 40), willed(3, "Ada", 10))
def a_will_that_adds_up() -> Process:
    """Shares of a hundred are complete, and a further clause is too much."""
    return granted(CLAUSES, judge=_adds_up)


def _eldest(held: Entries, links: Entries) -> frozenset[str]:
    children = {one["child"] for one in links.values()}
    return frozenset(key for key, one in held.items() if one["heir"] not in children)


@case(willed(1, "Ida", 60), related(1, "Eva", "Ida"))
def heirs_without_a_parent() -> Process:
    """The parent of an heir becomes known later."""
    return chosen(CLAUSES, _eldest, LINKS, is_final=True)


def _newest_of_each(held: Entries) -> frozenset[str]:
    newest: dict[str, str] = {}
    for key, one in held.items():
        if one["animal"] not in newest or one["grams"] > held[newest[one["animal"]]]["grams"]:
            newest[one["animal"]] = key
    return frozenset(newest.values())


@case(examined(1, "cat", 1), examined(2, "cat", 2))
def the_heaviest_exam_of_each_animal() -> Process:
    """A heavier cat is examined later, and the letter is out."""
    return chosen(EXAMS, _newest_of_each, is_final=True)


@case(corked(1, "A", 5), corked(2, "B", 3))
def the_year_in_the_middle() -> Process:
    """The middle may fall."""
    return shown(
        BOTTLES,
        compute=lambda held: median_low(one["year"] for one in held.values()),
        is_cumulative=True,
        is_final=True,
    )


def _balanced(held: Entries) -> bool:
    scenes = {one["scene"] for one in held.values()}
    return bool(scenes) and all(
        sum(1 if one["good"] else -1 for one in held.values() if one["scene"] == scene) >= 0 for scene in scenes
    )


@case(filmed(1, 1), filmed(2, 1, good=False), filmed(3, 2, good=False))
def scenes_with_as_many_good_shots() -> Process:
    """A bad shot tips the balance."""
    return granted(SHOTS, judge=_balanced)


def _free(bags: Entries, wishes: Entries) -> list[str]:
    return sorted({one["group"] for one in bags.values()} - {one["group"] for one in wishes.values()})


@case(donated(1, "A", 1), wished(1, "A", 1))
def groups_that_nobody_wishes() -> Process:
    """A wish takes a group from the list."""
    return shown(BAGS, WISHES, compute=_free, is_cumulative=True, is_final=True)


def _left(held: Entries) -> dict[str, int]:
    return {
        group: 10_000 - sum(one["ml"] for one in held.values() if one["group"] == group)
        for group in sorted({one["group"] for one in held.values()})
    }


@case(donated(1, "A", 500), donated(2, "A", 400))
def room_for_each_group() -> Process:
    """The room becomes less with every bag."""
    return shown(BAGS, compute=_left, is_cumulative=True, is_final=True)


def _unique(held: Entries) -> frozenset[str]:
    words = ["".join(one["text"].split()).casefold() for one in held.values()]
    return frozenset(key for key, word in zip(held, words, strict=True) if words.count(word) == 1)


@case(dubbed(1, 0, 1, "Good day"), dubbed(2, 5, 6, "gooD Day"))
def lines_that_are_said_once() -> Process:
    """The line is said again in other letters."""
    return chosen(CUES, _unique, is_final=True)


@case(donated(1, "A", 500), donated(2, "B", 300))
def a_box_of_whole_bottles() -> Process:
    """A volume that is a multiple of half a litre is packed, and the next bag spoils it."""
    return granted(BAGS, judge=lambda held: bool(held) and sum(one["ml"] for one in held.values()) % 500 == 0)


def _two_thirds(held: Entries) -> bool:
    return bool(held) and Fraction(sum(one["good"] for one in held.values()), len(held)) >= Fraction(2, 3)


@case(filmed(1, 1), filmed(2, 1, good=False))
def two_thirds_are_good() -> Process:
    """The first shot is good, and the second one is not."""
    return granted(SHOTS, judge=_two_thirds)


def _steady(held: Entries) -> bool:
    levels = [one["degrees"] for one in held.values()]
    return len(levels) > 1 and max(levels) - min(levels) < 5


@case(frosted(1, 1), frosted(2, 3), frosted(3, 9))
def a_greenhouse_that_stays_as_it_was() -> Process:
    """Granted for steady nights, and named in no other row."""
    return granted(NIGHTS, judge=_steady, is_final=False, is_complete=False)


def _grouped(held: Entries) -> str:
    return f"{sum(one['ml'] for one in held.values()):,}"


@case(donated(1, "A", 600), donated(2, "A", 700))
def millilitres_with_a_comma() -> Process:
    """A sum of more than a thousand is written with a comma, and is a number no more."""
    return shown(BAGS, compute=_grouped, is_cumulative=True, is_final=True)


def _last_day(held: Entries) -> str:
    return max((one["on"] for one in held.values()), default="")


@case(due(1, "2030-01-01"), due(2, "2030-02-01"))
def the_last_day_to_pay() -> Process:
    """A later day is greater, but it is a text."""
    return shown(DUES, compute=_last_day, is_cumulative=True, is_final=True)


def _heaviest(held: Entries) -> list[list[object]]:
    best: dict[str, int] = {}
    for one in held.values():
        best[one["animal"]] = max(best.get(one["animal"], 0), one["grams"])
    return [[animal, best[animal]] for animal in sorted(best)]


@case(examined(1, "cat", 1), examined(2, "cat", 2))
def pairs_of_animal_and_weight() -> Process:
    """A pair with a greater weight is another item of the list."""
    return shown(EXAMS, compute=_heaviest, is_cumulative=True, is_final=True)


@case(donated(1, "A", 600), donated(2, "A", 100))
def a_large_bag_is_given_twice() -> Process:
    """Every bag is given, and large bags are given by another effect, too."""
    has = has_any(BAGS)
    give: Commands = {Do.YES: CommandTemplate("Give", BAGS, ("bag_id",))}
    first, second = (Effect(name, "ward", give) for name in ("give", "give-large"))
    large = DerivedColumn.of("large", count(BAGS, where=each("ml") > 500) >= 1)
    return proc(
        one_outcome(has),
        has,
        BAGS,
        wants=[
            wanted_in(has, first, YES=every(BAGS)),
            wanted(large, rows=[(True, {second: every(BAGS)}), (False, {})]),
        ],
    )


@case(willed(1, "Eva", 5, "1"), willed(2, "Ida", 5, "b"))
def the_last_article_in_print() -> Process:
    """The greatest text is no growing number."""
    has = has_any(CLAUSES)
    field = ComputedField.of("last", greatest(CLAUSES, "article"), is_cumulative=True)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=(field,))}, final=frozenset({Do.YES}))
    return proc(one_outcome(has), has, CLAUSES, wants=[wanted_in(has, note, YES=Do.YES)])


def _granted_for(column: DerivedColumn, *parts: Register) -> Process:
    commands: Commands = {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("TakeBack")}
    grant = Effect("grant", "desk", commands, final=frozenset({Do.YES}), initially=Do.NO)
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {grant: Do.NO})])
    return proc(one_outcome(column), *parts, wants=[table])


@case(ridden(1, "east", 5), ridden(2, "west", 9), ridden(3, "north", 9))
def a_pass_for_two_lifts() -> Process:
    """A text of two names is there with two lifts, and another one with three."""
    return _granted_for(
        DerivedColumn("two lifts", (RIDES,), lambda held: len({one["lift"] for one in held.values()}) == 2), RIDES
    )


@case(corked(1, "A", 5), corked(2, "B", 3), Manual("i", 4))
def a_cellar_that_is_old_enough() -> Process:
    """The oldest bottle is younger than the limit, until an older one comes."""
    return _granted_for(DerivedColumn.of("young", least(BOTTLES, "year") >= 4), BOTTLES, MANUALS)


@case(examined(1, "cat", 5), Manual("i", 4))
def a_weight_below_a_limit_presumed() -> Process:
    """Without a manual the limit is a hundred."""

    def light(held: Entries, rules: Entries) -> bool:
        limit = next((one["limit"] for one in rules.values()), None)
        return bool(held) and all(one["grams"] <= (100 if limit is None else limit) for one in held.values())

    return granted(EXAMS, MANUALS, judge=light)


@case(willed(1, "Eva", 5), related(1, "Ann", "Eva"))
def heirs_that_are_no_child() -> Process:
    """The partner of an entry comes after it."""
    selection = without_partner(CLAUSES, "heir", LINKS, "child")
    has = has_any(CLAUSES)
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give", CLAUSES, ("heir",))}, final=frozenset({Do.YES}))
    return proc(one_outcome(has), has, CLAUSES, LINKS, wants=[wanted_in(has, give, YES=selection)])


@case(wished(1, "A", 300), wished(2, "A", 400))
def a_courier_between_two_sums() -> Process:
    """From 300 to 302 a courier goes, and otherwise nothing is said of the courier."""
    column = DerivedColumn.of("some", total(WISHES, "ml").is_one_of(300, 301, 302))
    courier = Effect("courier", "road", {Do.YES: CommandTemplate("Drive")})
    return proc(one_outcome(column), WISHES, wants=[wanted(column, rows=[(True, {courier: Do.YES}), (False, {})])])


@case(tagged(1, "red"), tagged(2, "red", "big"))
def the_words_that_all_tags_have() -> Process:
    """The common words become fewer, and the printed ones stay."""

    def common(held: Entries) -> list[str]:
        return sorted(set.intersection(*(set(one["words"]) for one in held.values()))) if held else []

    return shown(TAGGED, compute=common, is_cumulative=True, is_final=True)


@case(scored(1, red=3), scored(2, blue=4))
def a_cup_for_who_leads() -> Process:
    """The cup goes to the team with the most points, by name if two have as many."""

    def best(held: Entries) -> frozenset[str]:
        sums: dict[str, int] = {}
        for one in held.values():
            for team, points in one["points"].items():
                sums[team] = sums.get(team, 0) + points
        leader = min(sums, key=lambda team: (-sums[team], team), default=None)
        return frozenset(key for key, one in held.items() if leader in one["points"])

    return chosen(SCORES, best, is_final=True)


@case(packed(1, nails=5), packed(2, nails=7, bolts=1))
def crates_with_what_no_other_has() -> Process:
    """Another crate with the same article arrives."""

    def alone(held: Entries) -> frozenset[str]:
        articles = {key: {line["article"] for line in one["lines"]} for key, one in held.items()}
        return frozenset(
            key
            for key in held
            if articles[key] and not any(articles[key] & articles[one] for one in held if one != key)
        )

    return chosen(CRATES, alone, is_final=True)


@case(spotted(1, "2030-04-07T23:30:00+00:00"), spotted(2, "2030-04-08T00:30:00+02:00"))
def birds_of_one_day_by_their_texts() -> Process:
    """The first bird of a day by text: two time zones make two days of one evening, and the earlier text wins."""

    def first(held: Entries) -> frozenset[str]:
        return frozenset({min(held, key=lambda key: (held[key]["at"], key))}) if held else frozenset()

    return chosen(SPOTS, first, is_final=True)


@case(examined(1, "cat", 5, Urgency.SOON), examined(2, "dog", 5, Urgency.NOW))
def nobody_is_urgent() -> Process:
    """Calm is what all are, as a list of one member."""
    column = DerivedColumn.of("one", count(EXAMS, where=each("urgency").equals("now")).equals(0))
    quiet = Effect("quiet", "desk", {Do.YES: CommandTemplate("Rest")})
    return proc(one_outcome(column), EXAMS, wants=[wanted(column, rows=[(True, {quiet: Do.YES}), (False, {})])])


@case(corked(1, "A", 5), corked(2, "B", 6), corked(3, "A", 7))
def a_shelf_of_one_name() -> Process:
    """One name is on the label until there is a second one."""
    column = DerivedColumn.of("label", both(has(BOTTLES), all_of(BOTTLES, each("name").equals("A"))))
    label = Effect("label", "desk", {Do.YES: CommandTemplate("Label")})
    return proc(one_outcome(column), BOTTLES, wants=[wanted(column, rows=[(True, {label: Do.YES}), (False, {})])])
