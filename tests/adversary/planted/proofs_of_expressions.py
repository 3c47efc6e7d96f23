"""Expressions at the edges of the proof."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from saga import (
    CommandTemplate,
    Effect,
    Process,
    Register,
    SubMachine,
    all_of,
    beyond,
    both,
    distinct,
    each,
    greatest,
    has,
    lacks_partner,
    latest,
    least,
    negated,
    only,
    owing,
    total,
    total_by,
    without_partner,
)
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PAYMENTS,
    REFUNDS,
    A,
    Configured,
    Do,
    Refunded,
    Seen,
    case,
    noted,
    one_outcome,
    paid,
    proc,
    wanted_in,
)
from tests.adversary.planted.proofs import (
    N,
    Y,
    given,
    once_granted,
    reported,
)


@dataclass(frozen=True)
class Costed:
    """A cost of up to 400 digits."""

    id: str
    cost_id: str
    cost: Annotated[Decimal, Field(ge=0, max_digits=400)]


COSTS = Register("costs", Costed, "cost_id")
NINES = "9" * 400


@case(paid(1, 10), paid(2, -4))
def an_amount_below_nothing() -> Process:
    """Any integer can be added, also one below 0."""
    return once_granted(total(PAYMENTS, "amount") >= 10, PAYMENTS)


@case(paid(1, 10), Configured("i", 5))
def a_debt_and_its_limit() -> Process:
    """Less than the limit: an amount that is known later was never less."""
    return once_granted(
        both(has(LIMITS), negated(total(PAYMENTS, "amount") >= only(LIMITS, "limit"))), PAYMENTS, LIMITS
    )


@case(noted(1, "a"), noted(2, "b"))
def the_least_goes_down() -> Process:
    """The least text is taken as a threshold that stays."""
    return once_granted(least(NOTES, "text") >= "b", NOTES)


@case(noted(1, "a"), noted(2, "b"))
def all_of_them_so_far() -> Process:
    """All notes say b, until another comes."""
    return once_granted(both(has(NOTES), all_of(NOTES, each("text").equals("b"))), NOTES)


@case(noted(1, "a"), noted(2, "b"))
def the_latest_text_is_b() -> Process:
    """The latest note counts, in the order of its key."""
    return once_granted(latest(NOTES, by=("note_id",), field="text").equals("a"), NOTES)


@case(paid(1, 5), Refunded("i", "r1", "p1", 5))
def nobody_lacks_a_refund() -> Process:
    """A payment without a refund, until the refund comes."""
    return once_granted(lacks_partner(PAYMENTS, "payment_id", REFUNDS, "payment_id"), PAYMENTS, REFUNDS)


@case(paid(1, 5), Refunded("i", "r1", "p1", 5))
def given_without_partner() -> Process:
    """An effect for payments that have no refund yet."""
    return given(without_partner(PAYMENTS, "payment_id", REFUNDS, "payment_id"), PAYMENTS, REFUNDS)


@case(paid(1, 30), paid(2, 20), Configured("i", 40), Refunded("i", "r1", "p1", 15))
def beyond_a_target_that_grows() -> Process:
    """What lies beyond the limit becomes less as refunds are added to it."""
    target = only(LIMITS, "limit").plus(total(REFUNDS, "amount"))
    return given(owing(beyond(PAYMENTS, "amount", target=target, by=("payment_id",))), PAYMENTS, REFUNDS, LIMITS)


@case(paid(1, 5), paid(2, -5))
def totals_by_time() -> Process:
    """A mapping of sums, which may shrink, in a final command."""
    return reported(total_by(PAYMENTS, "amount", per="at"), PAYMENTS, has_come=has(PAYMENTS))


@case(noted(1, "a"), noted(2, "b"))
def a_list_that_is_not_cumulative() -> Process:
    """A final command says a list, and says another one later."""
    return reported(distinct(NOTES, "text"), NOTES, has_come=has(NOTES), is_cumulative=False)


@case(noted(1, "a"), noted(2, "b"))
def a_greater_text_is_no_more() -> Process:
    """A final command says the greatest text, which doesn't include the one before."""
    return reported(greatest(NOTES, "text"), NOTES, has_come=has(NOTES))


# Commands


@case(A(), Configured("i", 5))
def known_by_something_else() -> Process:
    """The command carries the limit once the machine knows it; but A moves the machine as well."""
    known = SubMachine("known", N, {state: {Configured: Y, A: Y} for state in Seen})
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", LIMITS, ("limit",))})
    return proc(one_outcome(known), known, LIMITS, wants=[wanted_in(known, tell, YES=Do.YES)])
