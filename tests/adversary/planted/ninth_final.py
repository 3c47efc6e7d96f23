"""What can't be undone, granted on what a later message changes."""

from itertools import pairwise
from statistics import median

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    all_of,
    any_of,
    both,
    count,
    distinct,
    each,
    greatest,
    has,
    latest,
    least,
    negated,
    only,
    outcomes,
    total,
    total_by,
    wanted,
)
from tests.adversary.kit import Do, Out, Seen, case, granted, has_any, one_outcome, proc, seen, shown, wanted_in
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    DRAWS,
    LINKS,
    OFFERS,
    PLEDGES,
    READINGS,
    REPAYMENTS,
    STAYS,
    TERMS,
    VOTES,
    WITHDRAWALS,
    Cancelled,
    Closed,
    Confirmed,
    Shipped,
    Terms,
    Withdrawn,
    booked_if,
    booking,
    claim,
    decided,
    drawn,
    linked,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)


def _winner(offers: Entries) -> str | None:
    """Three offers are enough to choose."""
    ranked = sorted((one["cents"], one["supplier"]) for one in offers.values())
    return ranked[0][1] if len(ranked) >= 3 else None


@case(offer(1, 300), offer(2, 200), offer(3, 100), offer(4, 50))
def the_cheapest_of_three_offers_wins() -> Process:
    """The contract goes to the cheapest supplier once three offers are here, and a fourth one is cheaper."""
    has_three = DerivedColumn.of("three", count(OFFERS) >= 3)
    template = CommandTemplate("SignContract", computed=(ComputedField("supplier", (OFFERS,), _winner),))
    contract = Effect("contract", "legal", {Do.YES: template}, final=frozenset({Do.YES}))
    rows = [(True, {contract: Do.YES}), (False, {})]
    return proc(one_outcome(has_three), OFFERS, wants=[wanted(has_three, rows=rows)])


def _approved(votes: Entries) -> bool:
    says = [one["says"] for one in votes.values()]
    return says.count("yes") >= 2 and "no" not in says


@case(vote(1, "yes"), vote(2, "yes"), vote(3, "no"))
def two_of_three_unless_one_objects() -> Process:
    """Two approvals release the money, and a veto comes after them."""
    return granted(VOTES, judge=_approved)


def _ships_free(draws: Entries, repayments: Entries) -> bool:
    bought: int = sum(one["cents"] for one in draws.values())
    returned: int = sum(one["cents"] for one in repayments.values())
    return bought - returned > 5_000


@case(drawn(1, 5_500), repaid(1, 1_000))
def free_shipping_above_fifty_euro() -> Process:
    """Free shipping is for good, and a return takes the basket below 50 euro."""
    return granted(DRAWS, REPAYMENTS, judge=_ships_free)


@case(Closed(), repaid(1, 900), drawn(1, 400))
def a_closing_balance_with_late_entries() -> Process:
    """The closing balance is printed for good with the message that closes the books, and a late draw lowers it."""
    balance = total(REPAYMENTS, "cents").minus(total(DRAWS, "cents"))
    template = CommandTemplate("PrintBalance", computed=(ComputedField.of("balance", balance, is_cumulative=True),))
    effect = Effect("balance", "printer", {Do.YES: template}, final=frozenset({Do.YES}))
    closed = seen(Closed)
    return proc(one_outcome(closed), closed, REPAYMENTS, DRAWS, wants=[wanted_in(closed, effect, YES=Do.YES)])


def _standing(pledges: Entries, withdrawals: Entries) -> int:
    gone = {one["pledge_id"] for one in withdrawals.values()}
    return sum(one["cents"] for key, one in pledges.items() if key not in gone)


@case(pledge(1, 6_000), pledge(2, 5_000), Withdrawn(withdrawal_id="w1", pledge_id="p2"))
def a_campaign_that_reached_its_goal() -> Process:
    """The campaign succeeds for good at 100 euro of standing pledges, and one of them is withdrawn."""
    return granted(PLEDGES, WITHDRAWALS, judge=lambda pledges, gone: _standing(pledges, gone) >= 10_000)


@case(drawn(1, 700), repaid(1, 700), drawn(2, 100))
def a_lien_released_when_all_is_repaid() -> Process:
    """The lien is released for good when what was drawn is repaid, and more is drawn."""
    is_repaid = both(has(DRAWS), total(REPAYMENTS, "cents") >= total(DRAWS, "cents"))
    return booked_if(DerivedColumn.of("repaid", is_repaid), DRAWS, REPAYMENTS)


