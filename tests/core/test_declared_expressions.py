"""Expressions in declarations: what is refused, and which of them say the same."""

from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import saga
from saga import (
    CommandTemplate,
    ComputedField,
    DeclarationError,
    DerivedColumn,
    Effect,
    Process,
    Register,
    Selection,
    all_but_least,
    bands,
    beyond,
    both,
    count,
    each,
    entries_where,
    every,
    field_of_entry,
    has,
    only,
    outcomes,
    owing,
    total,
    wanted,
)
from saga.core.expressions.choosers import AllButFirst
from saga.core.expressions.entries import rank_in_order


class Lit(BaseModel):
    house: str
    lamp: str
    watts: int = 1


class Sold(BaseModel):
    house: str
    limit: int


class Light(Enum):
    OFF = "off"
    ON = "on"


class Bell(Enum):
    RUNG = "rung"


LAMPS = Register("lamps", of=Lit, key="lamp")
SALE = Register("sale", of=Sold, key="house")
OTHERS = Register("others", of=Lit, key="watts")


def process(column: DerivedColumn, *, how: Any = Bell.RUNG, computed: tuple[ComputedField, ...] = ()) -> Process:
    effect = Effect("bell", "porter", {Bell.RUNG: CommandTemplate("Ring", computed=computed)})
    return Process(
        name="lamps",
        version=1,
        correlate="house",
        inputs={"house": (Lit, Sold)},
        registers=(LAMPS, SALE, OTHERS),
        outcomes=outcomes(column, rows=[(False, Light.OFF), (True, Light.ON)]),
        wanted=(wanted(column, rows=[(False, {}), (True, {effect: how})]),),
        settled=frozenset(Light),
    )


LIT = DerivedColumn.of("lit", has(LAMPS))


def test_the_only_entry_of_a_register_that_can_have_several_is_refused() -> None:
    wrong = "takes the only entry of lamps, of which an instance can have several: key it by house"
    with pytest.raises(DeclarationError, match=f"bright {wrong}"):
        process(DerivedColumn.of("bright", only(LAMPS, "watts") >= 5))
    with pytest.raises(DeclarationError, match=f"watts {wrong}"):
        process(LIT, computed=(ComputedField.of("watts", only(LAMPS, "watts").plus(1)),))
    with pytest.raises(DeclarationError, match=wrong):
        process(LIT, how=entries_where(OTHERS, each("lamp").equals(only(LAMPS, "lamp"))))
    assert process(DerivedColumn.of("sold", only(SALE, "limit") >= 5)).registers


def test_a_figure_of_an_entry_needs_a_selection_of_these_entries() -> None:
    watts = ComputedField.of("watts", field_of_entry(LAMPS, "watts"))
    with pytest.raises(DeclarationError, match="watts is about an entry of lamps: want bell for a selection"):
        process(LIT, computed=(watts,))
    with pytest.raises(DeclarationError, match="watts is about an entry of lamps, and every entry of others gives"):
        process(LIT, how=every(OTHERS), computed=(watts,))
    assert process(LIT, how=every(LAMPS), computed=(watts,)).effects


def test_a_figure_of_registers_may_be_said_for_each_entry() -> None:
    watts = ComputedField.of("watts", total(LAMPS, "watts"))
    held = {"lamps": {"a": {"watts": 2}, "b": {"watts": 3}}}
    assert watts.value(held, None) == watts.value(held, "a") == 5


def test_equal_expressions_say_the_same_and_others_do_not() -> None:
    assert LIT == DerivedColumn.of("lit", has(LAMPS)) != DerivedColumn.of("lit", count(LAMPS) >= 1)
    assert (count(LAMPS) >= 1) != (count(LAMPS) > 1) != (count(LAMPS) >= 2)
    assert each("lamp").equals("1") != each("lamp").equals("2")
    assert all_but_least(LAMPS, ("watts",)).choose == all_but_least(LAMPS, ("watts",)).choose
    assert all_but_least(LAMPS, ("watts",)).choose != all_but_least(LAMPS, ("lamp",)).choose


def test_selections_with_other_expressions_have_other_names() -> None:
    excess = [
        beyond(LAMPS, "watts", target=5, by=("watts",)),
        beyond(LAMPS, "watts", target=5, by=("lamp",)),
        beyond(LAMPS, "watts", target=5, by=("watts",), where=each("watts") >= 1),
        beyond(LAMPS, "watts", target=5, by=("watts",), where=each("watts") >= 2),
        beyond(LAMPS, "watts", target=5, by=("watts",), all_if=has(SALE)),
        beyond(LAMPS, "watts", target=only(SALE, "limit"), by=("watts",)),
    ]
    where = [each("lamp").equals("a"), each("lamp").normalised().equals("a"), each("lamp").differs_from("a"), None]
    names = [owing(one).name for one in excess] + [entries_where(LAMPS, one).name for one in where]
    assert len(set(names)) == len(names)


