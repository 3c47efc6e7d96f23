"""Reducers that come to the same value in every order, beside those that a team would write first."""

from math import gcd
from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, judged, shown
from tests.adversary.planted.ninth_messages import (
    Claimed,
    Closed,
    Drawn,
    Known,
    Linked,
    Metered,
    Moved,
    Offered,
    Opened,
    Pledged,
    Repaid,
    Stayed,
    Voted,
    Withdrawn,
    claim,
    drawn,
    linked,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)


def _with(known: list[Any], new: Any) -> list[Any]:
    """The sorted list with one more member, if it has not got it."""
    return known if new in known else sorted([*known, new])


def _payments(known: list[Any], fact: Fact) -> list[Any]:
    return _with(known, [fact.fields["day"], fact.fields["repayment_id"], fact.fields["cents"]])


def _is_late(payments: list[Any]) -> bool:
    in_time = sum(cents for day, _, cents in payments if day <= 10)
    return in_time < 10_000 and any(day > 10 for day, _, _ in payments)


@case(repaid(1, 10_000, day=5), repaid(2, 100, day=12), repaid(3, 5, day=11))
def a_fee_waived_by_the_day_of_each_payment() -> Process:
    """All payments are kept, and what was paid in time is known by their days."""
    return judged(Reducer("payments", (Repaid,), [], _payments), judge=_is_late)


def _where(known: list[Any], fact: Fact) -> list[Any]:
    return max(known, [fact.fields["minute"], fact.fields["sensor"]])


@case(metered(1, 0, 10, "Ulm"), metered(2, 0, 10, "Linz"), metered(3, 0, 5, "Graz"))
def a_truck_followed_by_minute_and_place() -> Process:
    """Of scans of the same minute the greater name of a place counts."""
    return shown(Reducer("truck", (Metered,), [-1, ""], _where))


