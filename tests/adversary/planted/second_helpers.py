"""Further planted processes, the second part."""

from difflib import SequenceMatcher
from enum import IntEnum
from typing import Any, Final

from saga import (
    Fact,
    Process,
    Reducer,
)
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
from tests.adversary.planted.second import Answered, Offered


class Level(IntEnum):
    clerk = 1
    head = 2
    board = 3


def approve(known: int, fact: Fact) -> int:
    level = Level.__members__.get(fact.fields["text"])
    return level.value if level is not None and level == known + 1 else known


@case(noted(1, "clerk"), noted(2, "head"), noted(3, "board"))
def approvals_from_below() -> Process:
    """An approval counts only if that of the level below stands already."""
    return shown(Reducer("approved", (Noted,), 0, approve))


MOST_KILOS: Final = 30.0


def pack(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key, kilos = fact.fields["parcel_id"], fact.fields["kilos"]
    if any(key in box["parcels"] for box in known["boxes"]):
        return known
    boxes = [dict(box) for box in known["boxes"]]
    for box in boxes:
        if box["kilos"] + kilos <= MOST_KILOS:
            box["kilos"] += kilos
            box["parcels"] = sorted([*box["parcels"], key])
            break
    else:
        boxes.append({"kilos": kilos, "parcels": [key]})
    return {"boxes": boxes}


@case(weighed(1, 10.0), weighed(2, 25.0), weighed(3, 20.0), weighed(4, 5.0))
def boxes_filled_as_they_come() -> Process:
    """Each parcel goes into the first box that has room for it: how many boxes there are depends on the order."""
    return shown(Reducer("boxes", (Weighed,), {"boxes": []}, pack), compute=lambda held: len(held["boxes"]))


def match(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key, side, price = fact.fields["offer_id"], fact.fields["side"], fact.fields["price"]
    if key in known["ids"]:
        return known
    ids = sorted({*known["ids"], key})
    other = "sell" if side == "buy" else "buy"
    fits = [one for one in known[other] if (price >= one if side == "buy" else price <= one)]
    if not fits:
        return {**known, "ids": ids, side: sorted([*known[side], price])}
    best = min(fits) if side == "buy" else max(fits)
    rest = list(known[other])
    rest.remove(best)
    return {**known, "ids": ids, other: rest, "trades": sorted([*known["trades"], best])}


@case(Offered("i", "o1", "buy", 12), Offered("i", "o2", "sell", 10), Offered("i", "o3", "sell", 11))
def an_order_book() -> Process:
    """Who comes second pays the price of who was there."""
    book = Reducer("book", (Offered,), {"ids": [], "buy": [], "sell": [], "trades": []}, match)
    return shown(book, compute=lambda held: held["trades"])


def elo(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    if fact.fields["answer_id"] in known["ids"]:
        return known
    expected = 1 / (1 + 10 ** ((1500 - known["rating"]) / 400))
    gained = round(32 * (int(fact.fields["is_yes"]) - expected))
    return {"rating": known["rating"] + gained, "ids": sorted({*known["ids"], fact.fields["answer_id"]})}


@case(*(Answered("i", f"g{number}", "ann", number < 4) for number in range(6)))
def a_rating() -> Process:
    """A rating in which each game is weighed by the rating before it."""
    return shown(Reducer("rating", (Answered,), {"rating": 1500, "ids": []}, elo), compute=lambda held: held["rating"])


ALLOWANCE: Final = 1_000


def tax(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key = fact.fields["payment_id"]
    if key in known["tax"]:
        return known
    free = max(0, ALLOWANCE - known["sum"])
    taxed = max(0, fact.fields["amount"] - free)
    return {"sum": known["sum"] + fact.fields["amount"], "tax": {**known["tax"], key: taxed * 19 // 100}}


@case(paid(1, 900), paid(2, 700))
def an_allowance_that_is_used_up() -> Process:
    """The first thousand is free of tax, and each payment has its own tax."""
    start: dict[str, Any] = {"sum": 0, "tax": {}}
    return shown(Reducer("taxes", (Paid,), start, tax), compute=lambda held: held["tax"])


def heavy(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    text, key = fact.fields["text"], fact.fields["note_id"]
    if key in known["ids"]:
        return known
    counts = dict(known["counts"])
    if text not in counts and len(counts) == 2:
        least = min(counts, key=lambda one: (counts[one], one))
        counts[text] = counts.pop(least)
    counts[text] = counts.get(text, 0) + 1
    return {"ids": sorted({*known["ids"], key}), "counts": counts}


@case(noted(1, "a"), noted(2, "b"), noted(3, "c"), noted(4, "a"))
def heavy_hitters() -> Process:
    """The two most frequent texts in little room: a new one takes the place and the count of the rarest."""
    reducer = Reducer("frequent", (Noted,), {"ids": [], "counts": {}}, heavy)
    return shown(reducer, compute=lambda held: held["counts"])


def unlike(known: list[str], fact: Fact) -> list[str]:
    text = fact.fields["text"].casefold()
    if any(SequenceMatcher(None, one, text).ratio() > 0.7 for one in known):
        return known
    return sorted({*known, text})


@case(noted(1, "abcd"), noted(2, "bcde"), noted(3, "cdef"))
def nearly_the_same_text() -> Process:
    """A text that is much like a known one is a duplicate, and what it is like depends on what is known."""
    return shown(Reducer("texts", (Noted,), [], unlike))
