"""Large processes of tables alone, with ten to sixteen messages."""

from datetime import timedelta
from enum import Enum

from saga import ARMED, CommandTemplate, Deadline, Effect, Process, every, outcomes, wanted
from tests.adversary.honest.eighth_helpers import Desk
from tests.adversary.kit import Do, Out, Seen, case, proc, seen
from tests.adversary.planted.eighth_messages import (
    CAP,
    LINES,
    Archived,
    Audited,
    Capped,
    Confirmed,
    Disputed,
    Escalated,
    Held,
    Inspected,
    Insured,
    Lost,
    Ordered,
    Placed,
    Refused,
    Released,
    Reminded,
    Returned,
    Settled,
    Shipped,
    TimedOut,
    Withdrawn,
    effect,
    ranked,
)

Y, N = Seen.YES, Seen.NO


@case(Placed(), Held(), Released(), Escalated(), Confirmed(), Refused(), Inspected(), Insured(), Audited(), Lost())
def a_hospital_stay() -> Process:
    """A stay of twelve messages, whose outcome is that of the gravest, and whose orders are voided one by one."""
    desk = Desk(
        *(Placed, Held, Released, Escalated, Confirmed, Refused),
        *(Inspected, Insured, Audited, Lost, Withdrawn, Archived),
    )
    bed, diet, surgery = effect("bed", can_void=True), effect("diet", can_void=True), effect("surgery", final=True)
    bill = effect("bill", at="payer", can_void=True)
    wants = [
        desk.while_so(bed, Placed, unless=(Released, Lost)),
        desk.while_so(diet, Placed, Held, unless=(Escalated, Released)),
        desk.once(surgery, Do.YES, Confirmed, Inspected),
        desk.while_so(bill, Released, unless=(Insured, Refused)),
    ]
    table = desk.ranked(Out.OPEN, (Lost, Out.FAILED), (Withdrawn, Out.OTHER), (Released, Out.DONE))
    return desk.process(table, wants=wants)


@case(Placed(), Insured(), Lost(), Disputed(), Audited(), Refused(), Settled(), Withdrawn())
def a_claim_with_a_deadline() -> Process:
    """A claim of thirteen messages waits for its decision with a clock, which a decision outranks."""
    desk = Desk(
        *(Placed, Insured, Lost, Disputed, Audited, Refused, Settled),
        *(Withdrawn, Escalated, Confirmed, Inspected, Archived, TimedOut),
    )
    clock = Deadline("decision", TimedOut, timedelta(days=30))
    pay, letter = effect("pay", at="bank", final=True), effect("letter", can_void=True)
    table = desk.ranked(
        Out.OPEN, (Withdrawn, Out.OTHER), (Settled, Out.DONE), (Refused, Out.FAILED), (TimedOut, Out.FAILED)
    )
    wants = [
        wanted(table, rows=[(one, {clock: ARMED} if one is Out.OPEN else {}) for one in table.states]),
        desk.once(pay, Do.YES, Settled, Insured, Lost),
        desk.while_so(letter, Refused, unless=(Disputed, Settled, Withdrawn)),
    ]
    return desk.process(table, wants=wants, unsettled=[Out.OPEN])


@case(Placed(), Confirmed(), Shipped(), Refused(), Held(), Released(), Disputed(), Audited())
def a_number_that_moves() -> Process:
    """A number moves in steps that outrank each other, beside a lock, a dispute and a card, of twelve messages."""
    steps = ranked("steps", ("ASKED", Placed), ("AGREED", Confirmed), ("MOVED", Shipped), ("DEAD", Withdrawn))
    lock = ranked("lock", ("LOCKED", Held), ("OPEN", Released))
    dispute = ranked("dispute", ("RAISED", Disputed), ("JUDGED", Audited), ("CLOSED", Archived))
    sim, refused = seen(Insured), seen(Refused)
    card = effect("card", can_void=True)
    dead, moved = steps.states[-1], steps.states[-2]
    is_locked = lock.states[1]

    def outcome(step: Enum, locked: Enum, no: Seen) -> Out:
        if step is dead or (no is Seen.YES and step is not moved):
            return Out.FAILED
        if locked is is_locked:
            return Out.OTHER
        return Out.DONE if step is moved else Out.OPEN

    rows = [
        (step, locked, how, {card: Do.YES if step is moved and locked is not is_locked and how is Y else Do.NO})
        for step in steps.states
        for locked in lock.states
        for how in Seen
    ]
    table = outcomes(steps, lock, refused, rule=outcome)
    parts = (steps, lock, dispute, sim, refused, seen(Inspected))
    return proc(table, *parts, wants=[wanted(steps, lock, sim, rows=rows)])