def _charge(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    name = "in" if fact.kind is Drawn else "out"
    identity = fact.fields["draw_id"] if fact.kind is Drawn else fact.fields["repayment_id"]
    return {**known, name: _with(known[name], [identity, fact.fields["cents"]])}


def _level(known: dict[str, Any]) -> int:
    level = sum(cents for _, cents in known["in"]) - sum(cents for _, cents in known["out"])
    return int(min(100, max(0, level)))


@case(drawn(1, 80), repaid(1, 30), drawn(2, 70))
def a_battery_whose_level_is_limited_when_it_is_read() -> Process:
    """What went in and out is kept as it is, and only the level that is shown has limits."""
    return shown(Reducer("battery", (Drawn, Repaid), {"in": [], "out": []}, _charge), compute=_level)


def _birds(known: list[Any], fact: Fact) -> list[Any]:
    return _with(known, [fact.fields["minute"], fact.fields["pledge_id"], fact.fields["backer"]])[:2]


@case(pledge(1, 10, 3), pledge(2, 10, 2), pledge(3, 10, 1))
def early_birds_by_their_minute() -> Process:
    """The two earliest pledges are kept, and one that was pushed off can't come back."""
    return shown(Reducer("birds", (Pledged,), [], _birds))


def _lengthen(known: list[list[int]], fact: Fact) -> list[list[int]]:
    """Stays as spans of nights; all spans that a night touches become one."""
    night = fact.fields["night"]
    beside = [span for span in known if span[0] - 1 <= night <= span[1] + 1]
    apart = [span for span in known if span not in beside]
    joined = [min([night, *(first for first, _ in beside)]), max([night, *(last for _, last in beside)])]
    return sorted([*apart, joined])


@case(stay(1, 1), stay(2, 2), stay(3, 3), stay(4, 7), stay(5, 2))
def nights_that_join_stays() -> Process:
    """A night joins all the stays beside it, so the spans are those of the set of nights."""
    return shown(Reducer("spans", (Stayed,), [], _lengthen))


def _group(known: dict[str, str], fact: Fact) -> dict[str, str]:
    """Which group each box belongs to, named after the first of its boxes by name."""
    one, other = fact.fields["one"], fact.fields["other"]
    joined = {known.get(one, one), known.get(other, other)}
    both = {**known, one: known.get(one, one), other: known.get(other, other)}
    return {box: min(joined) if group in joined else group for box, group in sorted(both.items())}


@case(linked(1, "b", "c"), linked(2, "a", "b"), linked(3, "d", "e"), linked(4, "c", "e"))
def boxes_of_one_group() -> Process:
    """A link renames all boxes of both groups."""
    return shown(Reducer("groups", (Linked,), {}, _group))


def _latest_two(known: list[Any], fact: Fact) -> list[Any]:
    return _with(known, [fact.fields["minute"], fact.fields["reading_id"]])[-2:]


@case(metered(1, 0, 1), metered(2, 0, 2), metered(3, 0, 500), metered(4, 0, 505))
def whether_the_latest_two_failures_are_near() -> Process:
    """The latest two are the latest two in every order, and nothing else is remembered of them."""
    return judged(
        Reducer("latest", (Metered,), [], _latest_two),
        judge=lambda latest: len(latest) == 2 and latest[1][0] - latest[0][0] <= 10,
    )


def _cheapest(known: list[Any], fact: Fact) -> list[Any]:
    return _with(known, [fact.fields["cents"], fact.fields["supplier"], fact.fields["offer_id"]])[:2]


@case(offer(1, 100), offer(2, 200), offer(3, 200), offer(4, 200, "s1"))
def the_two_cheapest_by_price_and_name() -> Process:
    """Suppliers with the same price are ranked by their names."""
    return shown(Reducer("short list", (Offered,), [], _cheapest))


def _address(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    """Each part has a day of its own, and of one day the message with the greater id."""
    new = {
        name: [fact.fields["day"], fact.fields["address_id"], fact.fields[name]]
        for name in ("street", "city")
        if fact.fields[name] is not None
    }
    return {**known, **{name: max(known.get(name, [-1]), part) for name, part in new.items()}}


@case(
    Moved(address_id="a1", day=1, street="High Street"),
    Moved(address_id="a2", day=2, city="Graz"),
    Moved(address_id="a3", day=2, city="Linz", street="Low Street"),
)
def an_address_whose_parts_have_their_days() -> Process:
    """The last street and the last city count, whatever else was said on their days."""
    return shown(Reducer("address", (Moved,), {}, _address))


def _standing(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    name = "gone" if fact.kind is Withdrawn else "given"
    return {**known, name: _with(known[name], fact.fields["pledge_id"])}


@case(pledge(1, 10), Withdrawn(withdrawal_id="w1", pledge_id="p1"), pledge(2, 10))
def pledges_without_those_that_were_withdrawn() -> Process:
    """A withdrawal is remembered, also before its pledge."""
    return shown(
        Reducer("standing", (Pledged, Withdrawn), {"given": [], "gone": []}, _standing),
        compute=lambda held: [one for one in held["given"] if one not in held["gone"]],
    )


def _to_five_cents(known: dict[str, int], fact: Fact) -> dict[str, int]:
    key, rounded = fact.fields["claim_id"], (fact.fields["cents"] + 2) // 5 * 5
    return {**known, key: max(known.get(key, 0), rounded)}


@case(claim(1, 3), claim(2, 104), claim(3, 1))
def each_line_rounded_to_five_cents() -> Process:
    """Each line is rounded by itself, and the sum of rounded lines is what it is."""
    return shown(Reducer("rounded", (Claimed,), {}, _to_five_cents), compute=lambda lines: sum(lines.values()))


def _rounds(known: int, fact: Fact) -> int:
    return known | 1 << int(fact.fields["round"])


def _without_gap(mask: int) -> int:
    """The last round up to which all have come."""
    reached = 0
    while mask >> (reached + 1) & 1:
        reached += 1
    return reached


@case(vote(1, "yes", turn=1), vote(2, "no", turn=3), vote(3, "no", turn=2))
def rounds_without_a_gap() -> Process:
    """Rounds are bits, and how far they reach is asked of all of them."""
    return shown(Reducer("rounds", (Voted,), 0, _rounds), compute=_without_gap)


def _meters(known: dict[str, int], fact: Fact) -> dict[str, int]:
    sensor = fact.fields["sensor"]
    return {**known, sensor: max(known.get(sensor, 0), fact.fields["value"])}


@case(metered(1, 50, 1), metered(2, 20, 2), metered(3, 9, 1, "south"))
def meters_that_only_count_up() -> Process:
    """The greatest value of each meter is kept, and consumption is their sum."""
    return shown(Reducer("meters", (Metered,), {}, _meters), compute=lambda meters: sum(meters.values()))


def _common(known: int, fact: Fact) -> int:
    return gcd(known, fact.fields["cents"])


@case(repaid(1, 12), repaid(2, 18), repaid(3, 0))
def the_unit_of_all_amounts() -> Process:
    """The greatest common divisor does not depend on the order, and is the same with an amount again."""
    return shown(Reducer("unit", (Repaid,), 0, _common))


def _box(known: list[int] | None, fact: Fact) -> list[int]:
    minute, value = fact.fields["minute"], fact.fields["value"]
    low, high, least, most = known or [minute, minute, value, value]
    return [min(low, minute), max(high, minute), min(least, value), max(most, value)]


@case(metered(1, 5, 9), metered(2, 7, 3), metered(3, 2, 6))
def the_frame_of_a_chart() -> Process:
    """The frame around all readings grows by each of them."""
    return shown(Reducer("frame", (Metered,), None, _box))


def _stance(known: dict[str, str], fact: Fact) -> dict[str, str]:
    """A member who said different things has no stance, for good."""
    voter, says = fact.fields["voter"], fact.fields["says"]
    return {**known, voter: says if known.get(voter, says) == says else "torn"}


@case(vote(1, "yes", "Ada"), vote(2, "no", "Ada"), vote(3, "yes", "Ada"), vote(4, "yes", "Bo"))
def members_who_said_different_things() -> Process:
    """Torn is above all other stances, so the order of two votes does not matter."""
    return shown(Reducer("stances", (Voted,), {}, _stance))


def _guests(known: Known, fact: Fact) -> Known:
    if fact.kind is Stayed:
        return {**known, "guests": _with(known["guests"], [fact.fields["stay_id"], fact.fields["guests"]])}
    return {**known, "opened": known["opened"] or fact.kind is Opened, "closed": known["closed"] or fact.kind is Closed}


@case(Opened(), Closed(), stay(1, 3, guests=2), stay(2, 4, guests=3))
def guests_of_a_house_that_was_opened() -> Process:
    """All guests are kept, and count if the house was opened and not closed."""
    return shown(
        Reducer("guests", (Opened, Closed, Stayed), {"opened": False, "closed": False, "guests": []}, _guests),
        compute=lambda held: (
            sum(guests for _, guests in held["guests"]) if held["opened"] and not held["closed"] else 0
        ),
    )


def _first_plan(known: list[Any], fact: Fact) -> list[Any]:
    new = [fact.fields["day"], fact.fields["offer_id"], fact.fields["supplier"], fact.fields["cents"]]
    return min(known, new) if known else new


@case(offer(1, 5, day=3), offer(2, 7, day=2), offer(3, 6, day=2))
def first_come_by_day_and_id() -> Process:
    """The first offer is the first by its day and id, and not by its arrival."""
    return shown(Reducer("first", (Offered,), [], _first_plan))


def _alarm(known: Known, fact: Fact) -> Known:
    value = fact.fields["value"]
    return {"was_hot": known["was_hot"] or value > 80, "was_cold": known["was_cold"] or value < 60}


@case(metered(1, 90, 0), metered(2, 50, 1), metered(3, 70, 2))
def an_alarm_that_stays_on() -> Process:
    """Whether it was ever hot and ever cold is remembered, and neither ends the other."""
    return judged(
        Reducer("alarm", (Metered,), {"was_hot": False, "was_cold": False}, _alarm),
        judge=lambda held: held["was_hot"] and not held["was_cold"],
    )