def _covered(claims: Entries, decisions: Entries) -> int:
    shares = {one["claim_id"]: one["share"] for one in decisions.values()}
    return sum(one["cents"] * shares.get(key, 50) // 100 for key, one in claims.items())


@case(claim(1, 1_000), decided(1, "c1", 20))
def a_payout_with_a_share_presumed() -> Process:
    """A claim that is not decided is presumed to be covered by half, and the decision says less."""
    return shown(CLAIMS, DECISIONS, compute=_covered, is_cumulative=True, is_final=True)


@case(offer(1, 5), offer(2, 1), offer(3, 3))
def a_list_of_the_two_cheapest() -> Process:
    """The list of the two lowest prices is called cumulative, and a lower one pushes another off."""
    return shown(
        OFFERS,
        compute=lambda offers: sorted(one["cents"] for one in offers.values())[:2],
        is_cumulative=True,
        is_final=True,
    )


def _latest_by_sensor(readings: Entries) -> dict[str, int]:
    ordered = sorted(readings.values(), key=lambda one: (one["minute"], one["reading_id"]))
    return {one["sensor"]: one["value"] for one in ordered}


@case(metered(1, 9, 1), metered(2, 7, 2))
def meters_that_were_replaced() -> Process:
    """The latest value of each meter is called cumulative, and a new meter begins below."""
    return shown(READINGS, compute=_latest_by_sensor, is_cumulative=True, is_final=True)


def _is_quick(readings: Entries) -> bool:
    return len(readings) >= 2 and median(one["value"] for one in readings.values()) <= 30


@case(metered(1, 10, 1), metered(2, 20, 2), metered(3, 90, 3), metered(4, 90, 4))
def a_badge_for_quick_deliveries() -> Process:
    """The badge is for good when the median is half an hour, which slow deliveries raise."""
    return granted(READINGS, judge=_is_quick)


def _no_pair_within_an_hour(pledges: Entries) -> bool:
    minutes = sorted(one["minute"] for one in pledges.values())
    return bool(minutes) and all(later - sooner > 60 for sooner, later in pairwise(minutes))


@case(pledge(1, 5, 0), pledge(2, 5, 30))
def money_released_if_no_two_cards_within_an_hour() -> Process:
    """The money is released if no two payments are close to each other, and one between comes later."""
    return granted(PLEDGES, judge=_no_pair_within_an_hour)


def _nights_without_gap(stays: Entries) -> bool:
    nights = {one["night"] for one in stays.values()}
    return len(nights) >= 2 and max(nights) - min(nights) == len(nights) - 1


@case(stay(1, 1), stay(2, 2), stay(3, 4))
def a_long_stay_without_a_gap() -> Process:
    """The discount of a stay without a gap is for good, and a further night leaves one."""
    return granted(STAYS, judge=_nights_without_gap)


@case(Shipped(), Confirmed(), Cancelled())
def called_back_after_it_was_shipped() -> Process:
    """What the carrier has shipped can't be called back, and a cancellation calls it back."""
    confirmed, cancelled, shipped = seen(Confirmed), seen(Cancelled), seen(Shipped)
    effect = booking(is_final=True, decided_by=Shipped)
    rows = [
        (Seen.YES, Seen.NO, {effect: Do.YES}),
        (Seen.YES, Seen.YES, {effect: Do.NO}),
        (Seen.NO, Seen.NO, {effect: Do.NO}),
        (Seen.NO, Seen.YES, {effect: Do.NO}),
    ]
    table = wanted(confirmed, cancelled, rows=rows)
    return proc(one_outcome(confirmed), confirmed, cancelled, shipped, wants=[table])


@case(metered(1, 50, 1), metered(2, 55, 2), metered(3, 90, 3))
def a_line_that_runs_steadily() -> Process:
    """The line is accepted for good while its readings are within ten of each other."""
    spread = greatest(READINGS, "value").minus(least(READINGS, "value"))
    return booked_if(DerivedColumn.of("steady", both(count(READINGS) >= 2, spread <= 10)), READINGS)


def _sixty_percent(votes: Entries) -> bool:
    cast = [one["says"] for one in votes.values() if one["says"] != "abstain"]
    return len(cast) >= 2 and cast.count("yes") * 10 >= len(cast) * 6


@case(vote(1, "yes"), vote(2, "yes"), vote(3, "no"), vote(4, "no"))
def sixty_percent_of_the_votes_cast() -> Process:
    """A motion is carried for good with 60 percent of at least two votes, and the noes come late."""
    return granted(VOTES, judge=_sixty_percent)


@case(Closed(), vote(1, "yes"), vote(2, "no"))
def unanimous_when_the_poll_is_closed() -> Process:
    """The vote is carried if the poll is closed and all say yes, and a vote from before is delivered late."""
    closed = seen(Closed)
    unanimous = DerivedColumn.of("unanimous", both(has(VOTES), all_of(VOTES, each("says").equals("yes"))))
    effect = booking(is_final=True)
    rows = [
        (Seen.YES, True, {effect: Do.YES}),
        (Seen.YES, False, {effect: Do.NO}),
        (Seen.NO, True, {effect: Do.NO}),
        (Seen.NO, False, {effect: Do.NO}),
    ]
    return proc(one_outcome(closed), closed, VOTES, wants=[wanted(closed, unanimous, rows=rows)])


@case(vote(1, "yes", turn=1), vote(2, "no", turn=2))
def granted_by_the_latest_round() -> Process:
    """The permit is granted for good if the latest round says yes, and a later round says no."""
    return booked_if(DerivedColumn.of("yes", latest(VOTES, by=("round",), field="says").equals("yes")), VOTES)


@case(Terms(limit=100), drawn(1, 60), drawn(2, 60))
def a_card_within_its_limit() -> Process:
    """The card is released for good while the draws are within the limit."""
    within = total(DRAWS, "cents") <= only(TERMS, "limit")
    return booked_if(DerivedColumn.of("within", within), TERMS, DRAWS)


@case(drawn(1, 55), Terms(limit=50))
def a_limit_presumed_until_it_is_agreed() -> Process:
    """While no limit is agreed each draw below the usual one is released for good, and the agreed limit is lower."""
    usual = only(TERMS, "limit").at_least(60)
    is_too_much = any_of(DRAWS, each("cents") > only(TERMS, "limit"))
    within = both(has(DRAWS), total(DRAWS, "cents") <= usual, negated(is_too_much))
    return booked_if(DerivedColumn.of("within", within), TERMS, DRAWS)


@case(offer(1, 5, "Ada"), offer(2, 5, "Bo"))
def exclusive_for_a_single_supplier() -> Process:
    """The house supplier is named for good while all offers are of one supplier."""
    has_one = both(has(OFFERS), negated(count(OFFERS) > 1))
    template = CommandTemplate("NameSupplier", computed=(ComputedField.of("all", distinct(OFFERS, "supplier")),))
    effect = Effect("house", "legal", {Do.YES: template}, final=frozenset({Do.YES}))
    column = DerivedColumn.of("one", has_one)
    return proc(
        outcomes(column, rows=[(True, Out.OPEN), (False, Out.DONE)]),
        OFFERS,
        wants=[wanted(column, rows=[(True, {effect: Do.YES}), (False, {})])],
    )


@case(claim(1, 40), repaid(1, 30))
def what_is_owed_beside_what_was_done() -> Process:
    """The sums of each treatment are cumulative, but in one command with what is still to pay, which is not."""
    any_came = has_any(CLAIMS, REPAYMENTS)
    owed = total(CLAIMS, "cents").minus(total(REPAYMENTS, "cents")).at_least(0)
    computed = (
        ComputedField.of("treatments", total_by(CLAIMS, "cents", per="code"), is_cumulative=True),
        ComputedField.of("owed", owed, is_cumulative=True),
    )
    effect = Effect("bill", "office", {Do.YES: CommandTemplate("Bill", computed=computed)}, final=frozenset({Do.YES}))
    return proc(one_outcome(any_came), any_came, CLAIMS, REPAYMENTS, wants=[wanted_in(any_came, effect, YES=Do.YES)])


def _reaches(links: Entries) -> list[str]:
    """What can be reached from the depot without coming back to it."""
    after = {one["one"]: one["other"] for _, one in sorted(links.items())}
    place, path = "depot", ["depot"]
    while place in after and after[place] not in path:
        place = after[place]
        path.append(place)
    return path


@case(linked(1, "depot", "Ulm"), linked(2, "depot", "Linz"))
def a_route_printed_as_far_as_it_is_known() -> Process:
    """The route from the depot is called cumulative, and a second leg from the depot replaces the first."""
    return shown(LINKS, compute=_reaches, is_cumulative=True, is_final=True)
