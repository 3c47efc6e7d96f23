"""Planted folds that round, cut or trim."""

from saga import Fact, Process, Reducer
from tests.adversary.kit import (
    Noted,
    Paid,
    Weighed,
    case,
    noted,
    paid,
    shown,
    weighed,
)


def rounded(known: dict[str, float], fact: Fact) -> dict[str, float]:
    key, kilos = fact.fields["parcel_id"], fact.fields["kilos"]
    done = known.get("done", 0.0)
    return known if key in known else known | {key: kilos, "done": round(done + kilos, 0)}


@case(weighed(1, 0.5), weighed(2, 0.7))
def rounded_at_each_step() -> Process:
    """The total is rounded at each step."""
    return shown(Reducer("total", (Weighed,), {}, rounded))


def cut(known: str, fact: Fact) -> str:
    words = {*known.split("|"), fact.fields["text"]} - {""}
    return "|".join(sorted(words))[-9:]


@case(noted(1, "alpha"), noted(2, "beta"), noted(3, "gamma"))
def cut_to_nine() -> Process:
    """The sorted texts are cut to nine characters at each step."""
    return shown(Reducer("text", (Noted,), "", cut))


def median(known: list[int], fact: Fact) -> list[int]:
    if fact.fields["amount"] in known:
        return known
    grown = sorted([*known, fact.fields["amount"]])
    return grown if len(grown) <= 3 else grown[1:-1]


@case(paid(1, 1), paid(2, 2), paid(3, 3), paid(4, 4), paid(5, 5))
def an_approximate_median() -> Process:
    """Of four amounts the outer two are thrown away, and come again as new ones."""
    return shown(Reducer("middle", (Paid,), [], median))
