"""Functions of recruiters, cooks and porters that fail for a value that the message class admits."""

from collections import Counter
from datetime import date, timedelta
from math import log10, sqrt
from statistics import stdev

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, chosen, judged, shown
from tests.adversary.planted.ninth_messages import Known
from tests.adversary.planted.tenth_messages import (
    ANSWERS,
    APPLICANTS,
    BINS,
    DISHES,
    LOANS,
    MATCHES,
    PAPERS,
    PASSAGES,
    PUMPS,
    REMARKS,
    RETRACTIONS,
    RULES,
    RULINGS,
    SLOTS,
    TICKETS,
    Binned,
    Remarked,
    Rules,
    answered,
    applied,
    binned,
    drew,
    filed,
    lent,
    parked,
    played,
    pumped,
    remarked,
    retracted,
    ruled,
    served,
    slotted,
)


@case(applied(1, 60, "ada"))
def the_host_of_an_address() -> Process:
    """An address without an @ has no second part."""
    return shown(APPLICANTS, compute=lambda held: sorted({one["email"].split("@")[1] for one in held.values()}))


@case(served(1, "soup", 300, 0))
def grams_of_a_portion() -> Process:
    """A dish of no portions is divided by nothing."""
    return shown(DISHES, compute=lambda held: max(one["grams"] // one["portions"] for one in held.values()))


@case(applied(1, 60), retracted(1, 2))
def a_retraction_of_nobody() -> Process:
    """The application that is retracted did not come yet."""
    return shown(
        APPLICANTS,
        RETRACTIONS,
        compute=lambda held, gone: min(held[one["application_id"]]["day"] for one in gone.values()) if gone else 0,
    )


@case(drew(1))
def the_greatest_number_of_a_ticket() -> Process:
    """A ticket may have no numbers."""
    return judged(TICKETS, judge=lambda held: any(max(one["numbers"]) > 40 for one in held.values()))


@case(parked(1, "B1234", 5))
def the_town_of_a_plate() -> Process:
    """A plate without a hyphen has one part."""

    def towns(held: Entries) -> int:
        known: Counter[str] = Counter()
        for one in held.values():
            town, _ = one["plate"].split("-", 1)
            known[town] += 1
        return len(known)

    return shown(PASSAGES, compute=towns)


@case(remarked(1, "good", 4), remarked(2, "so so"))
def the_best_stars() -> Process:
    """A remark without stars can't be compared with one that has some."""
    return shown(REMARKS, compute=lambda held: max(one["stars"] for one in held.values()))


@case(lent(1, 9, 5))
def the_square_of_a_loan() -> Process:
    """A loan that ends before it begins has a root of a negative number."""
    return shown(LOANS, compute=lambda held: [round(sqrt(one["last"] - one["first"])) for one in held.values()])


@case(played(1, "Reds", 3, 2))
def the_spread_of_goals() -> Process:
    """One match has no deviation."""
    return shown(MATCHES, compute=lambda held: round(stdev(one["goals"] for one in held.values())))


@case(filed(1, 40_000), filed(2, 7, kind="appeal"))
def a_claim_for_each_appeal() -> Process:
    """There may be appeals and no claim."""

    def first_claim(held: Entries) -> str:
        claims = sorted((one["day"], key) for key, one in held.items() if one["kind"] == "claim")
        return claims[0][1]

    return shown(PAPERS, compute=first_claim)


@case(binned(1, "Elm", 0))
def digits_of_the_kilos() -> Process:
    """An empty bin has no logarithm."""
    return shown(BINS, compute=lambda held: max(int(log10(one["kilos"])) for one in held.values()))


@case(pumped(1, 1e308), pumped(2, 1e308))
def whole_litres() -> Process:
    """The sum of two great numbers is infinite, and no whole number."""
    return shown(PUMPS, compute=lambda held: int(sum(one["litres"] for one in held.values())))


@case(answered(1, 7, 10), answered(2, 3, 20))
def the_answer_to_the_first_question() -> Process:
    """Nobody has to answer the first question."""
    return shown(ANSWERS, compute=lambda held: {one["question"]: one["points"] for one in held.values()}[1])


_PRICES = {"paper": 1, "glass": 2}


def _fee(known: Known, fact: Fact) -> Known:
    return {**known, fact.fields["bin_id"]: fact.fields["kilos"] * _PRICES[fact.fields["kind"]]}


@case(binned(1, "Elm", 5), binned(2, "Elm", 5, "glass"))
def fees_of_two_kinds_of_three() -> Process:
    """A kind of waste has no price."""
    return shown(Reducer("fees", (Binned,), {}, _fee))


@case(Rules(seats=0), applied(1, 50), applied(2, 60))
def applicants_for_each_seat() -> Process:
    """The rules may say that there are no seats."""
    return shown(RULES, APPLICANTS, compute=lambda rules, held: [len(held) // one["seats"] for one in rules.values()])


@case(slotted(1, 700, 600))
def minutes_at_a_gate() -> Process:
    """A slot that ends before it starts has no minutes to choose from."""
    return shown(SLOTS, compute=lambda held: [range(one["start"], one["end"])[-1] % 60 for one in held.values()])


@case(filed(1, 3), ruled(1, 9, "granted"))
def rulings_of_known_papers() -> Process:
    """A ruling about a paper that did not come is chosen, and no key of the register."""
    return chosen(
        PAPERS,
        lambda papers, rulings: frozenset(
            key for key in sorted({one["paper_id"] for one in rulings.values()}) if papers[key]["day"] < 10
        ),
        RULINGS,
    )


def _dated(known: list[str], fact: Fact) -> list[str]:
    """The days on which there is a remark: each begins with a date."""
    day = date.fromisoformat(fact.fields["text"][:10]) + timedelta(days=1)
    return sorted({*known, day.isoformat()})


@case(remarked(1, "2030-02-30 late again"))
def remarks_that_begin_with_a_date() -> Process:
    """Not every text begins with a date that there is."""
    return shown(Reducer("days", (Remarked,), [], _dated))
