"""Processes without functions of their own, at the edges of what the proof says: fields, laws, and interplays."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntFlag
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Condition,
    Deadline,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Register,
    SubMachine,
    all_but_first,
    all_of,
    any_of,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    entries_where,
    every,
    greatest,
    has,
    lacks_partner,
    latest,
    least,
    negated,
    only,
    outcomes,
    owing,
    stages,
    total,
    total_by,
    wanted,
    with_partner,
    without_partner,
)
from saga.messages.facts import message_of
from saga.testing import make_fact
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PAYMENTS,
    REFUNDS,
    A,
    B,
    C,
    Commands,
    Configured,
    Do,
    E,
    Late,
    Later,
    Moves,
    Noted,
    Out,
    Paid,
    Refunded,
    Seen,
    armed_in,
    by,
    case,
    noted,
    one_outcome,
    paid,
    proc,
    seen,
    wanted_in,
    yes_no,
)

HAS_A, HAS_B, HAS_C, HAS_E, HAS_LATE, HAS_LATER = (seen(kind) for kind in (A, B, C, E, Late, Later))
Y, N = Seen.YES, Seen.NO
SOON = Deadline("soon", Late, timedelta(minutes=5))
AFTERWARDS = Deadline("afterwards", Later, timedelta(hours=5))
MUCH = Annotated[int, Field(ge=0, le=2**40)]


def read(kind: type, **data: Any) -> Fact:
    """The fact as the engine reads it from a message on the wire, so that it is surely admitted."""
    return make_fact(message_of(kind, {"id": "i", **data}))


def once_granted(condition: Condition, *parts: Register | SubMachine[Any]) -> Process:
    """A grant while the condition holds, and nothing otherwise: right only if the condition stays."""
    column = DerivedColumn.of("judged", condition)
    grant = Effect("grant", "desk", {Do.YES: CommandTemplate("Grant")}, final=frozenset({Do.YES}))
    table = wanted(column, rows=[(True, {grant: Do.YES}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *parts, wants=[table])


def told(
    value: Any,
    *registers: Register,
    has_come: Condition,
    is_final: bool = True,
    is_cumulative: bool = True,
) -> Process:
    """A command with a figure, which is final and may only grow."""
    template = CommandTemplate("Tell", computed=(ComputedField.of("value", value, is_cumulative=is_cumulative),))
    tell = Effect("tell", "desk", {Do.YES: template}, final=frozenset({Do.YES}) if is_final else frozenset())
    column = DerivedColumn.of("has come", has_come)
    table = wanted(column, rows=[(True, {tell: Do.YES}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *registers, wants=[table])


def given(selection: Any, *registers: Register, template: CommandTemplate | None = None) -> Process:
    """A final command for each chosen entry."""
    give = Effect("give", "desk", {Do.YES: template or CommandTemplate("Give")}, final=frozenset({Do.YES}))
    column = DerivedColumn.of("has come", has(selection.register))
    table = wanted(column, rows=[(True, {give: selection}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), *registers, wants=[table])


def waits_unless(condition: Condition, register: Register) -> Process:
    """Open if there is an entry and the condition doesn't hold, and no deadline."""
    holds, come = DerivedColumn.of("holds", condition), DerivedColumn.of("has come", has(register))
    rows = [(True, True, Out.DONE), (False, True, Out.OPEN), (ANY, False, Out.OTHER)]
    return proc(outcomes(holds, come, rows=rows), register, unsettled=[Out.OPEN])


# Fields


@dataclass(frozen=True)
class Priced:
    """A Decimal of ten digits, as long as nobody writes more zeros."""

    id: str
    price_id: str
    amount: Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]


PRICES = Register("prices", Priced, "price_id")
ZEROS = "1." + "0" * 500


@dataclass(frozen=True)
class Spent:
    """Another price."""

    id: str
    spent_id: str
    amount: Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]


SPENT = Register("spent", Spent, "spent_id")


