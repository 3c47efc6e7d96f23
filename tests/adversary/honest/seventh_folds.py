"""Folds that are joins: the greatest, the least, a union, or sums of what is known by its id."""

from collections.abc import Mapping
from math import gcd
from typing import Any

from saga import DerivedColumn, Fact, Process, Reducer, Register, outcomes
from tests.adversary.kit import Noted, Out, case, has_any, noted, proc, shown, yes_no
from tests.adversary.planted.seventh_messages import (
    Approved,
    Bid,
    Chatted,
    Claimed,
    Documented,
    Dosed,
    Listed,
    MeterRead,
    Moved,
    Moving,
    Packed,
    Patched,
    Place,
    Rated,
    RateSet,
    Sold,
    Visited,
    Voted,
    by_id,
    folded,
)

Fields = Mapping[str, Any]


@case(Bid("i", "b1", "ann", 10), Bid("i", "b2", "bob", 10), Bid("i", "b3", "cy", 9))
def the_best_bid_by_all_its_fields() -> Process:
    """Of equal bids the names decide, so no two that differ are equal."""

    def best(known: list[Any], fact: Fact) -> list[Any]:
        return max(known, [fact.fields["cents"], fact.fields["bidder"], fact.fields["bid_id"]])

    return folded([-1, "", ""], best, Bid)