loose: Any = saga
"""Without types, as a declaration that no type checker sees."""


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: loose.DerivedColumn.of("a", count(LAMPS)), "derived column 'a': .* is no condition"),
        (lambda: loose.DerivedColumn.of("a", bool), "is no condition"),
        (lambda: loose.ComputedField.of("a", every(LAMPS).choose), "computed field 'a': .* is no figure"),
        (lambda: loose.ComputedField.of("a", len), "is no figure"),
        (both, "no condition is given"),
        (lambda: loose.both(has(LAMPS), count(LAMPS)), "is no condition"),
        (lambda: loose.stages(Light.OFF, (has(LAMPS), Light.OFF)), "is a stage twice"),
        (lambda: loose.stages("off", (has(LAMPS), Light.ON)), "is no stage"),
        (lambda: bands(count(LAMPS), Light.OFF, (2, Light.ON), (1, Light.ON)), "don't ascend"),
        (lambda: loose.owing(count(LAMPS)), "is no figure of an entry"),
        (lambda: loose.all_but_least(LAMPS, "watts"), "write a tuple of fields"),
        (lambda: beyond(LAMPS, "lamp", target=5, by=()), "it is text, which can't be added"),
        (lambda: loose.count(LAMPS, where=each("watts")), "write tests such as"),
        (lambda: loose.both(has(LAMPS), has(Register("lamps", of=Sold, key="house"))), "two registers 'lamps'"),
        (lambda: loose.count(LAMPS).times(2**64), "is no constant"),
    ],
)
def test_what_makes_no_declaration_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        wrong()


def test_a_selection_of_ones_own_is_another_one() -> None:
    assert Selection("every entry of lamps", LAMPS, frozenset) != every(LAMPS)


OTHERS = Register("others", of=LAMPS.of, key=LAMPS.key)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: DerivedColumn("lit", (), has(LAMPS)), "its expression reads lamps, in this order: make it with of"),
        (lambda: DerivedColumn("lit", (LAMPS,), has(LAMPS), (True, False)), "its states are those of its expression"),
        (lambda: ComputedField("lamps", (OTHERS,), count(LAMPS)), "its expression reads lamps"),
        (lambda: Selection("lamps", OTHERS, every(LAMPS).choose), "its expression reads lamps"),
        (lambda: Selection("lamps", LAMPS, every(LAMPS).choose, beside=(OTHERS,)), "its expression reads lamps"),
    ],
)
def test_an_expression_gets_what_it_reads(wrong: Any, message: str) -> None:
    """It would compute something else, and its laws would be those of something else."""
    with pytest.raises(DeclarationError, match=message):
        wrong()


ORDERED = st.dictionaries(
    st.text("abc", min_size=1, max_size=2),
    st.fixed_dictionaries({"lamp": st.one_of(st.none(), st.integers(0, 2), st.sampled_from(["x", "y", True, 1.0]))}),
    max_size=5,
)


@given(ORDERED)
def test_all_but_the_least_are_those_after_the_first_in_the_order(entries: dict[str, dict[str, Any]]) -> None:
    chooser = all_but_least(LAMPS, by=("lamp",)).choose
    assert isinstance(chooser, AllButFirst)
    ranked = sorted(entries, key=lambda key: rank_in_order(chooser.by, key, entries[key], absent_last=True))
    assert chooser(entries) == frozenset(ranked[1:])


@pytest.mark.parametrize(
    "written",
    [
        "has(LAMPS) and count(LAMPS) >= 2",
        "has(LAMPS) or count(LAMPS) >= 2",
        "not has(LAMPS)",
        "0 < count(LAMPS) < 3",
        "count(LAMPS, where=each('watts').equals(1) and each('lamp').equals('a'))",
        "1 if each('watts') else 2",
        "any([every(LAMPS).choose])",
    ],
)
def test_python_may_drop_no_part_of_a_condition(written: str) -> None:
    with pytest.raises(DeclarationError, match=r"is true or false only for an instance: .* write both\(...\)"):
        eval(written, globals())  # noqa: S307 -- the text is written here


@pytest.mark.parametrize("judged", [False, True, 2])
def test_what_python_compared_is_no_condition(judged: Any) -> None:
    with pytest.raises(DeclarationError, match=r"is no condition: write .* write \.equals\(...\)"):
        DerivedColumn.of("two", judged)
    with pytest.raises(DeclarationError, match=r"is no condition: write .* write \.equals\(...\)"):
        both(judged, has(LAMPS))