@dataclass(frozen=True)
class Validated:
    """A plain dataclass, whose validator pydantic calls all the same."""

    id: str
    part_id: str
    amount: MUCH

    @field_validator("amount")
    @classmethod
    def negative(cls, value: int) -> int:
        """The other sign for what is even."""
        return value if value % 2 else -value


VALIDATED = Register("validated", Validated, "part_id")


@case(read(Validated, part_id="a", amount=5), read(Validated, part_id="b", amount=4))
def a_validator_of_a_dataclass() -> Process:
    """The validator of a plain dataclass turns amounts below 0, which the limits rule out."""
    return once_granted(total(VALIDATED, "amount") >= 5, VALIDATED)


@dataclass(frozen=True)
class Altered:
    """A plain dataclass with a validator of the whole."""

    id: str
    part_id: str
    amount: MUCH

    @model_validator(mode="after")
    def negative(self) -> "Altered":
        """The other sign for what is even."""
        return self if self.amount % 2 else Altered(self.id, self.part_id, -self.amount)


ALTERED = Register("altered", Altered, "part_id")


@case(read(Altered, part_id="a", amount=5), read(Altered, part_id="b", amount=4))
def a_validator_of_a_whole_dataclass() -> Process:
    """A validator of the whole dataclass turns amounts below 0."""
    return once_granted(total(ALTERED, "amount") >= 5, ALTERED)


@dataclass(frozen=True)
class Least:
    """A limit that some other library reads, and pydantic doesn't."""

    ge: int


@dataclass(frozen=True)
class Meant:
    """An amount with the limit of another library."""

    id: str
    part_id: str
    amount: Annotated[int, Least(0), Field(le=2**40)]


MEANT = Register("meant", Meant, "part_id")


@case(read(Meant, part_id="a", amount=5), read(Meant, part_id="b", amount=-4))
def a_limit_of_another_library() -> Process:
    """The limit stands beside the type, but nobody enforces it."""
    return once_granted(total(MEANT, "amount") >= 5, MEANT)


Cents = Annotated[int, Field(ge=0, le=2**40)]


@dataclass(frozen=True)
class Widened:
    """An amount whose own limit replaces that of its type."""

    id: str
    part_id: str
    amount: Annotated[Cents, Field(ge=-100)]


WIDENED = Register("widened", Widened, "part_id")


@case(read(Widened, part_id="a", amount=5), read(Widened, part_id="b", amount=-4))
def a_limit_that_is_replaced() -> Process:
    """Of two lower limits of one field pydantic takes the last."""
    return once_granted(total(WIDENED, "amount") >= 5, WIDENED)


class WidenedModel(BaseModel):
    """The same as a model."""

    id: str
    part_id: str
    amount: Annotated[Cents, Field(ge=-100)]


WIDENED_TOO = Register("widened-too", WidenedModel, "part_id")


@case(read(WidenedModel, part_id="a", amount=5), read(WidenedModel, part_id="b", amount=-4))
def a_limit_that_is_replaced_in_a_model() -> Process:
    """The same with a model, in a final figure."""
    return told(total(WIDENED_TOO, "amount"), WIDENED_TOO, has_come=has(WIDENED_TOO))


class Rights(IntFlag):
    """Flags, of which a message may have several, or others."""

    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Allowed:
    """Someone has some rights."""

    id: str
    right_id: str
    rights: Rights


RIGHTS = Register("rights", Allowed, "right_id")


@case(read(Allowed, right_id="a", rights=3))
def flags_together() -> Process:
    """Two flags together are more than each; the process waits for ever."""
    return waits_unless(greatest(RIGHTS, "rights") <= 2, RIGHTS)


class Level(Enum):
    """Levels, to which others are added as they come."""

    LOW = "low"

    @classmethod
    def _missing_(cls, value: object) -> "Level":
        made = object.__new__(cls)
        made._value_, made._name_ = str(value), str(value).upper()
        return made


