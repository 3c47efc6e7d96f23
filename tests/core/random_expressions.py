"""Random expressions over the registers of `tests/core/expression_laws.py`."""

from enum import Enum
from functools import cache
from typing import Any

from hypothesis import strategies as st

from saga import (
    Chooser,
    Condition,
    EntryFigure,
    Expression,
    Figure,
    Stages,
    all_but_first,
    all_but_least,
    all_of,
    any_of,
    bands,
    beyond,
    both,
    count,
    distinct,
    each,
    either,
    entries_where,
    every,
    field_of_entry,
    greatest,
    has,
    has_partner,
    lacks_partner,
    latest,
    least,
    negated,
    only,
    owing,
    stages,
    total,
    total_by,
    with_partner,
    without_partner,
)
from tests.core.expression_laws import ANSWERS, BY_LEVEL, ORDER, PAYMENTS, REGISTERS, STOP, TEXTS


class Grade(Enum):
    NONE = "none"
    SOME = "some"
    MUCH = "much"


NUMBERS = ("amount", "tip", "signed", "debt")
DECIMAL_FIELDS = ("fee", "share")
ANY_FIELDS = (*NUMBERS, *DECIMAL_FIELDS, "weight", "currency", "kind", "level", "late", "either", "payment_id")
ORDERS_NUMBERS = st.sampled_from([only(ORDER, "amount"), only(ORDER, "signed"), only(STOP, "signed")])
SMALL = st.sampled_from([-1, 0, 1, 2, 100, 1000])


@cache
def tests_of_payments() -> st.SearchStrategy[Any]:
    numbers = st.sampled_from([*NUMBERS, *DECIMAL_FIELDS]).map(each)
    texts = st.sampled_from([each("currency"), each("currency").normalised(), each("kind")])
    some = st.sampled_from(TEXTS)
    other = st.one_of(some, st.just(only(ORDER, "currency")), st.just(only(STOP, "reason")))
    return st.one_of(
        st.builds(lambda field, limit: field >= limit, numbers, SMALL | ORDERS_NUMBERS),
        st.builds(lambda field, limit: field > limit, numbers, SMALL | ORDERS_NUMBERS),
        st.builds(lambda field, limit: field < limit, numbers, SMALL | ORDERS_NUMBERS),
        st.builds(lambda field, limit: field <= limit, numbers, SMALL | ORDERS_NUMBERS),
        st.builds(lambda field, one: field.equals(one), texts, other),
        st.builds(lambda field, one: field.differs_from(one), texts, other),
        st.builds(lambda field, one, two: field.is_one_of(one, two), texts, other, other),
        st.builds(lambda flag: each("late").equals(flag), st.booleans()),
    )


@cache
def wheres() -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), tests_of_payments(), st.tuples(tests_of_payments(), tests_of_payments()))


@cache
def orders_of() -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(ANY_FIELDS), max_size=2).map(tuple)


@cache
def numbers(depth: int = 2) -> st.SearchStrategy[Figure]:
    """Figures that can be added and compared with numbers."""
    flat = st.one_of(
        st.builds(count, st.just(PAYMENTS), wheres()),
        st.builds(count, st.sampled_from(REGISTERS)),
        st.builds(total, st.just(PAYMENTS), st.sampled_from([*NUMBERS, *DECIMAL_FIELDS]), wheres()),
        st.builds(least, st.just(PAYMENTS), st.sampled_from([*NUMBERS, *DECIMAL_FIELDS, "level"]), wheres()),
        st.builds(greatest, st.just(PAYMENTS), st.sampled_from([*NUMBERS, *DECIMAL_FIELDS]), wheres()),
        st.builds(
            lambda by, field, where: latest(PAYMENTS, by=by, field=field, where=where),
            orders_of(),
            st.sampled_from([*NUMBERS, *DECIMAL_FIELDS]),
            wheres(),
        ),
        ORDERS_NUMBERS,
        st.just(only(ORDER, "limit")),
    )
    if not depth:
        return flat
    inner = numbers(depth - 1)
    return st.one_of(
        flat,
        st.builds(lambda one, other: one.plus(other), inner, inner | SMALL),
        st.builds(lambda one, other: one.minus(other), inner, inner | SMALL),
        st.builds(lambda one, factor: one.times(factor), inner, st.sampled_from([-2, 0, 1, 3])),
        st.builds(lambda one, floor: one.at_least(floor), inner, SMALL),
    )


@cache
def figures() -> st.SearchStrategy[Figure]:
    texts = st.sampled_from(["currency", "kind", "late", "either", "weight"])
    return st.one_of(
        numbers(),
        st.builds(total, st.just(PAYMENTS), st.just("weight"), wheres()),
        st.builds(least, st.just(PAYMENTS), texts, wheres()),
        st.builds(greatest, st.just(PAYMENTS), texts, wheres()),
        st.builds(
            lambda by, field, where: latest(PAYMENTS, by=by, field=field, where=where), orders_of(), texts, wheres()
        ),
        st.sampled_from([only(ORDER, "currency"), only(ORDER, "kind"), only(STOP, "reason"), only(ORDER, "limit")]),
        st.builds(
            distinct,
            st.just(PAYMENTS),
            st.sampled_from([*ANY_FIELDS, each("currency").normalised()]),
            wheres(),
        ),
        st.builds(
            lambda field, per, where: total_by(PAYMENTS, field, per=per, where=where),
            st.sampled_from([*NUMBERS, *DECIMAL_FIELDS]),
            st.sampled_from(["currency", "kind", each("currency").normalised()]),
            wheres(),
        ),
    )


