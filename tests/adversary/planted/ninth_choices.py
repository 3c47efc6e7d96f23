"""Selections that drop an entry, and fields for each entry that another entry changes."""

from typing import Any

from saga import (
    ANY,
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Selection,
    beyond,
    count,
    each,
    entries_where,
    every,
    field_of_entry,
    greatest,
    least,
    only,
    outcomes,
    owing,
    total,
    wanted,
    with_partner,
    without_partner,
)
from tests.adversary.kit import Do, Out, Seen, case, chosen, has_any, one_outcome, proc, seen, wanted_in
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    DRAWS,
    OFFERS,
    PLEDGES,
    READINGS,
    REPAYMENTS,
    TERMS,
    VOTES,
    Closed,
    Terms,
    claim,
    decided,
    drawn,
    metered,
    offer,
    pledge,
    repaid,
    vote,
)


def _top_two(pledges: Entries) -> frozenset[str]:
    return frozenset(sorted(pledges, key=lambda key: (-pledges[key]["cents"], key))[:2])


@case(pledge(1, 10), pledge(2, 20), pledge(3, 30))
def the_two_highest_bids_are_charged() -> Process:
    """A bid that was charged is no longer among the two highest."""
    return chosen(PLEDGES, _top_two)


def _in_the_last_month(repayments: Entries) -> frozenset[str]:
    newest = max((one["day"] for one in repayments.values()), default=0)
    return frozenset(key for key, one in repayments.items() if newest - one["day"] <= 30)


@case(repaid(1, 5, day=1), repaid(2, 5, day=40))
def repayments_of_the_last_month() -> Process:
    """What is recent is measured from the newest repayment, and a newer one makes others old."""
    return chosen(REPAYMENTS, _in_the_last_month)


def _until_the_goal(pledges: Entries) -> frozenset[str]:
    """Pledges by their time, as long as they are needed for 100 euro."""
    taken, amount = set(), 0
    for key, one in sorted(pledges.items(), key=lambda item: (item[1]["minute"], item[0])):
        if amount >= 10_000:
            break
        taken.add(key)
        amount += one["cents"]
    return frozenset(taken)


@case(pledge(1, 9_000, 1), pledge(2, 9_000, 2), pledge(3, 9_000, 0))
def pledges_charged_until_the_goal() -> Process:
    """An earlier pledge that is received of later reaches the goal without one that was charged."""
    return chosen(PLEDGES, _until_the_goal)


def _undecided(claims: Entries, decisions: Entries) -> frozenset[str]:
    known = {one["claim_id"] for one in decisions.values() if one["share"] > 0}
    return frozenset(claims) - known


@case(claim(1, 10), decided(1, "c1", 50))
def a_review_for_each_claim_without_a_cover() -> Process:
    """A review is ordered while nothing covers a claim, and never called off."""
    return chosen(CLAIMS, _undecided, DECISIONS)


def _last_double(repayments: Entries) -> frozenset[str]:
    """Of payments of the same amount on the same day, the last one is a mistake."""
    groups: dict[tuple[int, int], list[str]] = {}
    for key, one in repayments.items():
        groups.setdefault((one["cents"], one["day"]), []).append(key)
    return frozenset(max(keys) for keys in groups.values() if len(keys) > 1)


@case(repaid(1, 50), repaid(2, 50), repaid(3, 50))
def the_second_of_two_equal_payments_goes_back() -> Process:
    """Of equal payments the last one is sent back, and a third one is last then."""
    return chosen(REPAYMENTS, _last_double)


def _important(votes: Entries) -> frozenset[str]:
    owners = frozenset(key for key, one in votes.items() if one["voter"] == "owner")
    return owners or frozenset(votes)


@case(vote(1, "yes"), vote(2, "yes", "owner"))
def all_are_asked_unless_the_owner_is_among_them() -> Process:
    """Everybody is asked back while the owner has not voted, and the owner alone afterwards."""
    return chosen(VOTES, _important)


def _usual_code(claims: Entries) -> frozenset[str]:
    codes = [one["code"] for one in claims.values()]
    usual = max(sorted(set(codes)), key=codes.count, default="")
    return frozenset(key for key, one in claims.items() if one["code"] == usual)


