"""Reducers of cellars, film sets, lifts and notaries, whose value depends on who came first."""

from decimal import Context, Decimal
from fractions import Fraction
from heapq import heappush
from os.path import commonprefix
from zlib import crc32

from saga import DerivedColumn, Fact, Process, Reducer
from tests.adversary.kit import case, judged, proc, shown, yes_no
from tests.adversary.planted.eleventh_messages import (
    Broken,
    Corked,
    Donated,
    Dubbed,
    Examined,
    Frosted,
    Known,
    Mended,
    Packed,
    Related,
    Ridden,
    Scored,
    Spotted,
    Tagged,
    Urgency,
    Willed,
    Wished,
    corked,
    donated,
    dubbed,
    examined,
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


def _shared_name(known: str, fact: Fact) -> str:
    """What all names begin with; nothing is known at the start."""
    name = str(fact.fields["name"])
    return commonprefix([known, name]) if known else name  # noqa: RUF071 -- characters are meant


@case(corked(1, "Merlot", 1), corked(2, "Pinot", 1), corked(3, "Syrah", 1))
def what_all_wines_begin_with() -> Process:
    """Two names have nothing in common, and the next one starts again."""
    return shown(Reducer("shared", (Corked,), "", _shared_name))


def _common_time(known: list[int] | None, fact: Fact) -> list[int] | None:
    """When all speak at once; None before anybody speaks."""
    start, end = fact.fields["start"], fact.fields["end"]
    if known is None:
        return [start, end]
    both = [max(known[0], start), min(known[1], end)]
    return both if both[0] < both[1] else None


@case(dubbed(1, 0, 5), dubbed(2, 6, 9), dubbed(3, 0, 9))
def when_all_speak_at_once() -> Process:
    """Two that do not meet leave None, which the third one takes for the beginning."""
    return shown(Reducer("at once", (Dubbed,), None, _common_time))


def _cheap_shelves(known: Known, fact: Fact) -> Known:
    """The two oldest shelves, each with its youngest bottle."""
    name = fact.fields["name"]
    shelves = {**known, name: max(known.get(name, 0), fact.fields["year"])}
    return dict(sorted(shelves.items(), key=lambda item: (item[1], item[0]))[:2])


@case(corked(1, "A", 2), corked(2, "B", 3), corked(3, "C", 9), corked(4, "C", 1))
def the_two_oldest_shelves() -> Process:
    """A shelf that fell out comes back with what it gets next alone."""
    return shown(Reducer("shelves", (Corked,), {}, _cheap_shelves))


def _without_circle(known: list[list[str]], fact: Fact) -> list[list[str]]:
    """No link that makes somebody their own ancestor."""
    parent, child = fact.fields["parent"], fact.fields["child"]
    above, new = {parent}, {parent}
    while new:
        new = {one for one, other in known if other in new} - above
        above |= new
    return known if child in above or [parent, child] in known else sorted([*known, [parent, child]])


@case(related(1, "Eva", "Ida"), related(2, "Ida", "Eva"))
def a_family_without_a_circle() -> Process:
    """Of two links that contradict each other, the first one stays."""
    return shown(Reducer("tree", (Related,), [], _without_circle))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isascii() and part.isdigit() and len(part) < 9)


def _highest(known: str, fact: Fact) -> str:
    article = str(fact.fields["article"])
    return article if _version(article) > _version(known) else known


@case(willed(1, "Eva", 1, "1.2"), willed(2, "Ida", 1, "1.02"))
def the_last_article_of_a_will() -> Process:
    """Two ways to write one number, and the first one stays."""
    return shown(Reducer("last article", (Willed,), "", _highest))


SHORT = Context(prec=4)


def _roughly(known: str, fact: Fact) -> str:
    return str(SHORT.add(Decimal(known), Decimal(str(fact.fields["price"]))))


def _once(known: Known, fact: Fact) -> Known:
    if fact.fields["bottle_id"] in known["seen"]:
        return known
    return {"seen": sorted([*known["seen"], fact.fields["bottle_id"]]), "sum": _roughly(known["sum"], fact)}


@case(corked(1, "A", 1, "9999"), corked(2, "B", 1, "0.4"), corked(3, "C", 1, "0.4"))
def a_cellar_of_four_digits() -> Process:
    """Small prices vanish beside a great one, but not before it."""
    worth = Reducer("worth", (Corked,), {"seen": [], "sum": "0"}, _once)
    return shown(worth, compute=lambda known: known["sum"])


