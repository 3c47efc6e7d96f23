"""Tables, sub-machines, want tables and children of exams, museums and lotteries, in which the order decides."""

from enum import Enum

from saga import (
    ANY,
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Process,
    Selection,
    SubMachine,
    count,
    each,
    entries_where,
    every,
    only,
    outcomes,
    total,
    wanted,
)
from tests.adversary.kit import Commands, Do, Out, Seen, by, case, has_any, one_outcome, proc, seen, wanted_in, yes_no
from tests.adversary.planted.ninth_messages import booking
from tests.adversary.planted.tenth_messages import (
    ANSWERS,
    APPLICANTS,
    BINS,
    DISHES,
    LOANS,
    PASSAGES,
    REMARKS,
    RULES,
    TICKETS,
    Abandoned,
    Admitted,
    Barred,
    Begun,
    Cleaned,
    Complained,
    Finished,
    Inspected,
    Licensed,
    Postponed,
    Rules,
    Sold,
    answered,
    applied,
    binned,
    drew,
    lent,
    parked,
    remarked,
    served,
)

Y, N = Seen.YES, Seen.NO


class Hall(Enum):
    """What happens in a hall."""

    EMPTY = "empty"
    PLAYING = "playing"
    OVER = "over"
    BROKEN = "broken"


@case(Begun(), Finished(), Abandoned())
def a_concert_that_ends_before_it_begins() -> Process:
    """An end that comes before the beginning is ignored, and the concert goes on for ever."""
    concert = SubMachine(
        "concert",
        Hall.EMPTY,
        {
            Hall.EMPTY: {Begun: Hall.PLAYING, Finished: Hall.EMPTY, Abandoned: Hall.BROKEN},
            Hall.PLAYING: {Begun: Hall.PLAYING, Finished: Hall.OVER, Abandoned: Hall.BROKEN},
            Hall.OVER: {Begun: Hall.OVER, Finished: Hall.OVER, Abandoned: Hall.BROKEN},
            Hall.BROKEN: {Begun: Hall.BROKEN, Finished: Hall.BROKEN, Abandoned: Hall.BROKEN},
        },
    )
    return proc(by(concert, EMPTY=Out.OTHER, PLAYING=Out.OPEN, OVER=Out.DONE, BROKEN=Out.FAILED), concert)


class Entry(Enum):
    """Whether somebody may take part."""

    UNKNOWN = "unknown"
    ADMITTED = "admitted"
    BARRED = "barred"
    DISPUTED = "disputed"


@case(Admitted(), Barred(), Inspected())
def a_disputed_entry_that_is_inspected() -> Process:
    """An inspection clears an entry that is disputed by then, and does nothing before."""
    entry = SubMachine(
        "entry",
        Entry.UNKNOWN,
        {
            Entry.UNKNOWN: {Admitted: Entry.ADMITTED, Barred: Entry.BARRED, Inspected: Entry.UNKNOWN},
            Entry.ADMITTED: {Admitted: Entry.ADMITTED, Barred: Entry.DISPUTED, Inspected: Entry.ADMITTED},
            Entry.BARRED: {Admitted: Entry.DISPUTED, Barred: Entry.BARRED, Inspected: Entry.BARRED},
            Entry.DISPUTED: {Admitted: Entry.DISPUTED, Barred: Entry.DISPUTED, Inspected: Entry.ADMITTED},
        },
    )
    table = by(entry, UNKNOWN=Out.OPEN, ADMITTED=Out.DONE, BARRED=Out.FAILED, DISPUTED=Out.OTHER)
    return proc(table, entry)


@case(Complained())
def a_door_that_opens_and_closes() -> Process:
    """Each complaint turns the window the other way, and a repeat of one turns it back."""
    window = SubMachine("window", N, {N: {Complained: Y}, Y: {Complained: N}})
    return proc(by(window, YES=Out.DONE, NO=Out.OTHER), window)


@case(Licensed(), Postponed())
def a_hall_that_is_booked_unless_postponed() -> Process:
    """The hall is booked with the licence, and a delay that comes first leaves it as it is: never booked."""
    licensed, postponed = seen(Licensed), seen(Postponed)
    hall = booking("hall")
    rows = [(Y, N, {hall: Do.YES}), (N, N, {hall: Do.NO}), (ANY, Y, {})]
    return proc(one_outcome(licensed), licensed, postponed, wants=[wanted(licensed, postponed, rows=rows)])