@case(claim(1, 5, "A1"), claim(2, 5, "B2"), claim(3, 5, "B2"))
def claims_of_the_usual_treatment() -> Process:
    """Claims of the most frequent treatment are paid at once, and another one becomes more frequent."""
    return chosen(CLAIMS, _usual_code, is_final=True)


def _fits(pledges: Entries, terms: Entries) -> frozenset[str]:
    """As many pledges as fit into the limit, the small ones first."""
    left, taken = sum(one["limit"] for one in terms.values()), []
    for key, one in sorted(pledges.items(), key=lambda item: (item[1]["cents"], item[0])):
        if one["cents"] <= left:
            left -= one["cents"]
            taken.append(key)
    return frozenset(taken)


@case(Terms(limit=100), pledge(1, 70), pledge(2, 60))
def as_many_as_fit_into_the_hall() -> Process:
    """A smaller group takes the places of a larger one that had been let in."""
    return chosen(PLEDGES, _fits, TERMS, is_final=True)


def _rank(offers: Entries, key: str) -> int:
    return sorted(offers, key=lambda one: (offers[one]["cents"], one)).index(key) + 1


def for_each_offer(computed: ComputedField) -> Process:
    """A final letter for each offer, with this field."""
    any_came = has_any(OFFERS)
    template = CommandTemplate("Answer", OFFERS, ("supplier",), computed=(computed,))
    effect = Effect("answer", "post", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(any_came), any_came, OFFERS, wants=[wanted_in(any_came, effect, YES=every(OFFERS))])


@case(offer(1, 50), offer(2, 40))
def each_supplier_learns_its_rank() -> Process:
    """The rank of an offer is called cumulative, and it grows with each cheaper offer, but not for the last time."""
    return for_each_offer(ComputedField("rank", (OFFERS,), lambda offers, key: -_rank(offers, key), is_cumulative=True))


def _saved(offers: Entries, key: str) -> Any:
    others = [one["cents"] for other, one in offers.items() if other != key]
    return min(others) - offers[key]["cents"] if others else None


@case(offer(1, 50), offer(2, 90))
def what_each_offer_saves() -> Process:
    """What an offer saves against the next best one is null while there is no other offer."""
    return for_each_offer(ComputedField("saves", (OFFERS,), _saved, is_cumulative=True))


def given(selection: Selection, *stores: Any) -> Process:
    """One gift for each entry that is chosen."""
    any_came = has_any(*stores)
    give = Effect("gift", "post", {Do.YES: CommandTemplate("Give", selection.register)})
    return proc(one_outcome(any_came), any_came, *stores, wants=[wanted_in(any_came, give, YES=selection)])


@case(pledge(1, 60), Terms(limit=50), pledge(2, 40))
def a_gift_for_pledges_below_what_was_agreed() -> Process:
    """The gift goes out when the poll has a pledge, and the table forgets it in the rows after the goal."""
    small = entries_where(PLEDGES, each("cents") < only(TERMS, "limit"))
    is_full = DerivedColumn.of("full", total(PLEDGES, "cents") >= 100)
    give = Effect("gift", "post", {Do.YES: CommandTemplate("Give", PLEDGES)})
    rows = [(False, {give: small}), (True, {})]
    return proc(one_outcome(is_full), PLEDGES, TERMS, wants=[wanted(is_full, rows=rows)])


@case(claim(1, 10), decided(1, "c1", 0))
def claims_that_nobody_decided() -> Process:
    """A reminder goes out for each claim without a decision, which comes later."""
    return given(without_partner(CLAIMS, "claim_id", DECISIONS, "claim_id"), CLAIMS, DECISIONS)


@case(drawn(1, 50), repaid(1, 50), Closed())
def matched_draws_until_the_books_are_closed() -> Process:
    """Draws with a repayment of the same amount are acknowledged, but not any more when the books are closed."""
    closed = seen(Closed)
    pairs = with_partner(DRAWS, "cents", REPAYMENTS, "cents")
    thank = Effect("thanks", "post", {Do.YES: CommandTemplate("Thank", DRAWS)})
    table = wanted(closed, rows=[(Seen.NO, {thank: pairs}), (Seen.YES, {})])
    return proc(one_outcome(closed), closed, DRAWS, REPAYMENTS, wants=[table])


