"""Functions of registers that come to the same in every order, near to others that do not."""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Register,
    Selection,
    outcomes,
    wanted,
)
from tests.adversary.kit import Do, Out, case, chosen, granted, has_any, judged, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.sixth_helpers import (
    BIDS,
    CHARGES,
    LABELS,
    LINES,
    ORDERS,
    READINGS,
    RETURNS,
    REVIEWS,
    VOTES,
    Name,
    Ordered,
    Small,
    bid,
    charge,
    label,
    line,
    reading,
    returned,
    review,
    vote,
)


def consumed(readings: Entries) -> int:
    units = [one["units"] for one in sorted(readings.values(), key=lambda one: (one["day"], one["units"]))]
    return sum(max(0, later - earlier) for earlier, later in pairwise(units))


@case(reading(1, 1, 100), reading(2, 2, 180), reading(3, 3, 250), reading(4, 3, 200))
def a_meter_read_in_order_of_its_days() -> Process:
    """Consumption is the sum of the differences of readings that are sorted by day and figure."""
    return shown(READINGS, compute=consumed)


@case(charge(1, 500), returned(1, "c1", 800), charge(2, 100))
def a_purse_cut_at_zero_at_the_end() -> Process:
    """The balance is the whole sum, and is cut at zero only when it is shown."""
    return shown(CHARGES, RETURNS, compute=lambda a, b: max(0, _cents(a) - _cents(b)))


def _cents(entries: Entries) -> int:
    return sum(one["cents"] for one in entries.values())


def deductible(charges: Entries) -> dict[str, int]:
    left, paid = 500, {}
    for key, one in charges.items():
        own = min(left, one["cents"])
        left, paid[key] = left - own, one["cents"] - own
    return paid


@case(charge(1, 300), charge(2, 400), charge(3, 0))
def a_deductible_taken_in_the_order_of_the_claims() -> Process:
    """The deductible is taken from the claims by their ids, and all are computed again with each claim."""
    return shown(CHARGES, compute=deductible)


@case(line(1, "orc", 60), line(2, "troll", 90), line(3, "rat", 0))
def a_level_from_all_points() -> Process:
    """Level and rest are computed from the sum of all points."""
    return shown(LINES, compute=lambda lines: [*divmod(sum(one["pieces"] for one in lines.values()), 100)])


def streak(readings: Entries) -> int:
    days, best = {one["day"] for one in readings.values()}, 0
    for day in sorted(days):
        run = 1
        while day + run in days:
            run += 1
        best = max(best, run)
    return best


@case(reading(1, 1, 0), reading(2, 2, 0), reading(3, 4, 0), reading(4, 3, 0))
def the_longest_run_of_days() -> Process:
    """The longest run is looked for in the set of days."""
    return shown(READINGS, compute=streak)


@case(vote("u1", "yes"), vote("u2", "no"), vote("u3", "yes"), vote("u4", "abstain"))
def a_vote_counted_from_all_ballots() -> Process:
    """Accepted while there are more ballots for it than against it."""

    def is_accepted(votes: Entries) -> bool:
        return sum({"yes": 1, "no": -1}.get(one["choice"], 0) for one in votes.values()) > 0

    return judged(VOTES, judge=is_accepted)


@case(vote("u1", "yes"), vote("u2", "no"), vote("u3", "yes"), vote("u4", "yes"))
def a_veto_and_a_quorum() -> Process:
    """The licence is granted for good with two voters for it, whoever is against it."""
    return granted(VOTES, judge=lambda votes: sum(one["choice"] == "yes" for one in votes.values()) >= 2)


@case(charge(1, 3_000), charge(2, 2_500), returned(1, "c1", 3_000))
def free_shipping_from_all_charges() -> Process:
    """Shipping is free for good from 50 euro on, which only charges count for, and none is below zero."""
    return granted(CHARGES, RETURNS, judge=lambda charges, _: _cents(charges) >= 5_000)


@case(label(1, "ann"), label(2, "bob"), label(3, "cy"), label(4, "di"))
def a_bonus_from_three_referrals_on() -> Process:
    """The bonus is paid for good from three referrals on."""
    return granted(LABELS, judge=lambda labels: len(labels) >= 3)


def all_but_earliest(bids: Entries) -> frozenset[str]:
    return frozenset(sorted(bids, key=lambda key: (bids[key]["at"], key))[1:])


