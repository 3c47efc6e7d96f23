"""Slips that a review overlooks: a rank, a pair, a spelling, a key that JSON changes."""

from typing import Any

from saga import (
    ANY,
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Selection,
    bands,
    beyond,
    every,
    has,
    only,
    outcomes,
    owing,
    total,
    wanted,
)
from tests.adversary.kit import (
    TAGS,
    Do,
    Out,
    Seen,
    Weighed,
    case,
    chosen,
    granted,
    has_any,
    judged,
    one_outcome,
    proc,
    seen,
    shown,
    tagged,
    wanted_in,
    weighed,
)
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DRAWS,
    OFFERS,
    REPAYMENTS,
    STAYS,
    TERMS,
    VOTES,
    Confirmed,
    Drawn,
    Known,
    Metered,
    Offered,
    Pledged,
    Rejected,
    Repaid,
    Shipped,
    Stayed,
    Terms,
    Voted,
    claim,
    drawn,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)

Y, N = Seen.YES, Seen.NO
FINAL = frozenset({Do.YES})


def _cheapest_now(known: Known, fact: Fact) -> Known:
    """The cheapest supplier, by the latest price of each."""
    new = {name: fact.fields[name] for name in ("supplier", "cents", "day")}
    if not known or (new["supplier"] == known["supplier"] and new["day"] > known["day"]):
        return new
    is_cheaper = (new["cents"], new["supplier"]) < (known["cents"], known["supplier"])
    return new if is_cheaper and new["supplier"] != known["supplier"] else known


@case(offer(1, 10, "Ada", day=1), offer(2, 30, "Cy", day=1), offer(3, 90, "Ada", day=2))
def the_cheapest_by_the_latest_prices() -> Process:
    """Only the cheapest is kept, and when it gets dearer nobody remembers the second."""
    return shown(Reducer("cheapest", (Offered,), {}, _cheapest_now))


def _two_lowest(known: list[int], fact: Fact) -> list[int]:
    lowest, second = known
    cents = fact.fields["cents"]
    if cents < lowest:
        return [cents, lowest]
    return [lowest, cents] if cents < second else known


@case(offer(1, 100), offer(2, 200))
def the_two_lowest_prices() -> Process:
    """The lowest price that comes again is the second lowest, too."""
    return shown(Reducer("lowest", (Offered,), [10**9, 10**9], _two_lowest))


def _names(known: dict[str, str], fact: Fact) -> dict[str, str]:
    return {fact.fields["voter"].strip().casefold(): fact.fields["voter"].strip(), **known}


@case(vote(1, "yes", "Ada"), vote(2, "yes", "ada "))
def names_as_they_were_first_spelled() -> Process:
    """Voters are known without case, and shown as they were spelled first."""
    return shown(Reducer("names", (Voted,), {}, _names))


def _first_pledge(known: dict[str, int], fact: Fact) -> dict[str, int]:
    return known if fact.fields["backer"] in known else {**known, fact.fields["backer"]: fact.fields["cents"]}


@case(pledge(1, 10, backer="Ada"), pledge(2, 20, backer="Ada"))
def one_pledge_for_each_backer() -> Process:
    """Of a backer's pledges the one that was received of first counts."""
    return shown(Reducer("pledges", (Pledged,), {}, _first_pledge), compute=lambda held: sum(held.values()))


def _millionth(known: Known, fact: Fact) -> Known:
    if fact.fields["pledge_id"] in known["seen"]:
        return known
    amount = known["sum"] + fact.fields["cents"]
    winner = known["winner"] or (fact.fields["backer"] if amount >= 100 else None)
    return {"seen": sorted([*known["seen"], fact.fields["pledge_id"]]), "sum": amount, "winner": winner}


@case(pledge(1, 60), pledge(2, 70))
def a_prize_for_who_reaches_the_goal() -> Process:
    """The prize goes to the pledge with which the sum is reached."""
    return shown(
        Reducer("prize", (Pledged,), {"seen": [], "sum": 0, "winner": None}, _millionth),
        compute=lambda held: held["winner"],
    )


def _mean(known: Known, fact: Fact) -> Known:
    if fact.fields["reading_id"] in known["seen"]:
        return known
    number = len(known["seen"])
    mean = (known["mean"] * number + fact.fields["value"]) // (number + 1)
    return {"seen": sorted([*known["seen"], fact.fields["reading_id"]]), "mean": mean}


@case(metered(1, 1, 1), metered(2, 2, 2), metered(3, 3, 3))
def a_mean_in_whole_degrees() -> Process:
    """The mean is rounded down with each reading, so 1, 2 and 3 come to 1 or 2."""
    return shown(Reducer("mean", (Metered,), {"seen": [], "mean": 0}, _mean), compute=lambda held: held["mean"])


def _kilos(known: Known, fact: Fact) -> Known:
    if fact.fields["parcel_id"] in known["seen"]:
        return known
    return {"seen": sorted([*known["seen"], fact.fields["parcel_id"]]), "kilos": known["kilos"] + fact.fields["kilos"]}