@dataclass(frozen=True)
class Levelled:
    """A level."""

    id: str
    level: Level


LEVELS = Register("levels", Levelled, "id")


@case(read(Levelled, level="high"))
def a_level_nobody_knew() -> Process:
    """An enum that makes members of what it doesn't know; the process waits for ever."""
    return waits_unless(only(LEVELS, "level").equals("low"), LEVELS)


class Encoded(BaseModel):
    """Numbers are written as texts."""

    model_config = ConfigDict(json_encoders={int: str})

    id: str
    part_id: str
    amount: Annotated[int, Field(ge=0, le=100)]


ENCODED = Register("encoded", Encoded, "part_id")


@case(read(Encoded, part_id="a", amount=5))
def numbers_written_as_texts() -> Process:
    """A text is greater than every number; the process waits for ever."""
    return waits_unless(greatest(ENCODED, "amount") <= 100, ENCODED)


# Laws


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
    return once_granted(both(has(LIMITS), negated(total(PAYMENTS, "amount") >= only(LIMITS, "limit"))), PAYMENTS, LIMITS)


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
    return told(total_by(PAYMENTS, "amount", per="at"), PAYMENTS, has_come=has(PAYMENTS))


@case(noted(1, "a"), noted(2, "b"))
def a_list_that_is_not_cumulative() -> Process:
    """A final command says a list, and says another one later."""
    return told(distinct(NOTES, "text"), NOTES, has_come=has(NOTES), is_cumulative=False)


@case(noted(1, "a"), noted(2, "b"))
def a_greater_text_is_no_more() -> Process:
    """A final command says the greatest text, which doesn't include the one before."""
    return told(greatest(NOTES, "text"), NOTES, has_come=has(NOTES))


# Commands