@case(bid(1, 900, "2030-01-02T00:00:00Z"), bid(2, 500, "2030-01-01T00:00:00Z"), bid(3, 5))
def a_consolation_for_all_but_the_earliest() -> Process:
    """Whoever has one before stays so when others come, and the key decides between equal times."""
    return chosen(BIDS, all_but_earliest, is_final=True, fields=("bidder",))


@case(charge(1, 300), charge(2, 400), charge(3, 0))
def a_cumulative_transfer() -> Process:
    """The transfer says the sum of all charges, and none of them is below zero."""
    return shown(CHARGES, compute=_cents, is_cumulative=True, is_final=True)


@case(review(1, 3), review(2, 4), review(3, 4), review(4, 5))
def a_board_of_the_best_three() -> Process:
    """The board is sent again with each change, and the key decides between equals."""
    return shown(REVIEWS, compute=lambda held: sorted(held, key=lambda key: (-held[key]["stars"], key))[:3])


@case(review(1, 1), review(2, 1), review(3, 5))
def a_warning_by_the_average() -> Process:
    """A warning by the average is given and taken back as often as needed."""

    def is_bad(reviews: Entries) -> bool:
        return bool(sum(one["stars"] for one in reviews.values()) < 2 * len(reviews))

    return granted(REVIEWS, judge=is_bad, is_final=False)


class Checked(BaseModel):
    id: str
    step: Name
    is_passed: bool


CHECKED = Register("checked", Checked, "step")


@case(
    Checked(id="i", step="brakes", is_passed=True),
    Checked(id="i", step="lights", is_passed=False),
    Checked(id="i", step="horn", is_passed=True),
)
def a_recall_for_any_failed_step() -> Process:
    """A recall is final once any step failed, and no other step mends that."""
    return granted(CHECKED, judge=lambda steps: any(not one["is_passed"] for one in steps.values()))


@case(
    Checked(id="i", step="brakes", is_passed=True),
    Checked(id="i", step="lights", is_passed=True),
    Checked(id="i", step="horn", is_passed=False),
)
def a_badge_for_two_named_steps() -> Process:
    """The badge needs two named steps, each of which is reported once, whatever else is reported."""

    def is_safe(steps: Entries) -> bool:
        return all(name in steps and steps[name]["is_passed"] for name in ("brakes", "lights"))

    return granted(CHECKED, judge=is_safe)


def share(labels: Entries, key: str) -> int:
    names = list(labels)
    return 9_000 // len(names) + (1 if names.index(key) < 9_000 % len(names) else 0)


@case(label(1, "ann"), label(2, "bob"), label(3, "bob"))
def shares_of_a_pot_announced() -> Process:
    """The share of each winner is sent again with each winner, and the rest goes to the first by key."""
    has = has_any(LABELS)
    template = CommandTemplate("TellShare", LABELS, ("text",), (ComputedField("cents", (LABELS,), share),))
    tell = Effect("tell", "mail", {Do.YES: template})
    every_one = Selection("all winners", LABELS, frozenset)
    return proc(one_outcome(has), has, LABELS, wants=[wanted_in(has, tell, YES=every_one)])


def matches(lines: Entries, charges: Entries) -> dict[str, str]:
    free, found = dict(charges), {}
    for key, one in lines.items():
        fitting = [other for other, each in free.items() if each["cents"] == one["pieces"]]
        if fitting:
            found[key] = fitting[0]
            del free[fitting[0]]
    return found


@case(line(1, "hat", 500), charge(2, 500), charge(1, 500), line(2, "cap", 500))
def a_proposal_of_matches() -> Process:
    """The matches of amounts are only proposed, and proposed again with each message."""
    return shown(LINES, CHARGES, compute=matches)


class Stage(Enum):
    NONE = "none"
    SOME = "some"
    MUCH = "much"


@case(line(1, "a", 30), line(2, "b", 40), line(3, "c", 0))
def freight_from_fifty_pieces_on() -> Process:
    """Only the last stage is final, and the pieces never get fewer."""

    def stage(lines: Entries) -> Stage:
        pieces = sum(one["pieces"] for one in lines.values())
        return Stage.MUCH if pieces > 50 else Stage.SOME if pieces else Stage.NONE

    ship = Effect("ship", "carrier", {Do.YES: CommandTemplate("SendFreight")}, final=frozenset({Do.YES}))
    size = DerivedColumn("size", (LINES,), stage, tuple(Stage))
    rows: list[Any] = [(Stage.NONE, {}), (Stage.SOME, {}), (Stage.MUCH, {ship: Do.YES})]
    return proc(outcomes(size, rule=lambda _: Out.DONE), LINES, wants=[wanted(size, rows=rows)])