@case(Sold(), Rules(seats=40))
def a_ticket_with_the_number_of_seats() -> Process:
    """A ticket that is printed before the rules are known says null, and is not printed again."""
    sold, known = seen(Sold), seen(Rules)
    ticket = Effect("ticket", "printer", {Do.YES: CommandTemplate("Print", RULES, ("seats",))})
    return proc(one_outcome(known), sold, known, RULES, wants=[wanted_in(sold, ticket, YES=Do.YES)])


@case(served(1, "soup", 300), served(2, "fish", 400))
def a_taste_for_a_first_dish() -> Process:
    """Somebody tastes a dish that is alone, and nobody takes that back when there are two."""
    alone = DerivedColumn.of("alone", count(DISHES).equals(1))
    taste = Effect("taste", "cook", {Do.YES: CommandTemplate("Taste", DISHES, ("dish",))})
    return proc(one_outcome(alone), DISHES, wants=[wanted(alone, rows=[(True, {taste: every(DISHES)}), (False, {})])])


@case(applied(1, 70), Barred())
def invitations_that_stop() -> Process:
    """Applicants are invited until the post is barred, and those who come later are not."""
    barred = seen(Barred)
    invite = Effect("invite", "desk", {Do.YES: CommandTemplate("Invite", APPLICANTS, ("email",))})
    return proc(one_outcome(barred), barred, APPLICANTS, wants=[wanted_in(barred, invite, NO=every(APPLICANTS))])


@case(binned(1, "Elm", 100), Cleaned())
def a_fine_with_the_kilos_of_the_moment() -> Process:
    """Two effects tell the office the same, so it is notified twice."""
    cleaned, known = seen(Cleaned), has_any(BINS)
    kilos = ComputedField.of("kilos", total(BINS, "kilos"))
    first = Effect("bill", "office", {Do.YES: CommandTemplate("Bill", computed=(kilos,))})
    second = Effect("reminder", "office", {Do.YES: CommandTemplate("Bill", computed=(kilos,))})
    return proc(
        one_outcome(known),
        cleaned,
        known,
        BINS,
        wants=[wanted_in(known, first, YES=Do.YES), wanted_in(cleaned, second, YES=Do.YES)],
    )


@case(lent(1, 5, 9, value=10), lent(2, 6, 8, value=90), Rules(seats=50))
def insurance_for_loans_above_a_limit() -> Process:
    """Loans below the limit are insured, and those of which the limit was not known were said to be free."""
    known = DerivedColumn.of("dear", total(LOANS, "value") >= 60)
    commands: Commands = {
        Do.YES: CommandTemplate("Insure", LOANS, ("exhibit",)),
        Do.NO: CommandTemplate("Release", LOANS, ("exhibit",)),
    }
    cover = Effect("cover", "insurer", commands)
    cheap = entries_where(LOANS, each("value") < only(RULES, "seats"), condition=Do.NO)
    ruled_in = seen(Rules)
    rows = [(False, {cover: every(LOANS, Do.YES)}), (True, {cover: cheap})]
    return proc(one_outcome(known), ruled_in, RULES, LOANS, wants=[wanted(known, rows=rows)])


def _first_of_each(tickets: Entries) -> frozenset[str]:
    """The first ticket with each set of numbers."""
    first: dict[tuple[int, ...], str] = {}
    for key, one in tickets.items():
        first.setdefault(tuple(sorted(one["numbers"])), key)
    return frozenset(first.values())


@case(drew(1, 4, 9), drew(2, 9, 4))
def one_receipt_for_equal_tickets() -> Process:
    """Of two equal tickets the one with the smaller key gets a receipt, and the other one may have it already."""
    known = has_any(TICKETS)
    receipt = Effect("receipt", "post", {Do.YES: CommandTemplate("Send", TICKETS, ("ticket_id",))})
    selection = Selection("first of each", TICKETS, _first_of_each)
    return proc(one_outcome(known), known, TICKETS, wants=[wanted_in(known, receipt, YES=selection)])


