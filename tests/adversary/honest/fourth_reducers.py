"""Reducers that come to the same value on each way, beside those planted that do not."""

from datetime import UTC, datetime
from math import gcd
from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.honest.fourth_helpers import (
    Arrived,
    Bid,
    Earned,
    Left,
    Lent,
    Limited,
    Linked,
    Measured,
    Named,
    Patched,
    Voted,
    reported,
)
from tests.adversary.kit import case, granted, judged, shown


@case(Named("i", "n1", "in", "2030-01-01"), Named("i", "n2", "out", "2030-01-01"), Named("i", "n3", "off", "2029"))
def the_latest_and_of_equals_the_greatest() -> Process:
    """The latest status counts, and of equal times the one that is greater as a text."""
    return reported([], lambda known, fact: max(known, [fact.fields["at"], fact.fields["name"]]), Named)


@case(Named("i", "n1", "1.2", ""), Named("i", "n2", "1.02", ""), Named("i", "n3", "1.10", ""))
def the_greatest_version_and_its_text() -> Process:
    """The greatest version by its numbers, and of equal ones the greater text."""

    def rank(text: str) -> tuple[list[int], str]:
        return [int(one) for one in text.split(".") if one.isdigit() and one.isascii()], text

    return reported("", lambda known, fact: max(known, str(fact.fields["name"]), key=rank), Named)


@case(
    Measured("i", "r1", 9, "g"), Measured("i", "r2", 4, "g"), Measured("i", "r3", 9, "g"), Measured("i", "r4", 7, "g")
)
def the_three_greatest_values() -> Process:
    """The three greatest different values are kept."""

    def fold(known: list[int], fact: Fact) -> list[int]:
        return sorted({*known, fact.fields["value"]})[-3:]

    return reported([], fold, Measured)


@case(Earned("i", "e1", 30), Earned("i", "e2", 30), Earned("i", "e3", 5))
def points_by_their_ids() -> Process:
    """Points are kept by the id under which they were earned, the most of each."""

    def fold(known: dict[str, int], fact: Fact) -> dict[str, int]:
        key = fact.fields["earn_id"]
        return {**known, key: max(known.get(key, 0), fact.fields["points"])}

    return shown(Reducer("points", (Earned,), {}, fold), compute=lambda known: sum(known.values()))


@case(Arrived("i", "g1"), Left("i", "g1"), Left("i", "g2"), Arrived("i", "g2"))
def gone_is_for_ever() -> Process:
    """Who has left once is gone, also if the arrival is late."""

    def fold(known: dict[str, str], fact: Fact) -> dict[str, str]:
        guest = fact.fields["guest_id"]
        if fact.kind is Left:
            return {**known, guest: "gone"}
        return known if guest in known else {**known, guest: "here"}

    return reported({}, fold, Arrived, Left)


@case(Measured("i", "r1", 12, "g"), Measured("i", "r2", 18, "g"), Measured("i", "r3", 8, "g"))
def a_common_divisor() -> Process:
    """The greatest common divisor of all values."""
    return reported(0, lambda known, fact: gcd(known, fact.fields["value"]), Measured)


@case(Lent("i", "l1", 4, 9), Lent("i", "l2", 1, 3), Lent("i", "l3", 7, 20))
def from_the_first_to_the_last_day() -> Process:
    """The first and the last day of all loans."""

    def fold(known: list[int], fact: Fact) -> list[int]:
        days = [*known, fact.fields["since"], fact.fields["until"]]
        return [min(days), max(days)]

    return reported([], fold, Lent)


@case(Patched("i", "p1", 2, "b"), Patched("i", "p2", 1, "a"), Patched("i", "p3", 2, "c"))
def the_greatest_text_of_each_version() -> Process:
    """For each version the greatest text, and the texts in the order of the versions."""

    def fold(known: dict[str, str], fact: Fact) -> dict[str, str]:
        version = f"{fact.fields['version']:09}"
        return {**known, version: max(known.get(version, ""), str(fact.fields["text"]))}

    return shown(
        Reducer("texts", (Patched,), {}, fold), compute=lambda known: "".join(known[one] for one in sorted(known))
    )


@case(Linked("i", "k1", "a", "b"), Linked("i", "k2", "c", "b"), Linked("i", "k3", "c", "d"))
def islands_folded_whole() -> Process:
    """Islands are joined with all that they touch, and sorted."""

    def fold(islands: list[list[str]], fact: Fact) -> list[list[str]]:
        new = {fact.fields["one"], fact.fields["other"]}
        touched = [one for one in islands if new & set(one)]
        rest = [one for one in islands if not new & set(one)]
        return sorted([*rest, sorted(new.union(*map(set, touched)))])

    return reported([], fold, Linked)


@case(Named("i", "n1", "Ann Lee", ""), Named("i", "n2", "ANN  LEE", ""), Named("i", "n3", "bob", ""))
def all_spellings_of_a_name() -> Process:
    """Names by their letters, each with all of its spellings in order."""

    def fold(known: dict[str, list[str]], fact: Fact) -> dict[str, list[str]]:
        name = str(fact.fields["name"])
        key = "".join(name.casefold().split())
        return {**known, key: sorted({*known.get(key, []), name})}

    return reported({}, fold, Named)


@case(Voted("i", "v1", "yes"), Voted("i", "v2", "no"), Voted("i", "v3", "yes"))
def a_vote_that_no_can_never_take_back() -> Process:
    """One yes grants it for good, whatever else was said."""
    said = Reducer("said", (Voted,), [], lambda known, fact: sorted({*known, fact.fields["choice"]}))
    return granted(said, judge=lambda known: "yes" in known)


@case(Bid("i", "b1", 40, "ann"), Bid("i", "b2", 60, "bob"), Bid("i", "b3", 60, "ann"))
def the_nearest_guess_and_the_name() -> Process:
    """The guess nearest to 50, the lower of two, and then the name that comes first."""

    def fold(known: list[Any], fact: Fact) -> list[Any]:
        cents = fact.fields["cents"]
        new = [abs(cents - 50), cents, fact.fields["bidder"]]
        return min(known, new) if known else new

    return reported([], fold, Bid)


@case(Named("i", "n1", "x", "2030-01-01T10:00:00+00:00"), Named("i", "n2", "y", "2030-01-01T11:00:00+01:00"))
def the_earliest_moment_in_one_zone() -> Process:
    """Moments are reported in one zone before they are compared; what is no moment is passed over."""

    def told_in_one_zone(text: str) -> str | None:
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        except (ValueError, OverflowError):
            return None

    def fold(known: str | None, fact: Fact) -> str | None:
        at = told_in_one_zone(str(fact.fields["at"]))
        return min(one for one in (known, at) if one is not None) if known or at else None

    return reported(None, fold, Named)


@case(Limited("i", 5), Limited("i", None), Limited("i", 9))
def the_least_limit_or_none() -> Process:
    """The least limit of all that were set; None sets none."""

    def fold(known: list[int], fact: Fact) -> list[int]:
        limit = fact.fields["limit"]
        return known if limit is None else [min([*known, limit])]

    return reported([], fold, Limited)


@case(Voted("i", "v1", "a"), Voted("i", "v2", "b"), Voted("i", "v3", "b"), Voted("i", "v4", "c"))
def an_odd_number_of_voters_for_now() -> Process:
    """Whether an odd number of votes is in, each counted once; nothing final hangs on it."""
    ids = Reducer("ids", (Voted,), [], lambda known, fact: sorted({*known, fact.fields["vote_id"]}))
    return judged(ids, judge=lambda known: len(known) % 2 == 1)