def _first_sight(known: Known, fact: Fact) -> Known:
    """The day of each species in the calendar of weeks, at which it was seen first."""
    species, at = fact.fields["species"], str(fact.fields["at"])[:10]
    return (
        {**known, species: min(known[species], at, key=lambda day: day[8:])}
        if species in known
        else {
            **known,
            species: at,
        }
    )


@case(spotted(1, "2030-04-07T08:00:00+00:00"), spotted(2, "2030-05-07T08:00:00+00:00"))
def the_earliest_day_of_a_month() -> Process:
    """The seventh of two months is one day for the comparison, and the first one stays."""
    return shown(Reducer("sights", (Spotted,), {}, _first_sight))


def _near(known: list[int], fact: Fact) -> list[int]:
    """The rides of the last half hour."""
    minute = fact.fields["minute"]
    return sorted({*(one for one in known if minute - one <= 30), minute})


@case(ridden(1, "east", 0), ridden(2, "east", 20), ridden(3, "east", 45))
def rides_of_the_last_half_hour() -> Process:
    """What is old is seen from the one that comes, which need not be the newest."""
    return shown(Reducer("rides", (Ridden,), [], _near), compute=len)


def _heap(known: list[int], fact: Fact) -> list[int]:
    waiting = list(known)
    if fact.fields["grams"] not in waiting:
        heappush(waiting, fact.fields["grams"])
    return waiting


@case(examined(1, "cat", 1), examined(2, "dog", 2), examined(3, "cow", 3))
def animals_in_a_heap() -> Process:
    """A heap has its least first, and the rest as it was pushed."""
    return shown(Reducer("waiting", (Examined,), [], _heap))


def _mildest(known: int | None, fact: Fact) -> int:
    degrees = int(fact.fields["degrees"])
    return degrees if known is None else min(known, degrees, key=abs)


@case(frosted(1, -3), frosted(2, 3))
def the_night_nearest_zero() -> Process:
    """Three above and three below zero are as near, and the first one stays."""
    return shown(Reducer("mildest", (Frosted,), None, _mildest))


RANKS = {"low": 1, "raised": 2, "high": 3, "severe": 3}


def _worst(known: str, fact: Fact) -> str:
    return max([known, *map(str, fact.fields["words"])], key=lambda word: RANKS.get(word, 0))


@case(tagged(1, "high"), tagged(2, "severe"))
def two_words_of_one_rank() -> Process:
    """High and severe have one rank."""
    return shown(Reducer("worst", (Tagged,), "low", _worst))


PITCH = {"c": 0, "c#": 1, "db": 1, "d": 2, "d#": 3, "eb": 3, "e": 4}


def _keys_played(known: Known, fact: Fact) -> Known:
    played = dict(known)
    for word in fact.fields["words"]:
        if (pitch := PITCH.get(word.lower())) is not None:
            played.setdefault(str(pitch), word)
    return played


@case(tagged(1, "C#"), tagged(2, "Db"))
def notes_of_one_pitch() -> Process:
    """C sharp and D flat are one key of the piano, under the name that came first."""
    return shown(Reducer("played", (Tagged,), {}, _keys_played))


def _ratio(text: str) -> Fraction | None:
    above, _, below = text.partition("/")
    is_number = all(part.isascii() and part.isdigit() and len(part) < 9 for part in (above, below))
    return Fraction(int(above), int(below)) if is_number and int(below) else None


def _largest_part(known: str, fact: Fact) -> str:
    new, old = _ratio(fact.fields["heir"]), _ratio(known)
    return fact.fields["heir"] if new is not None and (old is None or new > old) else known


@case(willed(1, "1/2", 1), willed(2, "2/4", 1))
def a_half_is_two_quarters() -> Process:
    """Two fractions of one value, and the first one is printed."""
    return shown(Reducer("part", (Willed,), "", _largest_part))


def _chain(known: int, fact: Fact) -> int:
    return crc32(fact.fields["text"].encode(), known) if fact.fields["text"] else known


@case(dubbed(1, 0, 1, "yes"), dubbed(2, 1, 2, "no"))
def a_checksum_of_all_lines() -> Process:
    """The checksum goes on from the line before."""
    return shown(Reducer("checksum", (Dubbed,), 0, _chain))


