"""A process with thirty types of messages, nested tables and registers; and one with ten and a function of its own."""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Outcomes,
    Process,
    Register,
    SubMachine,
    all_but,
    all_but_least,
    outcomes,
    total,
    wanted,
)

GROUPS, OF_A_GROUP, OTHERS = 5, 5, 3
Amount = Annotated[int, Field(ge=0, le=10**6)]


class Ticked(BaseModel):
    """From the scheduler: the time is over."""

    case_id: str


class Noted(BaseModel):
    """From the scheduler: a note."""

    case_id: str


class Came(Enum):
    """Whether a message came."""

    NO = "no"
    YES = "yes"


class Answers(Enum):
    """Which answers came."""

    NONE = "none"
    GOOD = "good"
    BAD = "bad"
    BOTH = "both"


class Group(Enum):
    """The outcome of a group."""

    OPEN = "open"
    GOOD = "good"
    BAD = "bad"


class Outcome(Enum):
    """The outcome of a case."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    LATE = "late"


class Light(Enum):
    """Conditions of the light."""

    ON = "on"
    OFF = "off"


class Sent(Enum):
    """The only condition of what is sent."""

    SENT = "sent"


def came(name: str, kind: type) -> SubMachine[Any]:
    """Whether this message came."""
    return SubMachine(name, Came.NO, {state: {kind: Came.YES} for state in Came})


def answered(name: str, good: type, bad: type) -> SubMachine[Any]:
    """Which of two answers came."""
    return SubMachine(
        name,
        Answers.NONE,
        {
            Answers.NONE: {good: Answers.GOOD, bad: Answers.BAD},
            Answers.GOOD: {good: Answers.GOOD, bad: Answers.BOTH},
            Answers.BAD: {good: Answers.BOTH, bad: Answers.BAD},
            Answers.BOTH: {good: Answers.BOTH, bad: Answers.BOTH},
        },
    )


def _group(*cells: Any) -> Group:
    *parts, answer, is_enough = cells
    if answer in (Answers.BAD, Answers.BOTH):
        return Group.BAD
    return Group.GOOD if is_enough and all(part is Came.YES for part in parts) else Group.OPEN


def _outcome(*cells: Any) -> Outcome:
    *groups, late = cells
    if Group.BAD in groups:
        return Outcome.FAILED
    if all(group is Group.GOOD for group in groups):
        return Outcome.DONE
    return Outcome.LATE if late is Came.YES else Outcome.OPEN


def thirty_types() -> Process:
    """Five groups of five types, three more types, and two of the scheduler; three tables deep."""
    names = [f"Message{number}" for number in range(GROUPS * OF_A_GROUP + OTHERS)]
    kinds = [create_model(name, case_id=(str, ...), item=(str, ...), amount=(Amount, ...)) for name in names]
    machines: list[SubMachine[Any]] = []
    registers: list[Register] = []
    groups: list[Outcomes] = []
    for number in range(GROUPS):
        few = kinds[number * OF_A_GROUP : (number + 1) * OF_A_GROUP]
        parts = [came(f"came-{number}-{part}", kind) for part, kind in enumerate(few[:3])]
        parts.append(answered(f"answer-{number}", few[3], few[4]))
        register = Register(f"items-{number}", of=few[0], key="item")
        enough = DerivedColumn.of(f"enough-{number}", total(register, "amount") >= 1_000)
        machines += parts
        registers.append(register)
        groups.append(outcomes(*parts, enough, name=f"group-{number}", rule=_group))
    others = [came(f"other-{number}", kind) for number, kind in enumerate(kinds[-OTHERS:])]
    ticked, noted = came("ticked", Ticked), came("noted", Noted)
    table = outcomes(*groups, ticked, rule=_outcome)
    return Process(
        name="thirty-types",
        version=1,
        correlate="case_id",
        inputs={"cases": tuple(kinds), "scheduler": (Ticked, Noted)},
        machines=(*machines, *others, ticked, noted),
        registers=tuple(registers),
        outcomes=table,
        wanted=tuple(_wants(table, groups, registers, [*others, noted])),
        settled=frozenset(Outcome) - {Outcome.OPEN},
    )


def _wants(
    table: Outcomes, groups: Sequence[Outcomes], registers: Sequence[Register], others: Sequence[SubMachine[Any]]
) -> Any:
    light = Effect("light", "house", {Light.ON: CommandTemplate("On"), Light.OFF: CommandTemplate("Off")})
    notice = Effect("notice", "post", {Sent.SENT: CommandTemplate("Notice")})
    deadline = Deadline("deadline", emits=Ticked, after=timedelta(hours=1))
    yield wanted(
        table,
        rows=[(Outcome.OPEN, {deadline: ARMED, light: Light.OFF}), (all_but(Outcome.OPEN), {light: Light.ON})],
    )
    for group, register in zip(groups, registers, strict=True):
        command = CommandTemplate(f"Refund{register.of.__name__}", register, ("item", "amount"))
        refund = Effect(f"refund-{register.name}", "bank", {Sent.SENT: command})
        yield wanted(group, table, rows=[(ANY, ANY, {refund: all_but_least(register, by=("amount",))})])
    yield wanted(*others, groups[0], table, rows=[(*[ANY] * (len(others) + 2), {notice: Sent.SENT})])


def ten_types() -> Process:
    """Ten types, with a function of its own over two of them."""
    names = [f"Report{number}" for number in range(10)]
    kinds = [create_model(name, case_id=(str, ...), item=(str, ...), amount=(Amount, ...)) for name in names]
    machines = [came(f"came-{number}", kind) for number, kind in enumerate(kinds[2:])]
    registers = [Register(f"items-{number}", of=kind, key="item") for number, kind in enumerate(kinds[:2])]

    def covers(items: Entries, others: Entries) -> bool:
        return bool(sum(one["amount"] for one in items.values()) >= 1_234 + len(others))

    enough = DerivedColumn("enough", tuple(registers), covers)
    return Process(
        name="ten-types",
        version=1,
        correlate="case_id",
        inputs={"cases": tuple(kinds)},
        machines=tuple(machines),
        registers=tuple(registers),
        outcomes=outcomes(enough, machines[0], rule=lambda one, _: Outcome.DONE if one else Outcome.OPEN),
        settled=frozenset({Outcome.OPEN, Outcome.DONE}),
    )


thirty = thirty_types()
ten = ten_types()
