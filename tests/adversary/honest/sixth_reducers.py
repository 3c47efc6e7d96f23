"""Reducers whose fold is the same in every order, near to others whose fold is not."""

from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from saga import DerivedColumn, Fact, Process, Reducer
from tests.adversary.kit import case, granted, proc, shown, yes_no
from tests.adversary.planted.sixth_helpers import (
    CHARGES,
    Bid,
    Charge,
    Label,
    Line,
    Name,
    Reading,
    Return,
    Small,
    Vote,
    bid,
    charge,
    label,
    line,
    reading,
    reducer_of,
    returned,
    vote,
)


def best_bid(known: list[Any], fact: Fact) -> list[Any]:
    return max(known, [fact.fields["cents"], fact.fields["bidder"]])


@case(bid(1, 900), bid(2, 900), bid(3, 0))
def the_best_bid_with_a_rule_for_ties() -> Process:
    """Of two equal bids the one of the greater name wins."""
    return shown(Reducer("best", (Bid,), [], best_bid))


def dosed(known: list[int], fact: Fact) -> list[int]:
    return sorted({*known, fact.fields["day"]})


@case(reading(1, 1, 5), reading(2, 3, 5), reading(3, 20, 5), reading(4, 20, 6))
def doses_compared_with_all_others() -> Process:
    """The set of days is kept, and the alarm is for any two that are close."""
    days = Reducer("days", (Reading,), [], dosed)

    def is_close(held: list[int]) -> bool:
        return any(later - earlier < 4 for earlier, later in pairwise(held))

    return proc(yes_no(DerivedColumn("close", (days,), is_close)), days)


class Stay(BaseModel):
    id: str
    stay_id: Name
    first: Small
    last: Small


def stay(number: int, first: int, last: int) -> Stay:
    return Stay(id="i", stay_id=f"s{number}", first=first, last=last)


def merged(known: list[list[int]], fact: Fact) -> list[list[int]]:
    first, last = sorted([fact.fields["first"], fact.fields["last"]])
    touching = [one for one in known if one[0] <= last and first <= one[1]]
    joined = [min([first, *(one[0] for one in touching)]), max([last, *(one[1] for one in touching)])]
    return sorted([*(one for one in known if one not in touching), joined])


@case(stay(1, 1, 3), stay(2, 5, 7), stay(3, 2, 6), stay(4, 9, 8))
def stays_merged_with_all_others() -> Process:
    """A stay is merged with all that it touches, and one that is given backwards is turned."""
    return shown(Reducer("stays", (Stay,), [], merged))


class SameAs(BaseModel):
    id: str
    link_id: Name
    one: Name
    other: Name


def grouped(known: list[list[str]], fact: Fact) -> list[list[str]]:
    pair = {fact.fields["one"], fact.fields["other"]}
    touched = [group for group in known if pair & set(group)]
    joined = sorted(pair.union(*touched))
    return sorted([*(group for group in known if group not in touched), joined])


@case(
    SameAs(id="i", link_id="k1", one="anna", other="a.smith"),
    SameAs(id="i", link_id="k2", one="as@x", other="as@y"),
    SameAs(id="i", link_id="k3", one="a.smith", other="as@x"),
    SameAs(id="i", link_id="k4", one="bob", other="bob"),
)
def accounts_grouped_with_all_matches() -> Process:
    """A link joins all groups that it touches."""
    return shown(Reducer("groups", (SameAs,), [], grouped))


class Offered(BaseModel):
    id: str
    article: Name
    revision: Small
    cents: Small


class Withdrawn(BaseModel):
    id: str
    article: Name
    revision: Small


def listed(known: dict[str, list[int]], fact: Fact) -> dict[str, list[int]]:
    article = fact.fields["article"]
    new = [fact.fields["revision"], int(fact.kind is Withdrawn), fact.fields.get("cents", 0)]
    return {**known, article: max(new, known.get(article, new))}


def for_sale(known: dict[str, list[int]]) -> dict[str, int]:
    return {name: cents for name, (_, is_withdrawn, cents) in known.items() if not is_withdrawn}


@case(
    Offered(id="i", article="hat", revision=1, cents=500),
    Offered(id="i", article="hat", revision=2, cents=600),
    Withdrawn(id="i", article="hat", revision=2),
)
def an_offer_withdrawn_with_a_trace() -> Process:
    """What was withdrawn is kept with its revision, and of one revision the withdrawal counts, or the higher price."""
    return shown(Reducer("listed", (Offered, Withdrawn), {}, listed), compute=for_sale)


def spread(known: list[int], fact: Fact) -> list[int]:
    units = fact.fields["units"]
    return [min([units, *known]), max([units, *known])]


@case(reading(1, 1, 30), reading(2, 2, 50), reading(3, 2, 0))
def a_low_and_a_high() -> Process:
    """Each reading can be both the lowest and the highest."""
    return shown(Reducer("spread", (Reading,), [], spread))


def in_coins(known: int, fact: Fact) -> int:
    return (known + int(fact.fields["cents"]) + 2) // 5 * 5


@case(charge(1, 2), charge(2, 3), charge(3, 6), charge(4, 0))
def a_sum_rounded_to_coins_at_each_step() -> Process:
    """The sum before is a whole number of coins, so each charge is rounded alone; a register keeps ids apart."""
    return shown(reducer_of(in_coins, 0, Charge), CHARGES, compute=lambda held, _: held["value"])


