"""Folds that keep the first of two spellings, and folds that look at what is known when they are asked."""

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from html import unescape
from posixpath import normpath
from typing import Any
from urllib.parse import unquote

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, shown
from tests.adversary.planted.eleventh_messages import (
    Corked,
    Donated,
    Dubbed,
    Due,
    Filmed,
    Known,
    Manual,
    Packed,
    Related,
    Ridden,
    Scored,
    Spotted,
    Tagged,
    Willed,
    corked,
    donated,
    dubbed,
    due,
    filmed,
    packed,
    related,
    ridden,
    scored,
    spotted,
    tagged,
    willed,
)


def _kept_by(known: Known, key: Any, text: str) -> Known:
    return known if str(key) in known else {**known, str(key): text}


ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def _roman(text: str) -> int:
    """The number of a numeral; a smaller letter before a greater one counts against it."""
    values = [ROMAN.get(letter, 0) for letter in text.lower()]
    return sum(-one if one < max(values[place:]) else one for place, one in enumerate(values))


@case(willed(1, "Eva", 1, "IV"), willed(2, "Ida", 1, "IIII"))
def articles_in_roman_numerals() -> Process:
    """Four is written in two ways."""
    return shown(
        Reducer(
            "articles",
            (Willed,),
            {},
            lambda known, fact: _kept_by(known, _roman(fact.fields["article"]), fact.fields["article"]),
        ),
    )


GRAMS = {"g": 1, "kg": 1_000, "t": 1_000_000}
WEIGHT = re.compile(r"(\d{1,6})\s?(g|kg|t)", re.ASCII)


def _grams(text: str) -> int:
    found = WEIGHT.fullmatch(text)
    return int(found[1]) * GRAMS[found[2]] if found else 0


def _heaviest_text(known: str, fact: Fact) -> str:
    return max([known, *(str(word) for word in fact.fields["words"])], key=_grams)


@case(tagged(1, "2 kg"), tagged(2, "2000 g"))
def the_heaviest_weight_on_a_tag() -> Process:
    """Kilos and grams of one weight."""
    return shown(Reducer("heaviest", (Tagged,), "", _heaviest_text))


DIGITS = str.maketrans("OIS", "015")


def _serial(known: Known, fact: Fact) -> Known:
    return _kept_by(known, fact.fields["name"].upper().translate(DIGITS), fact.fields["name"])


@case(corked(1, "CO1", 1), corked(2, "C0I", 1))
def serial_numbers_that_were_misread() -> Process:
    """A letter that looks like a digit is that digit."""
    return shown(Reducer("serials", (Corked,), {}, _serial))


def _anagrams(known: Known, fact: Fact) -> Known:
    letters = "".join(sorted(fact.fields["text"]))
    return _kept_by(known, letters, fact.fields["text"])


@case(dubbed(1, 0, 1, "listen"), dubbed(2, 1, 2, "silent"))
def lines_of_the_same_letters() -> Process:
    """Two words of the same letters are one, and the first one is kept."""
    return shown(Reducer("letters", (Dubbed,), {}, _anagrams))


def _paths(known: Known, fact: Fact) -> Known:
    return _kept_by(known, normpath(fact.fields["lift"]), fact.fields["lift"])


@case(ridden(1, "north/east", 1), ridden(2, "north//east/", 2))
def lifts_by_their_paths() -> Process:
    """A path with a further slash is the same path."""
    return shown(Reducer("paths", (Ridden,), {}, _paths))


def _titles(known: Known, fact: Fact) -> Known:
    return _kept_by(known, unescape(fact.fields["text"]), fact.fields["text"])


@case(dubbed(1, 0, 1, "salt & pepper"), dubbed(2, 1, 2, "salt &amp; pepper"))
def lines_with_entities() -> Process:
    """A line from the web and a line from the studio."""
    return shown(Reducer("titles", (Dubbed,), {}, _titles))


def _quoted(known: Known, fact: Fact) -> Known:
    plain = unquote(fact.fields["heir"].replace("+", " "))
    return _kept_by(known, plain, fact.fields["heir"])


@case(willed(1, "Eva Roth", 1), willed(2, "Eva+Roth", 1))
def heirs_from_an_address_line() -> Process:
    """A plus is a space in an address line."""
    return shown(Reducer("heirs", (Willed,), {}, _quoted))