@case(paid(1, 5), Refunded("i", "r1", "p1", 5))
def fields_of_another_register() -> Process:
    """For each payment a command carries fields of the refund with the same key, of which there is none."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give", REFUNDS, ("amount",))})
    column = DerivedColumn.of("both", both(has(PAYMENTS), has(REFUNDS)))
    table = wanted(column, rows=[(True, {give: every(PAYMENTS)}), (False, {})])
    return proc(outcomes(column, rows=[(ANY, Out.DONE)]), PAYMENTS, REFUNDS, wants=[table])


BY_ORDER = Register("by-time", Paid, "at")


@case(paid(1, 5))
def fields_of_a_twin_register() -> Process:
    """Two registers keep one class by other keys; the command looks for a key of the one in the other."""
    return given(every(PAYMENTS), PAYMENTS, BY_ORDER, template=CommandTemplate("Give", BY_ORDER, ("amount",)))


@case(A(), Configured("i", 5))
def known_by_something_else() -> Process:
    """The command carries the limit once the machine knows it; but A moves the machine as well."""
    known = SubMachine("known", N, {state: {Configured: Y, A: Y} for state in Seen})
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", LIMITS, ("limit",))})
    return proc(one_outcome(known), known, LIMITS, wants=[wanted_in(known, tell, YES=Do.YES)])


@case(Configured("i", 5), paid(1, 5))
def one_says_it_and_one_computes_it() -> Process:
    """Two effects say the same: the one copies the limit, the other one computes it."""
    computed = ComputedField.of("limit", only(LIMITS, "limit"))
    one = Effect("one", "desk", {Do.YES: CommandTemplate("Tell", LIMITS, ("limit",))})
    two = Effect("two", "desk", {Do.YES: CommandTemplate("Tell", computed=(computed,))})
    column = DerivedColumn.of("has limit", has(LIMITS))
    table = wanted(column, rows=[(True, {one: Do.YES, two: Do.YES}), (False, {})])
    return proc(yes_no(column), LIMITS, PAYMENTS, wants=[table])


@case(paid(1, 5), Refunded("i", "r1", "p1", 5))
def said_of_a_payment_and_of_a_refund() -> Process:
    """Two effects for entries of two registers, whose fields are named alike."""
    template = {Do.YES: CommandTemplate("Pay", PAYMENTS, ("payment_id", "amount"))}
    again = {Do.YES: CommandTemplate("Pay", REFUNDS, ("payment_id", "amount"))}
    one, two = Effect("one", "desk", template), Effect("two", "desk", again)
    column = DerivedColumn.of("both", both(has(PAYMENTS), has(REFUNDS)))
    table = wanted(column, rows=[(True, {one: every(PAYMENTS), two: every(REFUNDS)}), (False, {})])
    return proc(yes_no(column), PAYMENTS, REFUNDS, wants=[table])


class Ship(Enum):
    SENT = "sent"
    STOPPED = "stopped"
    LOST = "lost"


SHIP: Commands = {
    Ship.SENT: CommandTemplate("Send"),
    Ship.STOPPED: CommandTemplate("Stop"),
    Ship.LOST: CommandTemplate("Lose"),
}


@case(A(), B())
def decided_and_stopped_at_once() -> Process:
    """The message that decides is the one that stops what was sent."""
    ship = Effect("ship", "desk", SHIP, final=frozenset({Ship.SENT}), decided_by=B)
    rows = [(Y, N, {ship: Ship.SENT}), (ANY, Y, {ship: Ship.STOPPED}), (N, N, {})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(A(), B(), C())
def decided_by_what_nobody_remembers() -> Process:
    """The message that decides moves nothing, so no state knows that it came."""
    deaf = SubMachine("deaf", N, {state: {B: state, E: Y} for state in Seen})
    ship = Effect("ship", "desk", SHIP, final=frozenset({Ship.SENT}), decided_by=B)
    rows = [(Y, N, {ship: Ship.SENT}), (ANY, Y, {ship: Ship.STOPPED}), (N, N, {})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_C, deaf, wants=[wanted(HAS_A, HAS_C, rows=rows)])


@case(A(), B())
def from_one_final_to_another() -> Process:
    """Both conditions are final, and the second replaces the first."""
    ship = Effect("ship", "desk", SHIP, final=frozenset({Ship.SENT, Ship.LOST}))
    rows = [(Y, N, {ship: Ship.SENT}), (ANY, Y, {ship: Ship.LOST}), (N, N, {})]
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, wants=[wanted(HAS_A, HAS_B, rows=rows)])


@case(paid(1, 5), paid(2, 2000), A())
def fewer_of_them_later() -> Process:
    """Every payment at first, and only the great ones once A has come."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    great = entries_where(PAYMENTS, each("amount") >= 1000)
    rows = [(N, {give: every(PAYMENTS)}), (Y, {give: great})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted(HAS_A, rows=rows)])


@case(paid(2, 5), paid(1, 6), A())
def fewer_stay_behind() -> Process:
    """All but the first at first, and all but the first two once A has come."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    one = all_but_first(PAYMENTS, 1, by=("payment_id",))
    two = all_but_first(PAYMENTS, 2, by=("payment_id",))
    rows = [(N, {give: one}), (Y, {give: two})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, wants=[wanted(HAS_A, rows=rows)])


@case(paid(1, 5), A(), Refunded("i", "r1", "p1", 5))
def keys_of_one_name_in_two_registers() -> Process:
    """The effect is wanted for payments, and for refunds later."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    rows = [(N, {give: every(PAYMENTS)}), (Y, {give: every(REFUNDS)})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, REFUNDS, wants=[wanted(HAS_A, rows=rows)])


