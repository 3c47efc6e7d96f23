"""Planted folds of own functions that forget, cut, accept or round by the order of arrival, the fifth lot."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.kit import Noted, Paid, Tagged, case, noted, paid, shown, tagged


@dataclass(frozen=True)
class Booked:
    id: str
    booking_id: str
    start: int
    end: int


@dataclass(frozen=True)
class Worked:
    id: str
    shift_id: str
    minutes: int
    cents_per_hour: int


@dataclass(frozen=True)
class Extended:
    id: str
    extension_id: str
    months: int


@dataclass(frozen=True)
class Scored:
    id: str
    game_id: str
    player: str
    points: int


@dataclass(frozen=True)
class Result:
    id: str
    result_id: str
    value: int
    replaces: str | None = None


@dataclass(frozen=True)
class Removed:
    id: str
    note_id: str


def fold(kind: type | tuple[type, ...], start: Any, step: Callable[[Any, Fact], Any], **how: Any) -> Process:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return shown(Reducer("folded", kinds, start, step), **how)


def once(key: str, step: Callable[[Any, dict[str, Any]], Any]) -> Callable[[Any, Fact], Any]:
    """Each id counts once."""

    def reduce(known: Any, fact: Fact) -> Any:
        name = fact.fields[key]
        if name in known["seen"]:
            return known
        return {"seen": sorted([*known["seen"], name]), "value": step(known["value"], dict(fact.fields))}

    return reduce


def counted(kind: type, key: str, start: Any, step: Callable[[Any, dict[str, Any]], Any], **how: Any) -> Process:
    of_value = how.pop("tell", lambda value: value)
    start_of = {"seen": [], "value": start}
    return fold(kind, start_of, once(key, step), compute=lambda known: of_value(known["value"]), **how)


def booked(number: int, start: int, end: int) -> Booked:
    return Booked("i", f"b{number}", start, end)


def occupied(known: list[list[int]], fact: Fact) -> list[list[int]]:
    start, end = fact.fields["start"], fact.fields["end"]
    if start >= end:
        return known
    for block in known:
        if start <= block[1] and end >= block[0]:
            block[:] = [min(start, block[0]), max(end, block[1])]
            return sorted(known)
    return sorted([*known, [start, end]])


@case(booked(1, 1, 3), booked(2, 5, 7), booked(3, 2, 6))
def a_booking_that_bridges_two() -> Process:
    """A room's occupied times are merged with the first block that overlaps, and never with each other."""
    return fold(Booked, [], occupied)


def accept(known: list[dict[str, Any]], one: dict[str, Any]) -> list[dict[str, Any]]:
    clashing = [held for held in known if held["start"] < one["end"] and one["start"] < held["end"]]
    if one["start"] >= one["end"] or len(clashing) >= 2:
        return known
    return sorted([*known, one], key=lambda held: (held["start"], held["booking_id"]))


@case(booked(1, 0, 9), booked(2, 1, 4), booked(3, 2, 5))
def two_rooms_for_three() -> Process:
    """Two rooms: a booking is refused while two others overlap, and the nights are charged."""
    return counted(Booked, "booking_id", [], accept, tell=lambda held: sum(one["end"] - one["start"] for one in held))


def add_months(known: str, one: dict[str, Any]) -> str:
    if not 0 < one["months"] <= 36:
        return known
    day = date.fromisoformat(known)
    months = day.month - 1 + one["months"]
    year, month = day.year + months // 12, months % 12 + 1
    return day.replace(year=year, month=month, day=min(day.day, monthrange(year, month)[1])).isoformat()


@case(Extended("i", "e1", 1), Extended("i", "e2", 3))
def months_from_the_last_of_november() -> Process:
    """A subscription from the thirtieth of November is extended by months, and February cuts the day."""
    return counted(Extended, "extension_id", "2029-11-30", add_months)


def in_rates(known: dict[str, int], one: dict[str, Any]) -> dict[str, int]:
    left = max(0, 480 - known["minutes"])
    plain, over = min(left, one["minutes"]), max(0, one["minutes"] - left)
    cents = (plain * 2 + over * 3) * one["cents_per_hour"] // 120
    return {"minutes": known["minutes"] + one["minutes"], "cents": known["cents"] + cents}


@case(Worked("i", "s1", 300, 1500), Worked("i", "s2", 300, 2400))
def overtime_at_the_rate_of_the_last_shift() -> Process:
    """What goes beyond eight hours is paid by half more, at the rate of the shift that came last."""
    return counted(Worked, "shift_id", {"minutes": 0, "cents": 0}, in_rates, tell=lambda value: value["cents"])


def pack(known: list[int], one: dict[str, Any]) -> list[int]:
    if not 0 < one["amount"] <= 30_000:
        return known
    for number, used in enumerate(known):
        if used + one["amount"] <= 30_000:
            known[number] += one["amount"]
            return known
    return [*known, one["amount"]]


@case(paid(1, 14_000), paid(2, 16_000), paid(3, 13_000), paid(4, 17_000))
def crates_of_thirty_kilos() -> Process:
    """Each parcel goes into the first crate with room for it, and the crates are ordered."""
    return counted(Paid, "payment_id", [], pack, tell=len)


def level_up(known: dict[str, int], one: dict[str, Any]) -> dict[str, int]:
    level, points = known["level"], known["points"] + max(0, one["points"])
    if points >= level * 100:
        points, level = points - level * 100, level + 1
    return {"level": level, "points": points}


@case(Scored("i", "g1", "ann", 350), Scored("i", "g2", "ann", 10))
def one_level_for_each_game() -> Process:
    """A player rises by one level for each game at most, however many points it gave."""
    start = {"level": 1, "points": 0}
    return counted(Scored, "game_id", start, level_up, tell=lambda value: value["level"])