def _hexed(known: Known, fact: Fact) -> Known:
    words = [word for word in fact.fields["words"] if re.fullmatch(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?", word)]
    for word in words:
        bare = word[1:].lower()
        known = _kept_by(known, bare if len(bare) == 6 else "".join(letter * 2 for letter in bare), word)
    return known


@case(tagged(1, "#fa0"), tagged(2, "#ffaa00"))
def colours_of_three_or_six_letters() -> Process:
    """Three letters are short for six."""
    return shown(Reducer("colours", (Tagged,), {}, _hexed))


RANK = "23456789TJQKA"


def _best_card(known: str, fact: Fact) -> str:
    return max([known, *map(str, fact.fields["words"])], key=lambda card: RANK.find(card[:1]) if card else -2)


@case(tagged(1, "K-hearts"), tagged(2, "K-spades"))
def the_best_card() -> Process:
    """Two kings are equal, and the first one stays."""
    return shown(Reducer("card", (Tagged,), "", _best_card))


def _dearest(known: str, fact: Fact) -> str:
    return max(known, str(fact.fields["price"]), key=Decimal)


@case(corked(1, "A", 1, "9.5"), corked(2, "B", 1, "9.50"))
def the_dearest_price_as_it_was_written() -> Process:
    """A trailing zero changes no price, but it is shown."""
    return shown(Reducer("dearest", (Corked,), "0", _dearest))


TOKYO = timezone(timedelta(hours=9))


def _local_day(known: Known, fact: Fact) -> Known:
    """The first bird of each day in Tokyo."""
    at = datetime.fromisoformat(fact.fields["at"])
    if at.tzinfo is None or not 1 < at.year < 9_999:
        return known
    return _kept_by(known, at.astimezone(TOKYO).date(), fact.fields["species"])


@case(spotted(1, "2030-04-07T14:00:00+00:00"), spotted(2, "2030-04-07T01:00:00+00:00", "robin"))
def the_bird_of_each_day_in_tokyo() -> Process:
    """Two birds of one day there, and the first one to be reported stays."""
    return shown(Reducer("birds", (Spotted,), {}, _local_day))


def _quarters(known: Known, fact: Fact) -> Known:
    year, month = fact.fields["on"][:4], int(fact.fields["on"][5:7])
    quarter = f"{year}/{(month - 1) // 3 + 1}"
    return known if known.get(quarter, 0) > 0 else {**known, quarter: fact.fields["amount"]}


@case(due(1, "2030-01-05", 5), due(2, "2030-03-05", 7))
def an_amount_for_each_quarter() -> Process:
    """The first amount of a quarter that is not zero stays."""
    return shown(Reducer("quarters", (Due,), {}, _quarters))


def _families(known: Known, fact: Fact) -> Known:
    """A child has the family name of its parent, as far as that is known."""
    parent, child = fact.fields["parent"], fact.fields["child"]
    return {**known, child: min(known.get(child, "~"), known.get(parent, parent))}


@case(related(1, "Eva", "Ida"), related(2, "Ida", "Ada"))
def names_that_are_handed_down() -> Process:
    """The grandchild is called after whoever was known above its parent."""
    return shown(Reducer("families", (Related,), {}, _families))


def _at_the_rate_of_the_day(known: Known, fact: Fact) -> Known:
    """The limit that was known when a bag came is noted with the bag."""
    if fact.kind is Manual:
        return {**known, "limit": fact.fields["limit"] or 0}
    bag = fact.fields["bag_id"]
    if bag in known["bags"]:
        return known
    return {**known, "bags": {**known["bags"], bag: min(fact.fields["ml"], known["limit"] or fact.fields["ml"])}}


@case(donated(1, "A", 450), Manual("i", 300))
def bags_by_the_limit_of_their_time() -> Process:
    """A bag before the manual counts in full."""
    bags = Reducer("bags", (Donated, Manual), {"limit": 0, "bags": {}}, _at_the_rate_of_the_day)
    return shown(bags, compute=lambda known: sum(known["bags"].values()))


def _changes(known: Known, fact: Fact) -> Known:
    """How often another lift was taken than before."""
    if fact.fields["ride_id"] in known["seen"]:
        return known
    seen = sorted([*known["seen"], fact.fields["ride_id"]])
    changed = known["changes"] + (fact.fields["lift"] != known["lift"])
    return {"seen": seen, "lift": fact.fields["lift"], "changes": changed}


@case(ridden(1, "east", 1), ridden(2, "west", 2), ridden(3, "east", 3))
def changes_of_the_lift() -> Process:
    """East, west, east is three changes, and east, east, west is two."""
    rides = Reducer("rides", (Ridden,), {"seen": [], "lift": "", "changes": 0}, _changes)
    return shown(rides, compute=lambda known: known["changes"])


def _print_line(known: str, fact: Fact) -> str:
    names = sorted({*known.split(", "), fact.fields["name"]} - {""})
    return ", ".join(names)


@case(corked(1, "Merlot, dry", 1), corked(2, "Syrah", 1))
def names_with_the_separator_inside() -> Process:
    """A name with a comma in it is two names when the next one comes."""
    return shown(Reducer("label", (Corked,), "", _print_line))


def _or_before(known: Known, fact: Fact) -> Known:
    """The seconds of each scene; zero means that they are not known."""
    scene = str(fact.fields["scene"])
    return {**known, scene: fact.fields["seconds"] or known.get(scene, 0)}


@case(filmed(1, 1, seconds=5), filmed(2, 1, seconds=9))
def seconds_unless_they_are_zero() -> Process:
    """The last number that is not zero counts."""
    return shown(Reducer("seconds", (Filmed,), {}, _or_before))


def _pieces(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    """A line for each article, with the most pieces, in place."""
    lines = [list(line) for line in known]
    for new in fact.fields["lines"]:
        for line in lines:
            if line[0] == new["article"]:
                line[1] = max(line[1], new["pieces"])
                break
        else:
            lines.append([new["article"], new["pieces"]])
    return sorted(lines, key=lambda line: -line[1])


@case(packed(1, nails=5), packed(2, bolts=5))
def articles_by_their_pieces() -> Process:
    """Two articles with as many pieces stay as they came."""
    return shown(Reducer("articles", (Packed,), [], _pieces))


def _bonus(known: Known, fact: Fact) -> Known:
    """A joker doubles what the team had until then."""
    team_points = dict(known)
    for team, points in sorted(fact.fields["points"].items()):
        before = team_points.get(team, 0)
        team_points[team] = before * 2 if points == 7 and before < 1_000 else max(before, points)
    return team_points


@case(scored(1, red=7), scored(2, red=4))
def a_joker_that_doubles() -> Process:
    """Seven is a joker, and doubles what was there before it."""
    return shown(Reducer("points", (Scored,), {}, _bonus))
