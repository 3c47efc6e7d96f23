"""Pairs of versions whose fields have other types, and whose races, letters and folds are other ones."""

from collections.abc import Callable
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal

from pydantic import create_model

from saga import CommandTemplate, ComputedField, Effect, Entries, Fact, Process, Reducer, Register, SubMachine, outcomes
from tests.adversary.kit import (
    Commands,
    Do,
    Moves,
    Out,
    has_any,
    one_outcome,
    proc,
    seen,
    shown,
    upgrade,
    wanted_in,
)
from tests.adversary.planted.twelfth_messages import (
    DAYS,
    Fogged,
    Known,
    Lit,
    Manned,
    Moored,
    Sounded,
    Surveyed,
    dated,
)

Pair = tuple[Process, Process]


class Side(Enum):
    NONE = "none"
    LEFT = "left"
    RIGHT = "right"


def _lamp(*, is_race: bool) -> Process:
    order = list(Side)
    kinds = {Lit: Side.LEFT, Fogged: Side.RIGHT}

    def after(state: Side, side: Side) -> Side:
        if is_race:
            return side if state is Side.NONE else state
        return max(state, side, key=order.index)

    moves: Moves = {one: {kind: after(one, side) for kind, side in kinds.items()} for one in Side}
    lamp = SubMachine("lamp", Side.NONE, moves)
    outs = {Side.NONE: Out.OPEN, Side.LEFT: Out.DONE, Side.RIGHT: Out.FAILED}
    return proc(outcomes(lamp, rows=list(outs.items())), lamp, seen(Manned))


@upgrade(Lit(), Fogged(), Manned(), is_harmful=True)
def a_race_that_becomes_a_ladder() -> Pair:
    """Fog outranks the light from now on, and fog that came second before was forgotten."""
    return _lamp(is_race=True), _lamp(is_race=False)


def _letter(shape: Callable[[str], str], *, is_final: bool) -> Process:
    some, lit = has_any(DAYS), seen(Lit)

    def days(held: Entries) -> list[str]:
        return [shape(day) for day in sorted({one["on"] for one in held.values()})][:1]

    template = CommandTemplate("Write", computed=(ComputedField("day", (DAYS,), days),))
    letter = Effect("letter", "post", {Do.YES: template}, final=frozenset({Do.YES} if is_final else ()))
    return proc(one_outcome(some), some, lit, DAYS, wants=[wanted_in(some, letter, YES=Do.YES)])


def _in_words(day: str) -> str:
    return f"{date.fromisoformat(day):%d.%m.%Y}"


@upgrade(dated(1, "2030-01-01"), dated(2, "2030-05-01"), Lit(), is_harmful=True)
def a_final_day_in_another_form() -> Pair:
    """The day of a letter that was sent for good is written otherwise."""
    return _letter(str, is_final=True), _letter(_in_words, is_final=True)


@upgrade(dated(1, "2030-01-01"), dated(2, "2030-05-01"), Lit(), is_harmful=False)
def a_day_in_another_form() -> Pair:
    """The letter is sent again in the new form, which is no harm."""
    return _letter(str, is_final=False), _letter(_in_words, is_final=False)


def _reminded(*, is_twice: bool) -> Process:
    lit, fog = seen(Lit), seen(Fogged)
    commands: Commands = {Do.YES: CommandTemplate("Remind")}
    first = Effect("first", "post", commands)
    second = Effect("second", "post", commands, may_repeat=(first,))
    wants = [wanted_in(lit, first, YES=Do.YES)]
    if is_twice:
        wants.append(wanted_in(fog, second, YES=Do.YES))
    return proc(one_outcome(lit), lit, fog, seen(Manned), wants=wants)


@upgrade(Lit(), Fogged(), Manned(), is_harmful=False)
def a_second_reminder_that_may_repeat_the_first() -> Pair:
    """The second one is a new effect, which is meant to say the same."""
    return _reminded(is_twice=False), _reminded(is_twice=True)


def _flags(*kinds: type) -> Process:
    def fold(known: Known, fact: Fact) -> Known:
        return {**known, fact.kind.__name__: True}

    return shown(Reducer("flags", kinds, {}, fold), compute=sorted)


@upgrade(Lit(), Fogged(), is_harmful=False)
def flags_of_a_message_that_is_new() -> Pair:
    """The fold takes a further class, which was not consumed before."""
    return _flags(Lit, Fogged), _flags(Lit, Fogged, Surveyed)


def _flags_beside(*kinds: type) -> Process:
    def fold(known: Known, fact: Fact) -> Known:
        return {**known, fact.kind.__name__: True}

    flags = Reducer("flags", kinds, {}, fold)
    lit = seen(Lit)
    field = ComputedField("flags", (flags,), sorted)
    note = Effect("note", "desk", {Do.YES: CommandTemplate("Note", computed=(field,))})
    return proc(one_outcome(lit), lit, seen(Moored), seen(Sounded), flags, wants=[wanted_in(lit, note, YES=Do.YES)])


@upgrade(Lit(), Moored(), Sounded(), is_harmful=True)
def flags_of_a_message_that_a_machine_had() -> Pair:
    """Only a machine knew the moorings, and the fold lacks those that came before."""
    return _flags_beside(Sounded), _flags_beside(Sounded, Moored)


class Kind(Enum):
    MAP = "map"
    LOG = "log"


def _book(**fields: Any) -> Any:
    needed: dict[str, Any] = {name: (kind, ...) for name, kind in fields.items()}
    return create_model("Book", id=(str, ...), book_id=(str, ...), **needed)


MAP, LOG = (_book(kind=str)(id="i", book_id=f"b-{kind}", kind=kind) for kind in ("map", "log"))


@upgrade(MAP, LOG, is_harmful=False)
def a_choice_of_words_that_becomes_an_enum() -> Pair:
    """The words are the same, and are stored as words."""
    old, new = (
        shown(Register("books", kind, "book_id"), compute=lambda held: sorted(one["kind"] for one in held.values()))
        for kind in (_book(kind=Literal["map", "log"]), _book(kind=Kind))
    )
    return old, new


def _times(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, str(fact.fields["at"])})


EIGHT, NINE = (_book(at=str)(id="i", book_id=f"b{hour}", at=f"2030-01-01T0{hour}:00:00+00:00") for hour in (8, 9))


@upgrade(EIGHT, NINE, is_harmful=True)
def a_time_that_was_a_text() -> Pair:
    """A time is written with a Z from now on, so that a stored one comes once more."""
    old, new = (shown(Reducer("times", (_book(at=kind),), [], _times)) for kind in (str, datetime))
    return old, new


SEVEN, EIGHTH = (_book(at=int)(id="i", book_id=f"b{number}", at=number) for number in (7, 8))


@upgrade(SEVEN, EIGHTH, is_harmful=True)
def a_whole_number_that_becomes_a_fraction() -> Pair:
    """Seven is stored as 7 and comes again as 7.0."""
    old, new = (shown(Reducer("numbers", (_book(at=kind),), [], _times)) for kind in (int, float))
    return old, new