def top_three(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    new = [-fact.fields["cents"], fact.fields["bid_id"], fact.fields["bidder"]]
    return known if new in known else sorted([*known, new])[:3]


@case(bid(1, 50), bid(2, 50), bid(3, 50), bid(4, 90))
def the_best_three_with_a_rule_for_ties() -> Process:
    """The best three by amount, id and name: who was pushed out once never gets back."""
    return shown(Reducer("three", (Bid,), [], top_three))


def baskets(known: dict[str, list[str]], fact: Fact) -> dict[str, list[str]]:
    if fact.kind is Line:
        return {**known, "added": sorted({*known["added"], fact.fields["line_id"]})}
    return {**known, "removed": sorted({*known["removed"], fact.fields["charge_id"]})}


@case(line(1, "hat", 1), line(2, "cap", 1), returned(1, "l1", 0), returned(2, "l9", 0))
def a_basket_of_two_sets() -> Process:
    """What was added and what was removed are two sets, and their difference is computed at the end."""
    basket = Reducer("basket", (Line, Return), {"added": [], "removed": []}, baskets)
    return shown(basket, compute=lambda held: sorted(set(held["added"]) - set(held["removed"])))


class Counted(BaseModel):
    id: str
    device: Name
    sequence: Small


def newest_of_each(known: dict[str, int], fact: Fact) -> dict[str, int]:
    device = fact.fields["device"]
    return {**known, device: max(known.get(device, 0), fact.fields["sequence"])}


@case(
    Counted(id="i", device="a", sequence=3),
    Counted(id="i", device="a", sequence=2),
    Counted(id="i", device="b", sequence=0),
)
def counters_of_devices() -> Process:
    """Each device counts for itself, its greatest number is kept, and the sum of those is sent."""
    return shown(Reducer("counters", (Counted,), {}, newest_of_each), compute=lambda held: sum(held.values()))


def flags(known: int, fact: Fact) -> int:
    return known | int(fact.fields["pieces"])


@case(line(1, "a", 5), line(2, "b", 6), line(3, "c", 0))
def flags_joined_by_or() -> Process:
    """The bits of all lines, each of which is set once."""
    return shown(Reducer("flags", (Line,), 0, flags))


def least_set(known: int | None, fact: Fact) -> int:
    cents = int(fact.fields["cents"])
    return cents if known is None else min(known, cents)


@case(charge(1, 0), charge(2, 700), charge(3, 5))
def a_least_price_that_may_be_zero() -> Process:
    """Nothing is None here, and zero is a price like any other."""
    return shown(Reducer("least", (Charge,), None, least_set))


def longest(known: list[Any], fact: Fact) -> list[Any]:
    text = fact.fields["text"].strip()
    return max(known, [len(text), text])


@case(label(1, "Main Street"), label(2, "MAIN STREET"), label(3, " "), label(4, "Main Street "))
def the_longest_spelling_with_a_rule_for_ties() -> Process:
    """Of equally long spellings the greater text is kept."""
    return shown(Reducer("longest", (Label,), [], longest))


def first_spellings(known: dict[str, str], fact: Fact) -> dict[str, str]:
    text = fact.fields["text"].strip()
    return {**known, text.lower(): min(text, known.get(text.lower(), text))}


@case(label(1, "Fragile"), label(2, "fragile"), label(3, "cold "), label(4, ""))
def the_least_spelling_of_each_word() -> Process:
    """Of the spellings of a word the least is kept, whichever came first."""
    return shown(Reducer("words", (Label,), {}, first_spellings))


def ballots(known: dict[str, str], fact: Fact) -> dict[str, str]:
    voter, choice = fact.fields["voter"], fact.fields["choice"]
    return {**known, voter: max(choice, known.get(voter, choice))}


@case(vote("u1", "yes"), vote("u1", "no"), vote("u2", "no"), vote("u3", "abstain"))
def ballots_of_which_the_greater_word_counts() -> Process:
    """Who votes twice counts with the greater word, which is "yes" before "no"."""
    box = Reducer("ballots", (Vote,), {}, ballots)
    return granted(box, judge=lambda held: [*held.values()].count("yes") >= 1)


def booked(known: dict[str, int], fact: Fact) -> dict[str, int]:
    kind = "charge" if fact.kind is Charge else "return"
    name, cents = f"{kind} {fact.fields[f'{kind}_id']}", fact.fields["cents"]
    return {**known, name: max(cents, known.get(name, 0))}


def balance(known: dict[str, int]) -> int:
    return sum(cents if name.startswith("charge ") else -cents for name, cents in known.items())


@case(charge(1, 500), returned(1, "c1", 200), charge(2, 0))
def books_with_ids_of_each_kind() -> Process:
    """Each id has its kind in front, so a charge and a return with one id are two."""
    return shown(Reducer("books", (Charge, Return), {}, booked), compute=balance)


class Spread(BaseModel):
    id: str
    parts: dict[Name, Small]
    tags: list[Name]


def widest(known: dict[str, int], fact: Fact) -> dict[str, int]:
    merged_parts = dict(known)
    for name, value in fact.fields["parts"].items():
        merged_parts[name] = max(value, merged_parts.get(name, 0))
    for tag in fact.fields["tags"]:
        merged_parts.setdefault(tag, 0)
    return merged_parts


@case(
    Spread(id="i", parts={"a": 3}, tags=["b", "b"]),
    Spread(id="i", parts={"a": 1, "b": 2}, tags=[]),
    Spread(id="i", parts={}, tags=["a"]),
)
def a_mapping_joined_by_the_greatest_values() -> Process:
    """Of each part the greatest value is kept, and a tag is a part of at least zero."""
    return shown(Reducer("parts", (Spread,), {}, widest))