@case(*(kind() for kind in (Placed, Settled, Withdrawn, Held, Shipped, Lost, Returned, Inspected)))
def an_order_of_sixteen_words() -> Process:
    """All sixteen messages, a child for the way of the goods and one for the money, and effects in both."""
    goods = Desk(Shipped, Lost, Returned, Inspected, Held, Released, Archived, Escalated)
    money = Desk(Settled, Refused, Disputed, Insured, Audited, Confirmed)
    stop, search, refund = effect("stop", can_void=True), effect("search", final=True), effect("refund", can_void=True)

    class Way(Enum):
        HERE = "here"
        AWAY = "away"
        LOST = "lost"
        BACK = "back"

    class Purse(Enum):
        EMPTY = "empty"
        FULL = "full"
        EMPTIED = "emptied"

    way = goods.ranked(Way.HERE, (Returned, Way.BACK), (Lost, Way.LOST), (Shipped, Way.AWAY), name="way")
    purse = money.ranked(Purse.EMPTY, (Disputed, Purse.EMPTIED), (Settled, Purse.FULL), name="purse")
    wants = [goods.while_so(stop, Held, unless=(Released, Shipped)), goods.once(search, Do.YES, Lost, Inspected)]
    one = goods.process(way, wants=wants)
    two = money.process(purse, wants=[money.while_so(refund, Disputed, unless=(Audited, Confirmed))])

    def outcome(where: Way, paid: Purse, gone: Seen) -> Out:
        if gone is Seen.YES:
            return Out.OTHER
        if where in {Way.LOST, Way.BACK}:
            return Out.FAILED
        return Out.DONE if where is Way.AWAY and paid is Purse.FULL else Out.OPEN

    withdrawn, placed = seen(Withdrawn), seen(Placed)
    table = outcomes(one.outcomes, two.outcomes, withdrawn, rule=outcome)
    return proc(table, withdrawn, placed, children=(one, two))


@case(Placed(), Ordered("i", "l1", "tea", 2), Capped("i", 5, 3600.0), Settled(), Withdrawn(), Shipped())
def a_shop_with_lines_and_a_cap() -> Process:
    """A shop of twelve messages that packs each line for good once it is placed and settled, and bills with its cap."""
    desk = Desk(
        *(Placed, Settled, Withdrawn, Shipped, Lost, Returned, Disputed),
        *(Audited, Confirmed, TimedOut, Capped, Ordered),
    )
    pack = Effect("pack", "store", {Do.YES: CommandTemplate("Pack", LINES, ("sku", "quantity"))}, frozenset({Do.YES}))
    bill = Effect("bill", "bank", {Do.YES: CommandTemplate("Bill", CAP, ("cap",))})
    clock = Deadline("clock", TimedOut, timedelta(days=1), override=(CAP, "seconds"))
    box = effect("box", can_void=True)
    table = desk.ranked(Out.OPEN, (Settled, Out.DONE), (Withdrawn, Out.OTHER), (TimedOut, Out.FAILED))
    wants = [
        desk.once(pack, every(LINES), Placed, Settled),
        desk.once(bill, Do.YES, Capped, Placed),
        desk.while_so(box, Returned, unless=(Lost, Disputed)),
        wanted(table, rows=[(one, {clock: ARMED} if one is Out.OPEN else {}) for one in table.states]),
    ]
    return desk.process(table, LINES, CAP, wants=wants, unsettled=[Out.OPEN])


@case(Placed(), Reminded("i"), Returned(), Settled(), Lost())
def a_library_book_with_two_bells() -> Process:
    """A book of ten messages that is reminded of and then lost, each with a bell, until it comes back."""
    desk = Desk(Placed, Returned, Lost, Settled, Held, Inspected, Audited, Archived, TimedOut, Reminded)
    first, second = Deadline("due", Reminded, timedelta(days=14)), Deadline("lost", TimedOut, timedelta(days=60))
    hold, fine = effect("hold", can_void=True), effect("fine", final=True)
    table = desk.ranked(Out.OPEN, (Returned, Out.DONE), (TimedOut, Out.FAILED))
    wants = [
        wanted(table, rows=[(one, {first: ARMED, second: ARMED} if one is Out.OPEN else {}) for one in table.states]),
        desk.while_so(hold, Held, unless=(Archived, Lost)),
        desk.once(fine, Do.YES, Lost, Inspected),
    ]
    return desk.process(table, wants=wants, unsettled=[Out.OPEN])
