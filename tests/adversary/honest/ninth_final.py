"""What can't be undone, granted on what no later message changes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    all_but_first,
    beyond,
    both,
    count,
    distinct,
    each,
    entries_where,
    every,
    greatest,
    has_partner,
    least,
    only,
    owing,
    total,
    wanted,
    with_partner,
)
from tests.adversary.kit import Do, Seen, case, chosen, granted, has_any, one_outcome, proc, seen, shown, wanted_in
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    DRAWS,
    EVENTS,
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
    Dated,
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

Y, N = Seen.YES, Seen.NO


def _approved(votes: Entries) -> bool:
    return len({one["voter"].strip().casefold() for one in votes.values() if one["says"] == "yes"}) >= 2


@case(vote(1, "yes", "Ada"), vote(2, "yes", " ada"), vote(3, "yes", "Bo"), vote(4, "no", "Cy"))
def two_different_members_approve() -> Process:
    """Two members who said yes are enough, whoever says no."""
    return granted(VOTES, judge=_approved)


def _ships_free(draws: Entries) -> bool:
    return any(one["cents"] > 5_000 for one in draws.values())


@case(drawn(1, 5_500), drawn(2, 1_000), drawn(3, 4_000))
def free_shipping_with_one_dear_line() -> Process:
    """One line above 50 euro is there for good."""
    return granted(DRAWS, judge=_ships_free)


def _has_close_pair(pledges: Entries) -> bool:
    minutes = sorted(one["minute"] for one in pledges.values())
    return any(later - sooner <= 60 for sooner, later in pairwise(minutes))


@case(pledge(1, 5, 0), pledge(2, 5, 100), pledge(3, 5, 50))
def a_card_stopped_for_two_payments_within_an_hour() -> Process:
    """Two payments that are near stay near, as a payment between them is nearer."""
    return granted(PLEDGES, judge=_has_close_pair)


def _has_three_in_a_row(stays: Entries) -> bool:
    nights = {one["night"] for one in stays.values()}
    return any({night + 1, night + 2} <= nights for night in nights)


@case(stay(1, 1), stay(2, 3), stay(3, 2), stay(4, 9))
def three_nights_in_a_row() -> Process:
    """Three nights in a row stay so, whatever else is booked."""
    return granted(STAYS, judge=_has_three_in_a_row)


def _is_reached(links: Entries) -> bool:
    """Whether a way leads from the depot to the customer."""
    reached, rest = {"depot"}, [(one["one"], one["other"]) for one in links.values()]
    while fresh := {other for one, other in rest if one in reached} - reached:
        reached |= fresh
    return "customer" in reached


@case(linked(1, "depot", "Ulm"), linked(2, "Linz", "depot"), linked(3, "Ulm", "customer"))
def a_way_to_the_customer() -> Process:
    """A way that was found stays, however many legs follow."""
    return granted(LINKS, judge=_is_reached)


@case(Shipped(), Confirmed(), Cancelled())
def not_called_back_after_it_was_shipped() -> Process:
    """A cancellation calls back what is not shipped; what is shipped stays booked."""
    confirmed, cancelled, shipped = seen(Confirmed), seen(Cancelled), seen(Shipped)
    effect = booking(is_final=True, decided_by=Shipped)
    rows = [
        (Y, N, N, {effect: Do.YES}),
        (Y, Y, N, {effect: Do.NO}),
        (Y, N, Y, {effect: Do.YES}),
        (Y, Y, Y, {effect: Do.YES}),
        (N, N, N, {effect: Do.NO}),
        (N, Y, N, {effect: Do.NO}),
        (N, N, Y, {effect: Do.NO}),
        (N, Y, Y, {effect: Do.NO}),
    ]
    table = wanted(confirmed, cancelled, shipped, rows=rows)
    return proc(one_outcome(confirmed), confirmed, cancelled, shipped, wants=[table])


@case(Closed(), vote(1, "yes"), vote(2, "no"), vote(3, "yes"))
def carried_when_closed_with_two_ayes() -> Process:
    """After the end two ayes carry the motion for good, and late votes can only add to them."""
    closed = seen(Closed)
    ayes = DerivedColumn.of("ayes", count(VOTES, where=each("says").equals("yes")) >= 2)
    effect = booking(is_final=True)
    rows = [(Y, True, {effect: Do.YES}), (Y, False, {effect: Do.NO}), (N, True, {effect: Do.NO})]
    table = wanted(closed, ayes, rows=[*rows, (N, False, {effect: Do.NO})])
    return proc(one_outcome(closed), closed, VOTES, wants=[table])


@case(Terms(limit=100), drawn(1, 60), drawn(2, 60))
def a_warning_above_the_limit() -> Process:
    """What lies above the agreed limit stays above it, because amounts are never below zero."""
    return booked_if(DerivedColumn.of("above", total(DRAWS, "cents") > only(TERMS, "limit")), TERMS, DRAWS)


@case(offer(1, 300), offer(2, 90), offer(3, 400))
def an_offer_below_the_budget() -> Process:
    """The least price only sinks, so it stays within the budget."""
    return booked_if(DerivedColumn.of("within", least(OFFERS, "cents") <= 100), OFFERS)


@case(metered(1, 50, 1), metered(2, 70, 2), metered(3, 60, 3))
def a_spread_that_is_too_wide() -> Process:
    """The distance between the greatest and the least reading only grows."""
    spread = greatest(READINGS, "value").minus(least(READINGS, "value"))
    return booked_if(DerivedColumn.of("wide", both(count(READINGS) >= 2, spread > 10)), READINGS)


@case(claim(1, 5), decided(1, "c1", 0), decided(2, "c9", 3))
def a_letter_once_a_claim_is_decided() -> Process:
    """A claim that has a decision keeps it."""
    return booked_if(
        DerivedColumn.of("decided", has_partner(CLAIMS, "claim_id", DECISIONS, "claim_id")), CLAIMS, DECISIONS
    )


def printed(*fields: ComputedField, stores: Iterable[Any]) -> Process:
    """A final command with these fields, from the first message on."""
    parts = tuple(stores)
    any_came = has_any(*parts)
    effect = Effect("print", "printer", {Do.YES: CommandTemplate("Print", computed=fields)}, final=frozenset({Do.YES}))
    return proc(one_outcome(any_came), any_came, *parts, wants=[wanted_in(any_came, effect, YES=Do.YES)])


@case(repaid(1, 30), repaid(2, 5), repaid(3, 0))
def what_grows_in_a_final_statement() -> Process:
    """The number, the sum and the different days of repayments only grow."""
    return printed(
        ComputedField.of("number", count(REPAYMENTS), is_cumulative=True),
        ComputedField.of("sum", total(REPAYMENTS, "cents"), is_cumulative=True),
        ComputedField.of("days", distinct(REPAYMENTS, "day"), is_cumulative=True),
        stores=[REPAYMENTS],
    )


@case(offer(1, 50, day=3), offer(2, 150, day=1), offer(3, 50, day=2))
def all_suppliers_below_the_budget() -> Process:
    """The list of the suppliers whose price is within the budget only gets longer."""
    return shown(
        OFFERS,
        compute=lambda offers: sorted({one["supplier"] for one in offers.values() if one["cents"] <= 100}),
        is_cumulative=True,
        is_final=True,
    )


def _refundable(repayments: Entries) -> frozenset[str]:
    """Of payments of the same amount on the same day, all but the first by key."""
    groups: dict[tuple[int, int], list[str]] = {}
    for key, one in repayments.items():
        groups.setdefault((one["cents"], one["day"]), []).append(key)
    return frozenset(key for keys in groups.values() for key in keys if key != min(keys))


@case(repaid(2, 50), repaid(3, 50), repaid(1, 50), repaid(4, 60))
def all_but_the_first_of_equal_payments_go_back() -> Process:
    """What is not the first by key stays so when one comes before it."""
    return chosen(REPAYMENTS, _refundable, is_final=True, fields=("cents",))


def _older_than_a_month(repayments: Entries) -> frozenset[str]:
    newest = max((one["day"] for one in repayments.values()), default=0)
    return frozenset(key for key, one in repayments.items() if newest - one["day"] > 30)


@case(repaid(1, 5, day=1), repaid(2, 5, day=40), repaid(3, 5, day=20))
def repayments_that_can_be_archived() -> Process:
    """What is a month older than the newest repayment only gets older."""
    return chosen(REPAYMENTS, _older_than_a_month, is_final=True)


def _outbid(pledges: Entries) -> frozenset[str]:
    return frozenset(sorted(pledges, key=lambda key: (-pledges[key]["cents"], pledges[key]["minute"], key))[2:])


@case(pledge(1, 10), pledge(2, 20), pledge(3, 30), pledge(4, 20))
def those_who_were_outbid_hear_of_it() -> Process:
    """Who is not among the two highest bids never comes back among them."""
    return chosen(PLEDGES, _outbid, is_final=True, fields=("backer",))


def _withdrawn(pledges: Entries, withdrawals: Entries) -> frozenset[str]:
    return frozenset(pledges) & {one["pledge_id"] for one in withdrawals.values()}


@case(pledge(1, 10), pledge(2, 20), Withdrawn(withdrawal_id="w1", pledge_id="p1"))
def a_letter_for_each_pledge_that_was_withdrawn() -> Process:
    """Withdrawals are never withdrawn."""
    return chosen(PLEDGES, _withdrawn, WITHDRAWALS, is_final=True, fields=("backer",))


def given(selection: Any, *stores: Any, fields: tuple[str, ...] = ()) -> Process:
    """A final gift for each entry that is chosen."""
    any_came = has_any(*stores)
    give = Effect("gift", "post", {Do.YES: CommandTemplate("Give", selection.register, fields)}, frozenset({Do.YES}))
    return proc(one_outcome(any_came), any_came, *stores, wants=[wanted_in(any_came, give, YES=selection)])


@case(pledge(1, 60), Terms(limit=50), pledge(2, 40))
def a_gift_for_pledges_of_at_least_what_was_agreed() -> Process:
    """What was agreed comes once, and pledges do not change."""
    return given(entries_where(PLEDGES, each("cents") >= only(TERMS, "limit")), PLEDGES, TERMS, fields=("cents",))


@case(drawn(1, 50), repaid(1, 50), drawn(2, 70))
def draws_with_a_repayment_of_their_amount() -> Process:
    """A draw that has a partner keeps it."""
    return given(with_partner(DRAWS, "cents", REPAYMENTS, "cents"), DRAWS, REPAYMENTS, fields=("cents",))


@case(offer(1, 50, day=3), offer(2, 50, day=1), offer(3, 40, day=2))
def a_refusal_for_all_but_the_first_two_by_day() -> Process:
    """Who is not among the first two by day never comes back among them."""
    return given(all_but_first(OFFERS, 2, by=("day",)), OFFERS, fields=("supplier",))


@case(repaid(1, 80, day=2), repaid(2, 80, day=1), Terms(limit=100))
def what_is_beyond_the_agreed_price_by_day() -> Process:
    """The agreed price comes once, so what is beyond it only grows."""
    excess = beyond(REPAYMENTS, "cents", target=only(TERMS, "limit"), by=("day",))
    any_came = has_any(REPAYMENTS, TERMS)
    field = ComputedField.of("cents", excess, is_cumulative=True)
    template = CommandTemplate("PayBack", REPAYMENTS, computed=(field,))
    back = Effect("back", "bank", {Do.YES: template}, final=frozenset({Do.YES}))
    wants = [wanted_in(any_came, back, YES=owing(excess))]
    return proc(one_outcome(any_came), any_came, REPAYMENTS, TERMS, wants=wants)


def _cheaper(offers: Entries, key: str) -> int:
    """How many offers are cheaper, or as cheap and before it by key."""
    mine = (offers[key]["cents"], key)
    return sum((one["cents"], other) < mine for other, one in offers.items())


@case(offer(1, 50), offer(2, 40), offer(3, 50))
def how_many_offers_are_cheaper() -> Process:
    """The number of cheaper offers only grows."""
    any_came = has_any(OFFERS)
    template = CommandTemplate("Answer", OFFERS, computed=(ComputedField("cheaper", (OFFERS,), _cheaper, True),))
    answer = Effect("answer", "post", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(any_came), any_came, OFFERS, wants=[wanted_in(any_came, answer, YES=every(OFFERS))])


def _covers_a_day(events: Entries) -> bool:
    times = [datetime.fromisoformat(one["at"]) for one in events.values()]
    return bool(times) and max(times) - min(times) >= timedelta(days=1)


@case(
    Dated(event_id="e1", at=datetime.fromisoformat("2030-05-01T23:00:00+02:00")),
    Dated(event_id="e2", at=datetime.fromisoformat("2030-05-02T22:00:00Z")),
    Dated(event_id="e3", at=datetime.fromisoformat("2030-05-02T01:00:00+02:00")),
)
def events_that_are_a_day_apart() -> Process:
    """The first and the last event only move apart."""
    return granted(EVENTS, judge=_covers_a_day)
