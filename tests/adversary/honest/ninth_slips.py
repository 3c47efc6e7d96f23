"""What looks like a slip, and holds in every order and for every value."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, Field

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    bands,
    every,
    total,
    wanted,
)
from tests.adversary.kit import (
    NOTES,
    Do,
    Out,
    by,
    case,
    chosen,
    has_any,
    judged,
    noted,
    one_outcome,
    proc,
    shown,
    wanted_in,
)
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    DRAWS,
    EVENTS,
    OFFERS,
    PLEDGES,
    REPAYMENTS,
    STAYS,
    VOTES,
    WITHDRAWALS,
    Dated,
    Known,
    Metered,
    Moved,
    Offered,
    Pledged,
    Stayed,
    Voted,
    Withdrawn,
    claim,
    decided,
    drawn,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)

FINAL = frozenset({Do.YES})


def _lowest_of_each(known: dict[str, int], fact: Fact) -> dict[str, int]:
    """The lowest price of each supplier, of the two suppliers that are lowest."""
    supplier, cents = fact.fields["supplier"], fact.fields["cents"]
    lowest = {**known, supplier: min(cents, known.get(supplier, cents))}
    return dict(sorted(lowest.items(), key=lambda item: (item[1], item[0]))[:2])


@case(offer(1, 10, "Ada"), offer(2, 30, "Bo"), offer(3, 20, "Cy"), offer(4, 5, "Bo"), offer(5, 40, "Cy"))
def the_two_suppliers_with_the_lowest_prices() -> Process:
    """A supplier who was pushed off can only come back with a lower price, which is all that counts of them."""
    return shown(Reducer("lowest", (Offered,), {}, _lowest_of_each))


def _names(known: dict[str, str], fact: Fact) -> dict[str, str]:
    name = fact.fields["voter"].strip()
    return {**known, name.casefold(): min(name, known.get(name.casefold(), name))}


@case(vote(1, "yes", "Ada"), vote(2, "yes", "ada "), vote(3, "yes", "ADA"))
def names_as_they_are_spelled_first_by_letter() -> Process:
    """Of the spellings of a name the least one is shown."""
    return shown(Reducer("names", (Voted,), {}, _names))


def _greatest_pledge(known: dict[str, int], fact: Fact) -> dict[str, int]:
    backer = fact.fields["backer"]
    return {**known, backer: max(known.get(backer, 0), fact.fields["cents"])}


@case(pledge(1, 10, backer="Ada"), pledge(2, 20, backer="Ada"), pledge(3, 5, backer="Bo"))
def the_greatest_pledge_of_each_backer() -> Process:
    """Of a backer's pledges the greatest counts."""
    return shown(Reducer("pledges", (Pledged,), {}, _greatest_pledge), compute=lambda held: sum(held.values()))


