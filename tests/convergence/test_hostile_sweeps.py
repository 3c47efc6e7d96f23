"""The search for functions of the user: values that are swept, laws asked of sets, and histories that show a break."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from pydantic import BaseModel, Field

from saga.convergence import Kind, check
from saga.convergence.functions import caches_reached, names_in
from saga.convergence.odd_values import BEGIN, ladder, odd_nested, odd_scalars
from saga.convergence.pools import Pools
from saga.convergence.related import related
from saga.convergence.samples import derive_samples
from saga.convergence.sampling import Chance
from saga.convergence.traces import Traces
from saga.core import Effect, Entries, Fact, Process, Reducer, Register
from saga.core.plain import is_same, plain
from tests.adversary.kit import (
    NOTES,
    PAYMENTS,
    A,
    B,
    Do,
    Noted,
    Paid,
    granted,
    has_any,
    judged,
    one_outcome,
    proc,
    seen,
    shown,
    wanted_in,
)


@dataclass(frozen=True)
class Typed:
    id: str
    typed_id: str
    at: datetime
    parts: dict[str, int]
    words: list[str] = field(default_factory=list)
    value: int | float | bool = 0


class Bounded(BaseModel):
    id: str
    bounded_id: str
    pieces: int = Field(ge=1, le=9)


def pools_of(kind: type, key: str) -> Pools:
    process = judged(Register("all", kind, key), judge=bool)
    return Pools(process, derive_samples(process))


def test_each_odd_value_is_plain_and_none_comes_twice() -> None:
    values = list(odd_scalars())
    assert all(is_same(plain(one), one) or type(one) is float for one in values)
    texts = [one for one in values if isinstance(one, str)]
    assert len(set(texts)) > 300
    assert {"{", "100%", "(", "http://[", "\u00b2", "NaN", "2024-02-29", "9999-12-31", "\u00df"} <= set(texts)


def test_a_field_has_odd_values_of_its_own_type_only() -> None:
    pools = pools_of(Typed, "typed_id")
    assert all(isinstance(one, str) and datetime.fromisoformat(one) for one in pools.odd(Typed, "at"))
    parts = pools.odd(Typed, "parts")
    assert all(type(value) is int for one in parts for value in one.values())
    assert {"b": 1, "a": 2} in parts
    assert ["a", "a"] in pools.odd(Typed, "words")
    values = (*pools.fields(Typed)["value"].edges, *pools.odd(Typed, "value"))
    assert {type(one) for one in values} == {int, float, bool}


def test_no_value_is_tried_that_a_class_refuses() -> None:
    pools = pools_of(Bounded, "bounded_id")
    assert set(pools.odd(Bounded, "pieces")) <= set(range(1, 10))
    assert pools.placed(Bounded, 0, {"pieces": 10}) is None


def test_times_lie_at_the_distances_that_are_named() -> None:
    times = [datetime.fromisoformat(one) for one in ladder(BEGIN, (17,))]
    assert {BEGIN + timedelta(days=17), BEGIN + timedelta(minutes=17), BEGIN + timedelta(hours=8.5)} <= set(times)
    assert all(one.tzinfo is not None for one in times)


def test_lists_and_mappings_repeat_and_turn_their_items() -> None:
    assert [one for one in odd_nested(list[str]) if len(one) == 3 and "b" in one] == [["a", "b", "a"], ["b", "a", "b"]]
    assert {} in list(odd_nested(dict[str, int]))


def test_traces_name_the_lines_that_ran_and_those_that_did_not() -> None:
    def judge(number: int) -> str:
        if number > 3:
            return "more"
        return "less"

    traces = Traces([judge])
    few, kind = traces.run(lambda: judge(1))
    more, _ = traces.run(lambda: judge(9))
    assert few != more
    assert kind == ("str", False)
    assert list(traces.missed()) == []
    fewer = Traces([judge])
    fewer.run(lambda: judge(1))
    assert "the function judge has lines that nothing reached" in next(fewer.missed())


def test_a_call_that_raises_is_traced_like_any_other() -> None:
    def judge(number: int) -> float:
        return 1 / number

    _, kind = Traces([judge]).run(lambda: judge(0))
    assert kind == ("raises", "ZeroDivisionError")


def test_related_facts_contradict_nothing_and_are_the_same_for_a_seed() -> None:
    process = judged(PAYMENTS, judge=lambda held: sum(one["amount"] for one in held.values()) > 777)
    pools = Pools(process, derive_samples(process))
    several = [related(pools, (Paid,), Chance(seed)) for seed in (5, 5, 6)]
    assert several[0] == several[1] != several[2]
    ids = [fact.fields["payment_id"] for fact in several[0]]
    assert len(set(ids)) == len(ids)
    amounts = {fact.fields["amount"] for seed in range(200) for fact in related(pools, (Paid,), Chance(seed))}
    assert {777, 776, 778, 388, 389, 259} <= amounts


RAISING: dict[str, Any] = {
    "a format": lambda held: [one["text"].format(1) for one in held.values()],
    "a digit": lambda held: sum(int(one["text"]) for one in held.values() if one["text"].isdigit()) % 7,
    "an old code": lambda held: [len(one["text"].encode("ascii")) for one in held.values()],
    "an unpacking": lambda held: [one["text"].split(":")[1] for one in held.values() if ":" in one["text"][1:] or 0],
    "two zones": lambda held: len({time > first for first in times(held) for time in times(held)}),
}


def times(held: Entries) -> list[datetime]:
    found = []
    for one in held.values():
        try:
            found.append(datetime.fromisoformat(one["text"]))
        except ValueError:
            continue
    return found


@pytest.mark.parametrize("name", sorted(set(RAISING) - {"an unpacking"}))
def test_what_raises_for_a_kind_of_text_is_found(name: str) -> None:
    assert Kind.FAILS in {one.kind for one in check(shown(NOTES, compute=RAISING[name])).findings}


def test_a_set_of_payments_that_just_fills_a_box_is_found() -> None:
    def fills(payments: Entries) -> bool:
        used = 0
        for one in sorted(payments.values(), key=lambda entry: -entry["amount"]):
            used += one["amount"] if 0 < one["amount"] <= 870 - used else 0
        return used == 870

    assert Kind.CANNOT_BE_UNDONE in {one.kind for one in check(granted(PAYMENTS, judge=fills)).findings}


@lru_cache(maxsize=8)
def label(value: float) -> str:
    return f"value {value}"


@lru_cache(maxsize=8, typed=True)
def exact_label(value: float) -> str:
    return f"value {value}"


def labelled(how: Any) -> Process:
    readings = Register("readings", Typed, "typed_id")
    return shown(readings, compute=lambda held: sorted(how(one["value"]) for one in held.values()))


def test_a_cache_that_mixes_up_equal_values_is_a_finding_and_one_that_does_not_is_none() -> None:
    findings = check(labelled(label)).findings
    assert "answers otherwise once its caches are emptied" in findings[0].sentence
    assert check(labelled(exact_label)).findings == ()
    assert caches_reached(lambda: label(1)) == [label]


def test_a_break_that_only_a_third_message_lets_show_is_shown() -> None:
    """The value counts in one of four states only, and a cancellation would hide it."""

    def first(known: str, fact: Fact) -> str:
        return known or fact.fields["note_id"] * (fact.fields["text"] == "VIP")

    reducer = Reducer("first", (Noted,), "", first)
    has, hidden = seen(A), seen(B)
    both = one_outcome(has)
    (told,) = (one for one in shown(reducer).effects if isinstance(one, Effect))
    wants = [wanted_in(has, told, YES=Do.YES)]
    findings = check(proc(both, has, hidden, has_any(reducer), reducer, wants=wants)).findings
    assert Kind.DIVERGES in {one.kind for one in findings}


def test_what_a_function_computes_counts_as_a_constant() -> None:
    base = 41

    def special(payments: Entries) -> bool:
        limit = base * base + 5
        return any(one["amount"] == limit for one in payments.values()) and len(payments) < 3

    assert Kind.CANNOT_BE_UNDONE in {one.kind for one in check(granted(PAYMENTS, judge=special)).findings}


def test_lines_that_nothing_reached_are_named() -> None:
    def judge(payments: Entries) -> bool:
        answer = False
        if sum(one["amount"] ** 3 for one in payments.values()) % 1_000_003 == 77_777 and len(payments) == 4:
            answer = True
        return answer

    assert any("the function judge has lines" in one for one in check(judged(PAYMENTS, judge=judge)).untested)


def test_names_are_those_of_fields_and_of_attributes() -> None:
    assert {"amount", "values"} <= names_in(lambda held: [one["amount"] for one in held.values()])


def test_the_search_is_the_same_for_a_seed() -> None:
    def fold(known: list[str], fact: Fact) -> list[str]:
        return (
            known if any(fact.fields["text"].lower() == one.lower() for one in known) else [*known, fact.fields["text"]]
        )

    process = shown(Reducer("words", (Noted,), [], fold), compute=sorted)
    first, second = check(process, seed=3), check(process, seed=3)
    assert [one.sentence for one in first.findings] == [one.sentence for one in second.findings]
    assert datetime(2026, 1, 1, tzinfo=UTC) == BEGIN