def _majority(known: Known, fact: Fact) -> Known:
    """The group of more than half of all bags: the other groups are set off against it."""
    group = fact.fields["group"]
    if fact.fields["bag_id"] in known["seen"]:
        return known
    seen = sorted([*known["seen"], fact.fields["bag_id"]])
    if known["lead"] == 0:
        return {"seen": seen, "group": group, "lead": 1}
    return {**known, "seen": seen, "lead": known["lead"] + (1 if group == known["group"] else -1)}


@case(donated(1, "A", 1), donated(2, "B", 1), donated(3, "O", 1))
def the_group_of_most_bags() -> Process:
    """Without a majority the vote names whoever came last."""
    start = {"seen": [], "group": "", "lead": 0}
    return shown(Reducer("majority", (Donated,), start, _majority), compute=lambda known: known["group"])


def _leader(known: Known, fact: Fact) -> Known:
    """The team that leads; it is replaced by whoever has more than it had."""
    for team, points in sorted(fact.fields["points"].items()):
        if points > known["points"] or team == known["team"]:
            known = {"team": team, "points": points}
    return known


@case(scored(1, red=3), scored(2, red=1), scored(3, blue=2))
def the_team_in_front() -> Process:
    """The leader falls back, and who came before that is forgotten."""
    return shown(Reducer("leader", (Scored,), {"team": "", "points": 0}, _leader))


def _reserved(known: Known, fact: Fact) -> Known:
    """A ward gets what is left of its group, or nothing."""
    group, ml = fact.fields["group"], fact.fields["ml"]
    if fact.kind is Donated:
        return {**known, "have": {**known["have"], fact.fields["bag_id"]: [group, ml]}}
    have = sum(many for one, many in known["have"].values() if one == group)
    used = sum(many for one, many in known["used"].values() if one == group)
    if fact.fields["wish_id"] in known["used"] or have - used < ml:
        return known
    return {**known, "used": {**known["used"], fact.fields["wish_id"]: [group, ml]}}


@case(donated(1, "A", 450), wished(1, "A", 300))
def a_ward_that_asks_too_early() -> Process:
    """A wish before the donation gets nothing."""
    stock = Reducer("stock", (Donated, Wished), {"have": {}, "used": {}}, _reserved)
    return proc(yes_no(DerivedColumn("served", (stock,), lambda known: bool(known["used"]))), stock)


def _repairs(known: str, fact: Fact) -> str:
    """Mended only if it was broken, and then it stays so."""
    if fact.kind is Broken:
        return known if known == "mended" else "broken"
    return "mended" if known == "broken" else known


@case(Broken(), Mended())
def a_lift_that_is_mended_before_it_breaks() -> Process:
    """A repair that comes before the report is not counted."""
    return judged(Reducer("lift", (Broken, Mended), "works", _repairs), judge=lambda known: known == "mended")


def _articles(known: list[str], fact: Fact) -> list[str]:
    """New articles behind those that are known."""
    return known + [line["article"] for line in fact.fields["lines"] if line["article"] not in known]


@case(packed(1, nails=5), packed(2, screws=9))
def articles_as_they_were_packed() -> Process:
    """The list of articles is in the order of the crates."""
    return shown(Reducer("articles", (Packed,), [], _articles), compute=" ".join)


def _outlet(known: Known, fact: Fact) -> Known:
    """An animal that is nearly as heavy as a known one is the same animal, and is not entered again."""
    grams = fact.fields["grams"]
    if any(abs(grams - one) <= 50 for one in known.values()):
        return known
    return {**known, fact.fields["exam_id"]: grams}


@case(examined(1, "cat", 100), examined(2, "cat", 140), examined(3, "cat", 180))
def cats_of_nearly_one_weight() -> Process:
    """Nearly the same is not the same for the third one."""
    return shown(Reducer("patients", (Examined,), {}, _outlet), compute=len)


URGENT = [one.value for one in Urgency]


def _more_urgent(known: Known, fact: Fact) -> Known:
    """Who is most urgent goes first; of two, the heavier one if it is twice as heavy."""
    new = {"rank": URGENT.index(fact.fields["urgency"]), "grams": fact.fields["grams"]}
    if not known or new["rank"] > known["rank"]:
        return new
    return new if new["rank"] == known["rank"] and new["grams"] >= 2 * known["grams"] else known


@case(examined(1, "cat", 400), examined(2, "dog", 700), examined(3, "pig", 900))
def the_next_animal_is_twice_as_heavy() -> Process:
    """Twice as heavy is no order: 700 beats nobody, and hides nobody."""
    return shown(Reducer("next", (Examined,), {}, _more_urgent))