def _odd_cents(pledges: Entries) -> dict[str, int]:
    """Each pledge is split in halves, and its odd cent goes in turn to the one and to the other."""
    halves = sum(one["cents"] // 2 for one in pledges.values())
    odd = sum(one["cents"] % 2 for one in pledges.values())
    return {"left": halves + (odd + 1) // 2, "right": halves + odd // 2}


@case(pledge(1, 3), pledge(2, 5), pledge(3, 4), pledge(4, 1))
def odd_cents_in_turn() -> Process:
    """Whose turn it is, is known by how many odd cents there are, and not by when they came."""
    return shown(PLEDGES, compute=_odd_cents)


def _split(known: Known, fact: Fact) -> Known:
    """The same by messages: an odd cent goes to the side that has less."""
    if fact.fields["pledge_id"] in known["seen"]:
        return known
    half, odd = divmod(fact.fields["cents"], 2)
    left, right = known["left"] + half, known["right"] + half
    if odd and left <= right:
        left += 1
    elif odd:
        right += 1
    return {"seen": sorted([*known["seen"], fact.fields["pledge_id"]]), "left": left, "right": right}


@case(pledge(1, 3), pledge(2, 5), pledge(3, 4), pledge(4, 1))
def odd_cents_to_who_has_less() -> Process:
    """Both sides get the same but for the odd cents, which alternate in each order."""
    return shown(
        Reducer("split", (Pledged,), {"seen": [], "left": 0, "right": 0}, _split),
        compute=lambda held: [held["left"], held["right"]],
    )


def _rounded_up(known: Known, fact: Fact) -> Known:
    """A running sum that is rounded up to ten with each message; each step adds whole tens."""
    if fact.fields["reading_id"] in known["seen"]:
        return known
    value = -(-(known["sum"] + fact.fields["value"]) // 10) * 10
    return {"seen": sorted([*known["seen"], fact.fields["reading_id"]]), "sum": value}


@case(metered(1, 3, 1), metered(2, 14, 2), metered(3, 10, 3), metered(4, 0, 4))
def a_sum_rounded_up_at_each_step() -> Process:
    """What was rounded before is a whole number of tens, so each message adds what it adds alone."""
    return shown(Reducer("sum", (Metered,), {"seen": [], "sum": 0}, _rounded_up), compute=lambda held: held["sum"])


def _nights(known: dict[str, list[str]], fact: Fact) -> dict[str, list[str]]:
    night = str(fact.fields["night"])
    return {**known, night: sorted({*known.get(night, []), fact.fields["stay_id"]})}


@case(stay(1, 7), stay(2, 7), stay(3, 10))
def nights_as_texts() -> Process:
    """The night is a text before it is a key."""
    return shown(Reducer("nights", (Stayed,), {}, _nights))


def _prefix(known: str | None, fact: Fact) -> str:
    street = fact.fields["street"] or ""
    if known is None:
        return street
    same = 0
    while same < min(len(known), len(street)) and known[same] == street[same]:
        same += 1
    return known[:same]


@case(
    Moved(address_id="a1", day=1, street="High Street 1"),
    Moved(address_id="a2", day=1, street="High Street 12"),
    Moved(address_id="a3", day=1, street="Hill"),
)
def what_all_streets_begin_with() -> Process:
    """The common beginning of three texts is that of any two and the third."""
    return shown(Reducer("prefix", (Moved,), None, _prefix))


def _flags(known: int, fact: Fact) -> int:
    turn: int = fact.fields["round"]
    return known | {"yes": 1, "no": 2, "abstain": 4}[fact.fields["says"]] << 3 * (turn - 1)


@case(vote(1, "yes"), vote(2, "no", turn=2), vote(3, "abstain", turn=9))
def flags_of_all_rounds() -> Process:
    """Flags are only set, and each answer has one."""
    return shown(Reducer("flags", (Voted,), 0, _flags))


_PAGES = re.compile(r"([0-9]{1,3})-([0-9]{1,3})")


def _longest_chapter(notes: Entries) -> int:
    longest = 0
    for one in notes.values():
        if found := _PAGES.fullmatch(one["text"]):
            first, end = map(int, found.groups())
            longest = max(longest, *range(first, end + 1), 0)
    return longest


@case(noted(1, "7-3"), noted(2, "12-14"), noted(3, "3"))
def pages_that_may_go_backwards() -> Process:
    """A range that ends before it begins has no pages."""
    return shown(NOTES, compute=_longest_chapter)


def _due(events: Entries) -> str | None:
    times = [datetime.fromisoformat(one["at"]) for one in events.values()]
    if not times:
        return None
    last = max(times)
    try:
        return (last + timedelta(days=14)).date().isoformat()
    except OverflowError:
        return "never"


@case(
    Dated(event_id="e1", at=datetime(9999, 12, 31, tzinfo=UTC)),
    Dated(event_id="e2", at=datetime(2030, 5, 1, tzinfo=UTC)),
)
def two_weeks_after_the_last_event_or_never() -> Process:
    """At the end of the calendar there is no day two weeks later, and it is said so."""
    return shown(EVENTS, compute=_due)


def _usual(claims: Entries) -> str | None:
    counted = Counter(one["code"] for _, one in sorted(claims.items())).most_common(1)
    return counted[0][0] if counted else None


@case(claim(1, 5, "B2"), claim(2, 5, "A1"), claim(3, 5, "A1"))
def the_most_frequent_treatment_by_key() -> Process:
    """Of treatments that are as frequent, the one of the first claim by key is taken, and notified again."""
    return shown(CLAIMS, compute=_usual)


class Scaled(BaseModel):
    """A scale says whole kilos or fractions."""

    id: str = "i"
    scale_id: str
    grams: Annotated[int, Field(ge=-(10**6), le=10**6)]


SCALES = Register("scales", Scaled, "scale_id")


@lru_cache(maxsize=100)
def _in_words(grams: int) -> str:
    return f"{grams // 1_000} kg" if grams % 1_000 == 0 else f"{grams} g"


@case(Scaled(scale_id="k1", grams=1_000), Scaled(scale_id="k2", grams=-5))
def weights_in_words_that_are_remembered() -> Process:
    """A weight is a whole number, and its words are always the same."""
    return shown(SCALES, compute=lambda scales: sorted(_in_words(one["grams"]) for one in scales.values()))


def _after_the_waiting_time(claims: Entries, stays: Entries) -> frozenset[str]:
    first = min((one["night"] for one in stays.values()), default=None)
    return frozenset(key for key, one in claims.items() if first is not None and one["day"] - first >= 30)


@case(claim(1, 5, day=50), stay(1, 21), stay(2, 1), claim(2, 5, day=7))
def claims_after_the_waiting_time() -> Process:
    """The first night only turns out to be earlier, so what was after the waiting time stays after it."""
    return chosen(CLAIMS, _after_the_waiting_time, STAYS, is_final=True, fields=("cents",))


def _settled(draws: Entries, repayments: Entries) -> frozenset[str]:
    """As many draws as there are repayments, by key; it is notified what is settled, and not once for all."""
    return frozenset(sorted(draws)[: len(repayments)])


@case(drawn(2, 5), repaid(1, 5), drawn(1, 5))
def draws_that_are_settled_as_a_list() -> Process:
    """The list of settled draws is notified again as a whole."""
    return shown(DRAWS, REPAYMENTS, compute=lambda draws, repayments: sorted(_settled(draws, repayments)))


def _so_far(repayments: Entries, key: str) -> int:
    mine = (repayments[key]["day"], key)
    return sum(one["cents"] for other, one in repayments.items() if (one["day"], other) <= mine)


@case(repaid(2, 5, day=1), repaid(1, 7, day=1), repaid(3, 1, day=0))
def receipts_with_a_cumulative_sum() -> Process:
    """The sum up to a receipt only grows, and is called cumulative."""
    any_came = has_any(REPAYMENTS)
    template = CommandTemplate(
        "PrintReceipt", REPAYMENTS, ("cents",), (ComputedField("sum", (REPAYMENTS,), _so_far, True),)
    )
    receipt = Effect("receipt", "printer", {Do.YES: template}, final=FINAL)
    wants = [wanted_in(any_came, receipt, YES=every(REPAYMENTS))]
    return proc(one_outcome(any_came), any_came, REPAYMENTS, wants=wants)


@case(repaid(1, 40), repaid(2, 120), repaid(3, 5))
def a_letter_that_is_called_off_when_all_is_paid() -> Process:
    """Between nothing and all a letter is wanted, and above it is called off, if it was sent."""
    level = DerivedColumn.of("level", bands(total(REPAYMENTS, "cents"), Out.OPEN, (40, Out.OTHER), (100, Out.DONE)))
    commands: dict[Any, CommandTemplate] = {Do.YES: CommandTemplate("AskForTheRest"), Do.NO: CommandTemplate("CallOff")}
    letter = Effect("letter", "post", commands, initially=Do.NO)
    rows = [(Out.OTHER, {letter: Do.YES}), (Out.OPEN, {letter: Do.NO}), (Out.DONE, {letter: Do.NO})]
    return proc(by(level, OPEN=Out.OPEN, OTHER=Out.OTHER, DONE=Out.DONE), REPAYMENTS, wants=[wanted(level, rows=rows)])


def _doubles(repayments: Entries) -> frozenset[str]:
    return frozenset(
        key
        for key, one in repayments.items()
        if any(other < key and two["cents"] == one["cents"] for other, two in repayments.items())
    )


@case(repaid(1, 80), repaid(2, 80), repaid(3, 80))
def a_payment_that_goes_back_for_one_of_two_reasons() -> Process:
    """Doubles are sent back by one effect and large ones by another, which says what it is for."""
    any_came = has_any(REPAYMENTS)
    doubles = Selection("doubles", REPAYMENTS, _doubles)
    first = Effect("double", "bank", {Do.YES: CommandTemplate("PayBack", REPAYMENTS, ("cents",))}, final=FINAL)
    second = Effect("large", "bank", {Do.YES: CommandTemplate("AskAbout", REPAYMENTS, ("cents",))}, final=FINAL)
    large = Selection("large", REPAYMENTS, lambda held: frozenset(key for key in held if held[key]["cents"] > 50))
    wants = [wanted_in(any_came, first, YES=doubles), wanted_in(any_came, second, YES=large)]
    return proc(one_outcome(any_came), any_came, REPAYMENTS, wants=wants)


def _has_both(votes: Entries, offers: Entries) -> bool:
    return bool(votes) and bool(offers) and all(one["cents"] < 100 for one in offers.values())


@case(vote(1, "yes"), offer(1, 5), offer(2, 500))
def both_and_all_of_them_small() -> Process:
    """The answer is a truth value in each case, and the outcome follows it both ways."""
    return judged(VOTES, OFFERS, judge=_has_both)


def _greatest_standing(pledges: Entries, withdrawals: Entries) -> int | None:
    gone = {one["pledge_id"] for one in withdrawals.values()}
    return max((one["cents"] for key, one in pledges.items() if key not in gone), default=None)


@case(pledge(1, 5), Withdrawn(withdrawal_id="w1", pledge_id="p1"), pledge(2, 3))
def the_greatest_pledge_that_stands() -> Process:
    """If none stands, there is no greatest."""
    return shown(PLEDGES, WITHDRAWALS, compute=_greatest_standing)


def _gross(claims: Entries, decisions: Entries) -> dict[str, int]:
    own: dict[str, int] = {}
    for one in decisions.values():
        if one["claim_id"] in claims:
            own[one["claim_id"]] = min(100 - one["share"], own.get(one["claim_id"], 100))
    return {key: claims[key]["cents"] * 100 // share for key, share in sorted(own.items()) if share}


@case(claim(1, 5), decided(1, "c1", 100), decided(2, "c1", 50))
def the_gross_of_claims_that_are_not_covered_wholly() -> Process:
    """The best decision counts, and a claim without an own part has no gross amount."""
    return shown(CLAIMS, DECISIONS, compute=_gross)