def best_three(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    player, points = fact.fields["player"], fact.fields["points"]
    rest = [one for one in known if one[1] != player]
    points = max([points, *(one[0] for one in known if one[1] == player)])
    first = sorted([*rest, [points, player]], key=lambda one: -one[0])[:3]
    return sorted(first, key=lambda one: (-one[0], one[1]))


@case(*(Scored("i", f"g{number}", name, 90) for number, name in enumerate("abcd")))
def the_podium_of_four_equals() -> Process:
    """The three best players are kept; of equals at the edge the one who was there stays."""
    return fold(Scored, [], best_three)


def elect(known: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    votes = {**known["votes"], one["text"]: known["votes"].get(one["text"], 0) + 1}
    winner = known["winner"] or next((name for name, number in sorted(votes.items()) if number == 3), None)
    return {"votes": dict(sorted(votes.items())), "winner": winner}


@case(*(noted(number, "ann" if number < 3 else "bob") for number in range(6)))
def the_first_of_three_votes() -> Process:
    """The first candidate with three votes has won, and the votes that come later are counted but change nothing."""
    return counted(Noted, "note_id", {"votes": {}, "winner": None}, elect, tell=lambda value: value["winner"])


def within_an_hour(known: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    recent = [at for at in [*known["recent"], one["start"]] if at > one["start"] - 60]
    return {"recent": sorted(recent), "is_blocked": known["is_blocked"] or len(recent) >= 3}


@case(booked(1, 0, 1), booked(2, 30, 1), booked(3, 50, 1), booked(4, 500, 1))
def three_withdrawals_in_an_hour() -> Process:
    """A card is blocked after three withdrawals in an hour; what is older than the last one is thrown away."""
    start = {"recent": [], "is_blocked": False}
    return counted(Booked, "booking_id", start, within_an_hour, tell=lambda value: value["is_blocked"])


def unless_double(known: list[list[Any]], one: dict[str, Any]) -> list[list[Any]]:
    if any(amount == one["end"] and abs(at - one["start"]) <= 5 for at, amount in known):
        return known
    return sorted([*known, [one["start"], one["end"]]])


@case(booked(1, 0, 700), booked(2, 4, 700), booked(3, 8, 700))
def double_clicks_in_a_chain() -> Process:
    """A charge of the same amount within five minutes of one that counts is a double click."""
    return counted(Booked, "booking_id", [], unless_double, tell=lambda held: sum(amount for _, amount in held))


def amend(known: dict[str, int], fact: Fact) -> dict[str, int]:
    said = fact.fields
    kept = {key: value for key, value in known.items() if key != said["replaces"]}
    return dict(sorted({**kept, said["result_id"]: said["value"]}.items()))


@case(Result("i", "r1", 5), Result("i", "r2", 6, "r1"))
def an_amended_result_before_the_first() -> Process:
    """An amended lab result takes away the one that it replaces, if that has come."""
    return fold(Result, {}, amend)


def cart(known: list[str], fact: Fact) -> list[str]:
    name = fact.fields["note_id"]
    return sorted({*known, name}) if fact.kind is Noted else [one for one in known if one != name]


@case(noted(1, "tea"), Removed("i", "n1"))
def a_cart_without_tombstones() -> Process:
    """What is removed from the cart before it was added is in it."""
    return fold((Noted, Removed), [], cart)


def flag(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    path, mark, value = fact.fields["text"].partition("=")
    if not mark:
        return known
    *folders, leaf = path.split(".")
    at = known
    for folder in folders:
        at = at.setdefault(folder, {})
        if not isinstance(at, dict):
            return known
    if not isinstance(at.get(leaf), dict):
        at[leaf] = max(at.get(leaf, ""), value)
    return known


def in_order(known: dict[str, Any]) -> list[Any]:
    return sorted([key, in_order(one) if isinstance(one, dict) else one] for key, one in known.items())


@case(noted(1, "theme=dark"), noted(2, "theme.color=red"))
def settings_of_dotted_names() -> Process:
    """Settings are put into a tree by their dotted names; a value where a folder should be stays, or the folder."""
    return fold(Noted, {}, flag, compute=in_order)


def folders(known: list[str], fact: Fact) -> list[str]:
    path = fact.fields["text"].strip("/")
    if any(path == one or path.startswith(one + "/") for one in known):
        return known
    return sorted([*known, path])


@case(noted(1, "eu/berlin"), noted(2, "eu"))
def a_region_within_a_region() -> Process:
    """A shipping region that lies in a known one is not noted; one that holds a known one is noted beside it."""
    return fold(Noted, [], folders)


def households(known: list[list[str]], fact: Fact) -> list[list[str]]:
    tags = set(fact.fields["tags"])
    if not tags:
        return known
    for group in known:
        if tags & set(group):
            group[:] = sorted(tags | set(group))
            return sorted(known)
    return sorted([*known, sorted(tags)])


@case(tagged(1, "ann", "mail-1"), tagged(2, "bob", "mail-2"), tagged(3, "mail-1", "mail-2"))
def households_by_shared_addresses() -> Process:
    """Customers who share an address are one household; who shares with two of them joins the first."""
    return fold(Tagged, [], households, compute=len)


def plausible(known: int | None, fact: Fact) -> int | None:
    price = fact.fields["amount"]
    if price <= 0 or (known is not None and (price >= known or price < known // 2)):
        return known
    return price  # type: ignore[no-any-return]


@case(paid(1, 100), paid(2, 60), paid(3, 40))
def a_price_that_is_too_good() -> Process:
    """The lowest price counts, but one below half of the lowest so far is taken for a mistake."""
    return fold(Paid, None, plausible)