def _of_both(used: Out, inspected: Seen) -> Out:
    return Out.DONE if used is Out.DONE and inspected is Y else Out.OTHER if used is Out.OTHER else Out.OPEN


class Room(Enum):
    """Whether a room is free, in use, or was left."""

    FREE = "free"
    USED = "used"
    LEFT = "left"


@case(Begun(), Finished())
def a_child_whose_last_message_decides() -> Process:
    """The child knows what came last, and an end that comes before the beginning is forgotten by the parent."""
    hall = SubMachine(
        "hall",
        Room.FREE,
        {
            Room.FREE: {Begun: Room.USED, Finished: Room.LEFT},
            Room.USED: {Begun: Room.USED, Finished: Room.LEFT},
            Room.LEFT: {Begun: Room.USED, Finished: Room.LEFT},
        },
    )
    used = outcomes(hall, name="used", rows=[(Room.FREE, Out.OPEN), (Room.USED, Out.OTHER), (Room.LEFT, Out.DONE)])
    child = proc(used, hall)
    inspected = seen(Inspected)
    table = outcomes(child.outcomes, inspected, rule=_of_both)
    return proc(table, inspected, children=(child,))


@case(Admitted(), answered(1, 1, 60), answered(2, 2, 30))
def a_child_that_books_a_seat() -> Process:
    """The child books a seat while there is one answer, and the parent's own table leaves it with two."""
    admitted = seen(Admitted)
    one_answer = DerivedColumn.of("one answer", count(ANSWERS).equals(1))
    seat = booking("seat")
    table = wanted(admitted, one_answer, rows=[(Y, True, {seat: Do.YES}), (Y, False, {}), (N, ANY, {seat: Do.NO})])
    child = proc(outcomes(one_answer, name="answers", rule=lambda _: Out.OPEN), admitted, ANSWERS, wants=[table])
    return proc(outcomes(child.outcomes, rule=lambda _: Out.DONE), children=(child,))


class Gate(Enum):
    """How often a car went through, as far as it matters."""

    NONE = "none"
    ONCE = "once"
    TWICE = "twice"


@case(Complained(), Barred())
def three_strikes_of_any_kind() -> Process:
    """A repeat of the same complaint counts as the second strike."""
    strikes = SubMachine(
        "strikes",
        Gate.NONE,
        {
            Gate.NONE: {Complained: Gate.ONCE, Barred: Gate.ONCE},
            Gate.ONCE: {Complained: Gate.TWICE, Barred: Gate.TWICE},
            Gate.TWICE: {Complained: Gate.TWICE, Barred: Gate.TWICE},
        },
    )
    return proc(by(strikes, NONE=Out.OPEN, ONCE=Out.OTHER, TWICE=Out.FAILED), strikes)


@case(parked(1, "B-1", 1), parked(2, "B-2", 2), Inspected())
def a_note_for_cars_before_the_inspection() -> Process:
    """Each car gets a note until there was an inspection, and afterwards only those of which the plate is known."""
    inspected = seen(Inspected)
    note = Effect("note", "warden", {Do.YES: CommandTemplate("Leave", PASSAGES, ("plate",))})
    known = entries_where(PASSAGES, each("plate").equals("B-1"))
    rows = [(N, {note: every(PASSAGES)}), (Y, {note: known})]
    return proc(one_outcome(inspected), inspected, PASSAGES, wants=[wanted(inspected, rows=rows)])


_LOUD = ComputedField.of("loud", count(REMARKS, where=each("text").equals("loud")))


@case(remarked(1, "loud", 1), remarked(2, "fine", 5), remarked(3, "fine", 4))
def a_band_of_two_or_three_remarks() -> Process:
    """The manager is called for exactly two remarks, and the third one leaves the call as it was, if it was."""
    two = DerivedColumn.of("two", count(REMARKS, where=each("text").normalised().is_one_of("loud", "fine")).equals(2))
    call = Effect("call", "manager", {Do.YES: CommandTemplate("Call", computed=(_LOUD,))})
    return proc(yes_no(two), REMARKS, wants=[wanted(two, rows=[(True, {call: Do.YES}), (False, {})])])