@cache
def conditions(depth: int = 2) -> st.SearchStrategy[Condition]:
    texts = st.sampled_from([only(ORDER, "kind"), only(ORDER, "currency"), least(PAYMENTS, "kind")])
    flat = st.one_of(
        st.builds(lambda one, other: one >= other, numbers(1), numbers(1) | SMALL),
        st.builds(lambda one, other: one < other, numbers(1), numbers(1) | SMALL),
        st.builds(lambda one, other: one > other, numbers(1), numbers(1) | SMALL),
        st.builds(lambda one, other: one <= other, numbers(1), numbers(1) | SMALL),
        st.builds(lambda one, other: one.equals(other), numbers(1), numbers(1) | SMALL),
        st.builds(lambda one, other, more: one.is_one_of(other, more), texts, texts, st.sampled_from(["small", "EUR"])),
        st.builds(lambda one: one.is_one_of("small", "large"), texts),
        st.builds(any_of, st.just(PAYMENTS), wheres()),
        st.builds(all_of, st.just(PAYMENTS), wheres()),
        st.builds(has, st.sampled_from(REGISTERS)),
        st.sampled_from(
            [
                make(*arguments)
                for make in (has_partner, lacks_partner)
                for arguments in (
                    (PAYMENTS, "payment_id", ANSWERS, "payment_id"),
                    (ANSWERS, "payment_id", PAYMENTS),
                    (PAYMENTS, "signed", ANSWERS, "amount"),
                    (PAYMENTS, "payment_id", BY_LEVEL, "payment_id"),
                )
            ]
        ),
    )
    if not depth:
        return flat
    inner = conditions(depth - 1)
    return st.one_of(
        flat,
        st.builds(both, inner, inner),
        st.builds(either, inner, inner, inner),
        st.builds(negated, inner),
    )


@cache
def staged() -> st.SearchStrategy[Stages]:
    return st.one_of(
        st.builds(
            lambda one, other: stages(Grade.NONE, (one, Grade.SOME), (other, Grade.MUCH)), conditions(), conditions()
        ),
        st.builds(lambda one: bands(one, Grade.NONE, (1, Grade.SOME), (100, Grade.MUCH)), numbers()),
    )


@cache
def of_entries() -> st.SearchStrategy[EntryFigure]:
    def excess(field: str, target: Any, by: tuple[str, ...], where: Any, all_if: Condition | None) -> EntryFigure:
        return beyond(PAYMENTS, field, target=target, by=by, where=where, all_if=all_if)

    whole = [only(ORDER, "amount"), only(ORDER, "signed"), count(ANSWERS), total(PAYMENTS, "tip"), 0, 100]
    of_integers = st.builds(
        excess, st.sampled_from(NUMBERS), st.sampled_from(whole), orders_of(), wheres(), st.none() | conditions(1)
    )
    of_decimals = st.builds(
        excess,
        st.sampled_from(DECIMAL_FIELDS),
        st.sampled_from([only(ORDER, "limit"), only(ORDER, "amount"), total(PAYMENTS, "fee"), 5]),
        orders_of(),
        wheres(),
        st.none() | conditions(1),
    )
    return st.one_of(
        of_integers, of_decimals, st.builds(lambda field: field_of_entry(PAYMENTS, field), st.sampled_from(ANY_FIELDS))
    )


@cache
def choosers() -> st.SearchStrategy[Chooser]:
    partners = [
        make(*arguments)
        for make in (with_partner, without_partner)
        for arguments in (
            (PAYMENTS, "payment_id", ANSWERS, "payment_id"),
            (PAYMENTS, "signed", ANSWERS, "amount"),
            (PAYMENTS, "payment_id", BY_LEVEL, "payment_id"),
        )
    ]
    owed: st.SearchStrategy[EntryFigure] = of_entries().filter(
        lambda one: getattr(one, "json_type", "") in ("integer", "decimal")
    )
    return st.one_of(
        st.just(every(PAYMENTS)),
        st.builds(all_but_least, st.just(PAYMENTS), orders_of()),
        st.builds(lambda number, by: all_but_first(PAYMENTS, number, by), st.integers(0, 3), orders_of()),
        st.builds(entries_where, st.just(PAYMENTS), wheres()),
        st.sampled_from(partners),
        st.builds(owing, owed),
    ).map(lambda selection: selection.choose)


@cache
def expressions() -> st.SearchStrategy[Expression]:
    return st.one_of(figures(), conditions(), staged(), of_entries(), choosers())


@cache
def plain_figures() -> st.SearchStrategy[Expression]:
    """Each operator alone, over fields whose limits fit."""
    ordered, paid = only(ORDER, "amount"), total(PAYMENTS, "amount")
    found = [
        paid,
        total(PAYMENTS, "fee"),
        total(PAYMENTS, "debt"),
        total(PAYMENTS, "share"),
        ordered.minus(paid),
        count(PAYMENTS).plus(ordered),
        total(PAYMENTS, "debt").minus(1),
        count(PAYMENTS).times(-2),
        ordered.times(-2),
        ordered.minus(paid).at_least(0),
        ordered.minus(count(PAYMENTS)) >= 5,
        total(PAYMENTS, "fee") >= 1,
        total(PAYMENTS, "signed") >= 1,
        paid.times(-1) >= -50,
    ]
    return st.sampled_from(found)