@case(line(1, "hat", 20), line(2, "cap", 0))
def a_mean_of_pieces_as_text() -> Process:
    """The mean is written as text, and there is a line whenever it is asked for."""

    def mean(lines: Entries) -> str:
        return str(Decimal(sum(one["pieces"] for one in lines.values())) / max(1, len(lines)))

    return shown(LINES, compute=mean)


@case(charge(1, 400), Ordered(id="i", total=900, wait_seconds=60), charge(2, 600))
def what_is_owed_if_anything_is_known() -> Process:
    """Without an order nothing is owed yet."""

    def owed(orders: Entries, charges: Entries) -> int:
        return int(sum(one["total"] for one in orders.values()) - _cents(charges))

    return shown(ORDERS, CHARGES, compute=owed)


@case(Ordered(id="i", total=5))
def a_wait_taken_for_an_hour_if_left_out() -> Process:
    """An optional wait that was left out counts as an hour."""
    return judged(ORDERS, judge=lambda held: any((one["wait_seconds"] or 3_600) > 600 for one in held.values()))


@case(label(1, "high"), label(2, "urgent"), label(3, " HIGH "))
def a_priority_with_a_default() -> Process:
    """Any text that is no known priority counts as low."""
    return judged(LABELS, judge=lambda held: any(one["text"].strip().lower() == "high" for one in held.values()))


@case(bid(1, 5, "2030-01-01T12:00:00+02:00"), bid(2, 6, "2030-01-01T10:00:00Z"), bid(3, 6))
def the_latest_moment_with_a_rule_for_ties() -> Process:
    """Moments are compared as moments, and the text decides between two spellings of one."""

    def latest(bids: Entries) -> str:
        return max((one["at"] for one in bids.values()), key=lambda at: (datetime.fromisoformat(at), at), default="")

    return shown(BIDS, compute=latest)


@case(line(1, "hat", 3), line(2, "cap", 4), line(3, "hat", 1))
def a_title_of_sorted_articles() -> Process:
    """The articles are made unique by a set, which is sorted before it is joined."""
    return shown(LINES, compute=lambda lines: ", ".join(sorted({one["article"] for one in lines.values()})))


class Replied(BaseModel):
    id: str
    post_id: Name
    to: Name | None = None


POSTS = Register("posts", Replied, "post_id")


def depths(posts: Entries) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in posts:
        seen, at = [key], posts[key]["to"]
        while at in posts and at not in seen:
            seen.append(at)
            at = posts[at]["to"]
        found[key] = len(seen) - 1
    return found


@case(
    Replied(id="i", post_id="p1"),
    Replied(id="i", post_id="p2", to="p1"),
    Replied(id="i", post_id="p3", to="p2"),
    Replied(id="i", post_id="p4", to="p4"),
)
def replies_indented_again_with_each_post() -> Process:
    """Depths are computed from all posts that are known, and circles of replies end."""
    return shown(POSTS, compute=depths)


class Discount(BaseModel):
    id: str
    code: Name
    percent: Small


DISCOUNTS = Register("discounts", Discount, "code")


@case(charge(1, 2_000), Discount(id="i", code="sale", percent=10), Discount(id="i", code="vip", percent=1_000))
def percentages_before_fixed_discounts() -> Process:
    """All percentages are added up to at most a hundred and taken first, and then what was charged already."""

    def price(discounts: Entries, charges: Entries) -> int:
        percent = min(100, sum(one["percent"] for one in discounts.values()))
        return int(max(0, 10_000 * (100 - percent) // 100 - _cents(charges)))

    return shown(DISCOUNTS, CHARGES, compute=price)


def boxes(lines: Entries) -> int:
    filled: list[int] = []
    for pieces in sorted((one["pieces"] for one in lines.values()), reverse=True):
        fitting = next((number for number, used in enumerate(filled) if used + pieces <= 10), None)
        if fitting is None:
            filled.append(pieces)
        else:
            filled[fitting] += pieces
    return len(filled)


@case(line(1, "a", 6), line(2, "b", 4), line(3, "c", 5), line(4, "d", 500))
def boxes_filled_from_the_largest_on() -> Process:
    """Boxes are filled from the largest line on, again with each line."""
    return shown(LINES, compute=boxes)