@case(weighed(1, 0.1), weighed(2, 0.2), weighed(3, 0.3))
def a_load_in_kilos() -> Process:
    """A sum of fractions depends on the order of adding them."""
    return shown(
        Reducer("load", (Weighed,), {"seen": [], "kilos": 0.0}, _kilos), compute=lambda held: held["kilos"] > 0.6
    )


def _stock(known: Known, fact: Fact) -> Known:
    is_in = fact.kind is Drawn
    identity = fact.fields["draw_id" if is_in else "repayment_id"]
    moves = {**known, identity: fact.fields["cents"] if is_in else -fact.fields["cents"]}
    if sum(moves.values()) < 0:
        raise ValueError("less than nothing in stock")
    return moves


@case(drawn(1, 5), repaid(1, 5))
def a_stock_that_is_never_below_nothing() -> Process:
    """What is taken out may be received of before what was put in."""
    return shown(Reducer("stock", (Drawn, Repaid), {}, _stock))


def _by_night(known: dict[Any, list[str]], fact: Fact) -> dict[Any, list[str]]:
    """The stays of each night."""
    night = fact.fields["night"]
    return {**known, night: sorted({*known.get(night, []), fact.fields["stay_id"]})}


@case(stay(1, 7), stay(2, 7))
def nights_as_keys() -> Process:
    """The night is a number, and as a key it is stored as a text."""
    return shown(Reducer("nights", (Stayed,), {}, _by_night))


def _has_both(votes: Entries, offers: Entries) -> Any:
    return votes and offers and any(one["cents"] < 100 for one in offers.values())


@case(vote(1, "yes"), offer(1, 5))
def neither_true_nor_false() -> Process:
    """Without an offer the function answers with the empty offers."""
    return judged(VOTES, OFFERS, judge=_has_both)


@case(claim(1, 5, "A1"), claim(2, 5, "B2"))
def a_set_of_treatments() -> Process:
    """A set can't be said in JSON."""
    return shown(CLAIMS, compute=lambda claims: {one["code"] for one in claims.values()})


def _suppliers(offers: Entries) -> frozenset[str]:
    return frozenset(one["supplier"] for one in offers.values() if one["cents"] < 100)


@case(offer(1, 5))
def suppliers_instead_of_offers() -> Process:
    """The selection says which suppliers, and not which offers."""
    return chosen(OFFERS, _suppliers, fields=("supplier",))


def _sorted_tags(tags: Entries) -> list[str]:
    words: list[str] = []
    for one in tags.values():
        one["tags"].sort()
        words.extend(one["tags"])
    return sorted(set(words))


@case(tagged(1, "urgent", "late"))
def tags_sorted_in_place() -> Process:
    """The function sorts the tags that are stored, so that the same message again is another one."""
    return shown(TAGS, compute=_sorted_tags)


def _settled_draws(draws: Entries, repayments: Entries) -> frozenset[str]:
    """Draws and repayments are pairs, in the order of their days."""
    ordered = sorted(draws, key=lambda key: (draws[key]["day"], key))
    return frozenset(key for key, _ in zip(ordered, repayments, strict=False))


@case(drawn(2, 5, day=2), repaid(1, 5), drawn(1, 5, day=1))
def the_oldest_draws_are_settled() -> Process:
    """A repayment settles the oldest draw, and an older one is received of later."""
    return chosen(DRAWS, _settled_draws, REPAYMENTS)


def _number(repayments: Entries, key: str) -> int:
    return sorted(repayments, key=lambda one: (repayments[one]["day"], one)).index(key) + 1


def receipts(computed: ComputedField) -> Process:
    """A final receipt for each repayment, with this field."""
    any_came = has_any(REPAYMENTS)
    template = CommandTemplate("PrintReceipt", REPAYMENTS, ("cents",), (computed,))
    receipt = Effect("receipt", "printer", {Do.YES: template}, final=FINAL)
    return proc(
        one_outcome(any_came), any_came, REPAYMENTS, wants=[wanted_in(any_came, receipt, YES=every(REPAYMENTS))]
    )


@case(repaid(1, 5, day=2), repaid(2, 5, day=1))
def receipts_numbered_by_day() -> Process:
    """A receipt that is printed has its number for good, and an earlier repayment moves it."""
    return receipts(ComputedField("number", (REPAYMENTS,), _number))


@case(repaid(2, 5, day=1), repaid(1, 7, day=1))
def receipts_with_the_sum_so_far() -> Process:
    """The sum up to a receipt grows, but is not called cumulative."""

    def so_far(repayments: Entries, key: str) -> int:
        place = _number(repayments, key)
        return sum(one["cents"] for other, one in repayments.items() if _number(repayments, other) <= place)

    return receipts(ComputedField("sum", (REPAYMENTS,), so_far))