@case(paid(1, 5), Refunded("i", "r1", "p1", 5), A())
def with_a_partner_and_then_those_without() -> Process:
    """Those with a partner, and those without once A has come."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    one = with_partner(PAYMENTS, "payment_id", REFUNDS, "payment_id")
    two = without_partner(PAYMENTS, "payment_id", REFUNDS, "payment_id")
    rows = [(N, {give: one}), (Y, {give: two})]
    return proc(one_outcome(HAS_A), HAS_A, PAYMENTS, REFUNDS, wants=[wanted(HAS_A, rows=rows)])


# Deadlines


LATES = Register("lates", Late, "due_at")
SECOND = Deadline("second", Late, timedelta(minutes=10))
MOVED = Deadline("moved", Late, timedelta(minutes=5), override=(LIMITS, "seconds"))


@case(A(), Configured("i", None, 600.0))
def two_that_are_due_at_once() -> Process:
    """Two deadlines emit one message if they are due at the same time, which the order decides; they are counted."""
    rows = [(Y, {MOVED: ARMED, SECOND: ARMED}), (N, {})]
    column = DerivedColumn.of("two", count(LATES) >= 2)
    return proc(yes_no(column), HAS_A, LIMITS, LATES, wants=[wanted(HAS_A, rows=rows)])


@case(A(), Configured("i", None, 600.0))
def named_by_the_time_it_was_due() -> Process:
    """An effect for each firing is named by its key, the time at which it was due."""
    give = Effect("give", "desk", {Do.YES: CommandTemplate("Give")})
    rows = [(Y, {MOVED: ARMED, give: every(LATES)}), (N, {give: every(LATES)})]
    return proc(one_outcome(HAS_A), HAS_A, LIMITS, LATES, wants=[wanted(HAS_A, rows=rows)])


@case(A(), B())
def the_start_wants_it_for_whom_it_stays() -> Process:
    """A leaves the start as it is and arms its deadline, which nobody arms if B comes first."""
    rows = [(N, {SOON: ARMED}), (Y, {})]
    table = outcomes(HAS_B, HAS_LATE, rows=[(N, ANY, Out.OTHER), (Y, N, Out.DONE), (Y, Y, Out.FAILED)])
    return proc(table, HAS_A, HAS_B, HAS_LATE, wants=[wanted(HAS_B, rows=rows)])


@case(paid(1, 5), B())
def the_start_says_it_to_whom_it_stays() -> Process:
    """A payment that no table looks at leaves the start as it is, and so the greeting goes out."""
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Greet")})
    return proc(one_outcome(HAS_B), PAYMENTS, HAS_B, wants=[wanted_in(HAS_B, tell, NO=Do.YES)])


@case(A(), B())
def a_deadline_that_arms_another() -> Process:
    """The first deadline runs in one order only and changes nothing, but arms the second."""
    table = outcomes(HAS_A, HAS_B, HAS_LATER, rows=[(ANY, ANY, Y, Out.FAILED), (ANY, ANY, N, Out.DONE)])
    first = wanted(HAS_A, HAS_B, rows=[(Y, N, {SOON: ARMED}), (Y, Y, {}), (N, ANY, {})])
    second = armed_in(HAS_LATE, Y, AFTERWARDS)
    return proc(table, HAS_A, HAS_B, HAS_LATE, HAS_LATER, wants=[first, second])


@case(A(), B(), C())
def a_deadline_that_arms_another_with_c() -> Process:
    """The first deadline arms the second once C has come, and the second one changes what is told."""
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell")})
    first = wanted(HAS_A, HAS_B, rows=[(Y, N, {SOON: ARMED}), (Y, Y, {}), (N, ANY, {})])
    second = wanted(HAS_LATE, HAS_C, rows=[(Y, Y, {AFTERWARDS: ARMED}), (N, ANY, {}), (Y, N, {})])
    third = wanted_in(HAS_LATER, tell, YES=Do.YES)
    return proc(one_outcome(HAS_A), HAS_A, HAS_B, HAS_C, HAS_LATE, HAS_LATER, wants=[first, second, third])


@case(A())
def the_second_emits_what_was_heard() -> Process:
    """After the first deadline it waits for the second, which emits the same message and is ignored."""

    class Wait(Enum):
        NEW = "new"
        WAITING = "waiting"
        AGAIN = "again"

    rows = [(Y, N, {SOON: ARMED}), (Y, Y, {SECOND: ARMED}), (N, ANY, {})]
    table = outcomes(HAS_A, HAS_LATE, rows=[(Y, N, Wait.WAITING), (Y, Y, Wait.AGAIN), (N, ANY, Wait.NEW)])
    wants = [wanted(HAS_A, HAS_LATE, rows=rows)]
    return proc(table, HAS_A, HAS_LATE, wants=wants, unsettled=[Wait.WAITING, Wait.AGAIN])


@case(A(), paid(1, 5), paid(2, 6))
def armed_below_two_payments() -> Process:
    """Below two payments the deadline is armed; with two at once never, and then it still changes what is told."""
    enough = DerivedColumn.of("enough", count(PAYMENTS) >= 2)
    rows = [(Y, False, {SOON: ARMED}), (Y, True, {}), (N, ANY, {})]
    tell = Effect("tell", "desk", {Do.YES: CommandTemplate("Tell", computed=(ComputedField.of("n", has(PAYMENTS)),))})
    wants = [wanted(HAS_A, enough, rows=rows), wanted_in(HAS_LATE, tell, YES=Do.YES)]
    return proc(one_outcome(HAS_A), HAS_A, HAS_LATE, PAYMENTS, wants=wants)


@case(A(), B(), C())
def first_wins_three_tables_deep() -> Process:
    """A table in a table in a table, above a machine in which the first message wins."""

    class First(Enum):
        NONE = "none"
        A = "a"
        B = "b"

    moves: Moves = {
        First.NONE: {A: First.A, B: First.B},
        First.A: {A: First.A, B: First.A},
        First.B: {A: First.B, B: First.B},
    }
    first = SubMachine("first", First.NONE, moves)
    low = outcomes(first, HAS_C, rows=[(First.A, Y, Do.YES), (First.A, N, Do.NO), (First.B, ANY, Do.NO), (First.NONE, ANY, Do.NO)], name="low")
    middle = outcomes(low, HAS_C, rows=[(Do.YES, ANY, Y), (Do.NO, ANY, N)], name="middle")
    return proc(outcomes(middle, rows=[(Y, Out.DONE), (N, Out.OTHER)]), first, HAS_C)


@case(A(), B(), paid(1, 10))
def left_standing_by_a_child() -> Process:
    """A process within a process: the grant of the small one is left out once the large one is cancelled."""
    enough = DerivedColumn.of("enough", total(PAYMENTS, "amount") >= 10)
    small = proc(outcomes(enough, rows=[(True, Do.YES), (False, Do.NO)], name="small"), PAYMENTS)
    grant = Effect("grant", "desk", {Do.YES: CommandTemplate("Grant")})
    rows = [(Do.YES, N, {grant: Do.YES}), (Do.NO, N, {}), (ANY, Y, {})]
    table = outcomes(small.outcomes, HAS_B, rows=[(ANY, N, Out.OTHER), (ANY, Y, Out.FAILED)])
    wants = [wanted(small.outcomes, HAS_B, rows=rows)]
    return proc(table, HAS_A, HAS_B, children=(small,), wants=wants)


@case(noted(1, "x"), Configured("i", 5), A())
def open_until_a_note_is_known() -> Process:
    """Open with A until any note says y, and the deadline is armed by the limit alone."""
    known = DerivedColumn.of("known", any_of(NOTES, each("text").equals("y")))
    limited = DerivedColumn.of("limited", has(LIMITS))
    table = outcomes(
        HAS_A,
        known,
        HAS_LATE,
        rows=[(N, ANY, ANY, Out.OTHER), (Y, True, ANY, Out.DONE), (Y, False, Y, Out.FAILED), (Y, False, N, Out.OPEN)],
    )
    wants = [armed_in(limited, True, SOON)]
    return proc(table, HAS_A, HAS_LATE, NOTES, LIMITS, wants=wants, unsettled=[Out.OPEN])