@case(*(Bid("i", f"b{number}", "ann", number // 2) for number in range(5)))
def the_three_best_bids() -> Process:
    """The three greatest of a set of different triples are those of the three greatest and one more."""

    def best(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
        new = (fact.fields["cents"], fact.fields["bidder"], fact.fields["bid_id"])
        return [list(one) for one in sorted({*(tuple(old) for old in known), new})[-3:]]

    return folded([], best, Bid)


@case(Claimed("i", "c1", "4a", "ann", 3), Claimed("i", "c2", "4a", "bob", 3), Claimed("i", "c3", "4b", "ann", 1))
def each_seat_to_its_earliest_claim() -> Process:
    """For each seat the least of minute, passenger and id is kept."""

    def seat(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        claim = [fact.fields["minute"], fact.fields["passenger"], fact.fields["claim_id"]]
        return {**known, fact.fields["seat"]: min(known.get(fact.fields["seat"], claim), claim)}

    return folded({}, seat, Claimed)


def _chat(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    name = fact.fields["message"]
    if fact.fields["kind"] == "delete":
        return {**known, "deleted": sorted({*known["deleted"], name})}
    text = [fact.fields["version"], fact.fields["text"]]
    return {**known, "texts": {**known["texts"], name: max(known["texts"].get(name, text), text)}}


@case(
    Chatted("i", "e1", "m", "post", "hi"),
    Chatted("i", "e2", "m", "edit", "ho", 1),
    Chatted("i", "e3", "m", "delete", ""),
)
def a_deleted_post_stays_deleted() -> Process:
    """Deleted names are a set that only grows, and the greatest version of each text is kept beside it."""

    def read(chat: dict[str, Any]) -> dict[str, str]:
        return {name: text for name, (_, text) in chat["texts"].items() if name not in chat["deleted"]}

    return shown(Reducer("chat", (Chatted,), {"texts": {}, "deleted": []}, _chat), compute=read)


@case(Patched("i", "p1", 1, phone="1"), Patched("i", "p2", 1, phone="2"), Patched("i", "p3", 2, email="e"))
def a_version_for_each_field() -> Process:
    """Each field has the version of its own, and of equal versions the greater text counts."""

    def patch(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        news = {key: [fact.fields["version"], fact.fields[key]] for key in ("phone", "email")}
        given = {key: value for key, value in news.items() if value[1] is not None}
        return {**known, **{key: max(known.get(key, value), value) for key, value in given.items()}}

    return folded({}, patch, Patched)


def _roles(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, f"{fact.fields['role']} {fact.fields['person']}"})


@case(Approved("i", "a1", "ann"), Approved("i", "a2", "ann", "manager"), Approved("i", "a3", "bob", "manager"))
def a_clerk_and_another_manager() -> Process:
    """All pairs of role and person are kept, and it is judged whether two persons have the two roles."""

    def judge(known: list[str]) -> bool:
        clerks = [one.partition(" ")[2] for one in known if one.startswith("clerk ")]
        managers = [one.partition(" ")[2] for one in known if one.startswith("manager ")]
        return any(clerk != manager for clerk in clerks for manager in managers)

    store = Reducer("roles", (Approved,), [], _roles)
    return proc(yes_no(DerivedColumn("two persons", (store,), judge)), store)


def _longest(days: list[int]) -> int:
    best = length = 0
    for number, day in enumerate(days):
        length = length + 1 if number and day == days[number - 1] + 1 else 1
        best = max(best, length)
    return best


@case(Visited("i", "v1", 1), Visited("i", "v2", 3), Visited("i", "v3", 2), Visited("i", "v4", 3))
def the_longest_streak_of_all_days() -> Process:
    """The days are a set, and the streak is counted in it afterwards."""
    store = Reducer("days", (Visited,), [], lambda known, fact: sorted({*known, fact.fields["day"]}))
    return shown(store, compute=_longest)


def _joined(sessions: list[list[int]]) -> list[list[int]]:
    made: list[list[int]] = []
    for first, last in sorted(sessions):
        if made and first <= made[-1][1] + 5:
            made[-1] = [made[-1][0], max(made[-1][1], last)]
        else:
            made.append([first, last])
    return made


@case(Visited("i", "v1", 1), Visited("i", "v2", 9), Visited("i", "v3", 5), Visited("i", "v4", 20))
def sessions_that_are_bridged() -> Process:
    """All sessions are joined again with each visit, so a late one between two makes them one."""
    return folded([], lambda known, fact: _joined([*known, [fact.fields["day"]] * 2]), Visited)


@case(Packed("i", "a", 12), Packed("i", "b", 18), Packed("i", "c", 27))
def the_common_unit_of_weights() -> Process:
    """The greatest common divisor is the same in every sequence, and with every repeat."""
    return folded(0, lambda known, fact: gcd(known, fact.fields["grams"]), Packed)


@case(Dosed("i", "d1", 50, 5), Dosed("i", "d2", 10, 7), Dosed("i", "d3", 30, 7))
def from_the_first_dose_to_the_last() -> Process:
    """The least and the greatest minute, of nothing at first."""

    def span(known: list[int], fact: Fact) -> list[int]:
        minute: int = fact.fields["minute"]
        return [min(known[0], minute), max(known[1], minute)] if known else [minute, minute]

    return folded([], span, Dosed)


@case(noted(1, "Anna"), noted(2, "ANNA"), noted(3, "bob"))
def spellings_by_the_least() -> Process:
    """Names that are equal in small letters are one, with the least of the spellings."""

    def add(known: dict[str, str], fact: Fact) -> dict[str, str]:
        text: str = fact.fields["text"][:40]
        return {**known, text.lower(): min(known.get(text.lower(), text), text)}

    return folded({}, add, Noted)


@case(Moving("i", "n1", Place("A", "x"), "1"), Moving("i", "n2", Place("B"), "1"), Moving("i", "n3", Place("A"), ""))
def the_latest_address_as_a_whole() -> Process:
    """The greatest of time, street and city is kept, so two addresses are never mixed."""

    def move(known: list[str], fact: Fact) -> list[str]:
        return max(known, [fact.fields["since"], fact.fields["to"]["street"], fact.fields["to"]["city"]])

    return folded(["", "", ""], move, Moving)


@case(Moved("i", "m1", 5), Moved("i", "m2", -8), Moved("i", "m3", 4))
def stock_cut_off_at_the_end() -> Process:
    """The movements are kept by their ids, the greater of two with one id, and the sum is cut off when it is sent."""

    def book(known: dict[str, int], fact: Fact) -> dict[str, int]:
        key, delta = fact.fields["move_id"], fact.fields["delta"]
        return {**known, key: max(known.get(key, delta), delta)}

    return shown(Reducer("stock", (Moved,), {}, book), compute=lambda known: max(0, sum(known.values())))


@case(Moved("i", "m1", 5), Moved("i", "m2", -8), Moved("i", "m2", -8), Moved("i", "m2", 3))
def a_sum_beside_a_register() -> Process:
    """Each id counts once, and a register refuses a second message with the id of another."""
    store = Reducer("sum", (Moved,), {"seen": [], "value": 0}, by_id("move_id", lambda sum_, f: sum_ + f["delta"]))
    moves = Register("moves", Moved, "move_id")
    is_low = DerivedColumn("is low", (store, moves), lambda sum_, moves: bool(moves) and sum_["value"] < 0)
    return proc(yes_no(is_low), store, moves)


@case(Voted("i", "v1", "ann", "red", 7), Voted("i", "v2", "ann", "blue", 7), Voted("i", "v3", "bob", "red", 1))
def the_last_vote_of_each_voter() -> Process:
    """Of each voter the greatest of minute and choice counts, and of equal choices the first by name wins."""

    def vote(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        mine = [fact.fields["minute"], fact.fields["choice"]]
        return {**known, fact.fields["voter"]: max(known.get(fact.fields["voter"], mine), mine)}

    def winner(votes: dict[str, Any]) -> str:
        choices = [choice for _, choice in votes.values()]
        return min(choices, key=lambda one: (-choices.count(one), one), default="")

    return shown(Reducer("votes", (Voted,), {}, vote), compute=winner)


@case(RateSet("i", "usd", 900), RateSet("i", "usd", 800), Sold("i", "s1", 1_000, "usd"), Sold("i", "s2", 7, "gbp"))
def converted_when_it_is_sent() -> Process:
    """The greatest rate of each currency and the greatest sale of each id are kept apart, and joined when sent."""

    def keep(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        part, name = ("rates", "currency") if fact.kind is RateSet else ("sales", "sale_id")
        value = fact.fields["permille"] if fact.kind is RateSet else [fact.fields["cents"], fact.fields["currency"]]
        old = known[part].get(fact.fields[name], value)
        return {**known, part: {**known[part], fact.fields[name]: max(old, value)}}

    def tell(known: dict[str, Any]) -> int:
        return sum(cents * known["rates"].get(currency, 1_000) // 1_000 for cents, currency in known["sales"].values())

    return shown(Reducer("kept", (RateSet, Sold), {"rates": {}, "sales": {}}, keep), compute=tell)


@case(Listed("i", "l1", ["a", "b"]), Listed("i", "l2", []), Listed("i", "l3", ["b", "c", "c"]))
def lines_as_a_sorted_set() -> Process:
    """Lists are joined as sets and sorted, and an empty one adds nothing."""
    return folded([], lambda known, fact: sorted({*known, *fact.fields["lines"]}), Listed)


@case(Documented("i", "d1", "passport", is_valid=True), Documented("i", "d2", "passport", is_valid=False))
def a_bad_document_marks_its_kind() -> Process:
    """Accepted and refused kinds are two sets, and a refused kind is never accepted."""

    def check(known: dict[str, list[str]], fact: Fact) -> dict[str, list[str]]:
        part = "good" if fact.fields["is_valid"] else "bad"
        return {**known, part: sorted({*known[part], fact.fields["kind"]})}

    store = Reducer("papers", (Documented,), {"good": [], "bad": []}, check)
    return shown(store, compute=lambda known: sorted({*known["good"]} - {*known["bad"]}))


@case(MeterRead("i", "r1", 0, 500), MeterRead("i", "r2", 60, 540), MeterRead("i", "r3", 60, 520))
def use_between_two_readings() -> Process:
    """The first and the last reading by minute and units are kept, and the difference is never below zero."""

    def read(known: list[list[int]], fact: Fact) -> list[list[int]]:
        new = [fact.fields["minute"], fact.fields["units"]]
        return [min([*known, new]), max([*known, new])]

    store = Reducer("readings", (MeterRead,), [], read)
    return shown(store, compute=lambda known: max(0, known[1][1] - known[0][1]) if known else 0)


@case(Rated("i", "r1", 5), Rated("i", "r2", 2), Rated("i", "r3", 5))
def stars_as_a_set_of_bits() -> Process:
    """Which stars were given is a set of bits, and giving one again changes nothing."""
    store = Reducer("bits", (Rated,), 0, lambda known, fact: known | 1 << fact.fields["stars"])
    has = has_any(store)
    is_split = DerivedColumn("is split", (store,), lambda bits: bits & 0b100010 == 0b100010)
    return proc(outcomes(is_split, has, rule=lambda split, _: Out.DONE if split else Out.OTHER), has, store)