@case(drawn(1, 50), repaid(1, 80), drawn(2, 50))
def what_is_beyond_all_that_was_drawn() -> Process:
    """What is repaid beyond all draws goes back for good, and a further draw makes it less."""
    excess = beyond(REPAYMENTS, "cents", target=total(DRAWS, "cents"), by=("day",))
    any_came = has_any(REPAYMENTS, DRAWS)
    template = CommandTemplate("PayBack", REPAYMENTS, computed=(ComputedField.of("cents", excess, is_cumulative=True),))
    back = Effect("back", "bank", {Do.YES: template}, final=frozenset({Do.YES}))
    wants = [wanted_in(any_came, back, YES=owing(excess))]
    return proc(one_outcome(any_came), any_came, REPAYMENTS, DRAWS, wants=wants)


@case(metered(1, 40, 1), metered(2, 90, 2), metered(3, 20, 3))
def readings_below_the_mean_of_the_extremes() -> Process:
    """A service is ordered for each sensor that reads less than twice the least, which sinks."""

    def low(readings: Entries) -> frozenset[str]:
        bottom = least(READINGS, "value")(readings)
        return frozenset(key for key, one in readings.items() if one["value"] < 2 * bottom)

    return chosen(READINGS, low)


@case(vote(1, "no"), vote(2, "yes"), Closed())
def those_who_objected_are_received() -> Process:
    """A hearing is arranged for the noes, and for all voters when it is closed, but never called off for others."""
    closed = seen(Closed)
    noes = entries_where(VOTES, each("says").equals("no"), Do.YES)
    yeses = entries_where(VOTES, each("says").equals("yes"), Do.YES)
    hear = Effect("hearing", "office", {Do.YES: CommandTemplate("Hear", VOTES), Do.NO: CommandTemplate("Skip", VOTES)})
    table = wanted(closed, rows=[(Seen.NO, {hear: noes}), (Seen.YES, {hear: yeses})])
    return proc(one_outcome(closed), closed, VOTES, wants=[table])


@case(pledge(1, 10), pledge(2, 20))
def a_share_of_the_total_for_each_backer() -> Process:
    """Each backer's share in percent is printed for good, and the total grows."""
    any_came = has_any(PLEDGES)

    def share(pledges: Entries, key: str) -> int:
        amount = sum(one["cents"] for one in pledges.values())
        return pledges[key]["cents"] * 100 // amount if amount else 0

    template = CommandTemplate("PrintShare", PLEDGES, computed=(ComputedField("share", (PLEDGES,), share, True),))
    effect = Effect("share", "printer", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(any_came), any_came, PLEDGES, wants=[wanted_in(any_came, effect, YES=every(PLEDGES))])


@case(pledge(1, 10), vote(1, "yes"), vote(2, "yes"))
def a_certificate_only_for_an_odd_number() -> Process:
    """Certificates are printed while the number of votes is one or three, and left as they are otherwise."""
    is_odd = DerivedColumn.of("odd", count(VOTES).is_one_of(1, 3))
    effect = Effect(
        "certificate",
        "printer",
        {
            Do.YES: CommandTemplate(
                "Print", PLEDGES, computed=(ComputedField.of("cents", field_of_entry(PLEDGES, "cents")),)
            )
        },
    )
    table = wanted(is_odd, rows=[(True, {effect: every(PLEDGES)}), (False, {})])
    return proc(one_outcome(is_odd), PLEDGES, VOTES, wants=[table])


@case(offer(1, 10, day=5), offer(2, 90, day=6), offer(3, 95, day=7))
def dear_offers_are_refused() -> Process:
    """An offer is refused if it is the dearest of at least two, and the next one is dearer."""
    dearest = greatest(OFFERS, "cents")

    def refused(offers: Entries) -> frozenset[str]:
        top = dearest(offers)
        return frozenset(key for key, one in offers.items() if len(offers) > 1 and one["cents"] == top)

    refuse = Effect("refusal", "post", {Do.YES: CommandTemplate("Refuse", OFFERS)}, final=frozenset({Do.YES}))
    several = DerivedColumn.of("several", count(OFFERS) > 1)
    table = wanted(several, rows=[(True, {refuse: Selection("the dearest", OFFERS, refused)}), (False, {})])
    return proc(outcomes(several, rows=[(ANY, Out.DONE)]), OFFERS, wants=[table])