@case(Confirmed(), Rejected())
def money_released_before_a_dispute() -> Process:
    """A confirmation releases the money, unless a dispute is received of before."""
    confirmed, rejected = seen(Confirmed), seen(Rejected)
    release = Effect("release", "bank", {Do.YES: CommandTemplate("Release")}, final=FINAL)
    rows = [(Y, N, {release: Do.YES}), (Y, Y, {}), (N, ANY, {})]
    table = wanted(confirmed, rejected, rows=rows)
    return proc(one_outcome(confirmed), confirmed, rejected, wants=[table])


def _enough_ayes(votes: Entries, terms: Entries) -> bool:
    """One aye is enough up to 10 euro, and two above."""
    ayes: int = sum(one["says"] == "yes" for one in votes.values())
    amount: int = max((one["limit"] for one in terms.values()), default=0)
    needed = 2 if amount > 1_000 else 1
    return ayes >= needed


@case(vote(1, "yes"), Terms(limit=5_000))
def one_approval_while_the_amount_is_not_known() -> Process:
    """What is not known is nothing, so one approval is enough for it, for good."""
    return granted(VOTES, TERMS, judge=_enough_ayes)


def _within_the_waiting_time(claims: Entries, stays: Entries) -> frozenset[str]:
    """Claims within 30 days of the first day that is known."""
    first = min([one["day"] for one in claims.values()] + [one["night"] for one in stays.values()], default=0)
    return frozenset(key for key, one in claims.items() if one["day"] - first < 30)


@case(claim(1, 5, day=50), stay(1, 1))
def claims_within_the_waiting_time() -> Process:
    """A claim is refused in the first 30 days, and the first day turns out to be earlier."""
    return chosen(CLAIMS, _within_the_waiting_time, STAYS)


def _doubles(repayments: Entries) -> frozenset[str]:
    return frozenset(
        key
        for key, one in repayments.items()
        if any(other < key and two["cents"] == one["cents"] for other, two in repayments.items())
    )


@case(repaid(1, 80), repaid(2, 80), Terms(limit=100))
def a_payment_that_goes_back_twice() -> Process:
    """What was paid twice and lies beyond the price is sent back for both reasons."""
    any_came, known = has_any(REPAYMENTS), DerivedColumn.of("known", has(TERMS))
    template = CommandTemplate("PayBack", REPAYMENTS, ("repayment_id", "cents"))
    doubles = Selection("doubles", REPAYMENTS, _doubles)
    excess = owing(beyond(REPAYMENTS, "cents", target=only(TERMS, "limit"), by=("day",)))
    first = Effect("double", "bank", {Do.YES: template}, final=FINAL)
    second = Effect("excess", "bank", {Do.YES: template}, final=FINAL)
    wants = [
        wanted_in(any_came, first, YES=doubles),
        wanted(known, rows=[(True, {second: excess}), (False, {})]),
    ]
    return proc(one_outcome(any_came), any_came, REPAYMENTS, TERMS, wants=wants)


@case(repaid(1, 40), repaid(2, 120))
def a_letter_to_those_who_paid_a_half() -> Process:
    """Between nothing and all there is a half, which a single payment jumps over."""
    level = DerivedColumn.of("level", bands(total(REPAYMENTS, "cents"), Out.OPEN, (40, Out.OTHER), (100, Out.DONE)))
    letter = Effect("letter", "post", {Do.YES: CommandTemplate("AskForTheRest")})
    table = wanted(level, rows=[(Out.OTHER, {letter: Do.YES}), (Out.OPEN, {}), (Out.DONE, {})])
    rows = [(Out.OPEN, Out.OPEN), (Out.OTHER, Out.OTHER), (Out.DONE, Out.DONE)]
    return proc(outcomes(level, rows=rows), REPAYMENTS, wants=[table])


@case(Shipped(), drawn(1, 5), drawn(2, 7))
def a_declaration_of_value_that_changes_on_the_way() -> Process:
    """The value of a parcel is declared for good when it is shipped, and a further line changes it."""
    any_came, shipped = has_any(DRAWS), seen(Shipped)
    field = ComputedField.of("value", total(DRAWS, "cents"))
    effect = Effect(
        "parcel", "carrier", {Do.YES: CommandTemplate("Declare", computed=(field,))}, final=FINAL, decided_by=Shipped
    )
    return proc(one_outcome(shipped), any_came, shipped, DRAWS, wants=[wanted_in(any_came, effect, YES=Do.YES)])


@case(vote(1, "yes"), Terms(limit=5))
def a_limit_that_is_null_at_first() -> Process:
    """The limit is printed for good before it is known."""
    any_came = has_any(VOTES)
    field = ComputedField.of("limit", only(TERMS, "limit"), is_cumulative=True)
    effect = Effect("card", "printer", {Do.YES: CommandTemplate("PrintCard", computed=(field,))}, final=FINAL)
    return proc(one_outcome(any_came), any_came, VOTES, TERMS, wants=[wanted_in(any_came, effect, YES=Do.YES)])
