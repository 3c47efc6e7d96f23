"""Random schemas and values try to refute the comparison: no difference means that no value is accepted and refused."""

from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from saga.contract.comparison import Side, differences
from saga.contract.schemas import rewritten

Schema = Any
TEXTS = ("", "a", "ab", "b", "bab")
SCALARS = st.sampled_from([None, False, True, -1, 0, 1, 2, 3, 4, 0.5, 2.0, *TEXTS])
NAMES = ("a", "b")
BOUNDED = ("min", "max", "exc")
FEW = st.integers(0, 2)


def some(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


def typed(kind: str, keywords: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Schema]:
    return keywords.map(lambda said: {"type": kind, **said})


BOUNDS = some(
    minimum=st.integers(-1, 3),
    maximum=st.integers(-1, 3),
    exclusiveMinimum=st.integers(-1, 3),
    exclusiveMaximum=st.integers(-1, 3),
    multipleOf=st.sampled_from([1, 2, 0.5]),
)
LENGTHS = some(minLength=FEW, maxLength=FEW, pattern=st.sampled_from(["^a", "b$", "a"]))
LEAVES = st.one_of(
    st.just({}),
    st.booleans(),
    typed("integer", BOUNDS),
    typed("number", BOUNDS),
    typed("string", LENGTHS),
    st.sampled_from([{"type": "null"}, {"type": "boolean"}]),
    SCALARS.map(lambda one: {"const": one}),
    st.lists(SCALARS, min_size=1, max_size=4).map(lambda values: {"enum": values}),
    st.tuples(BOUNDS, LENGTHS).map(lambda both: {"type": ["integer", "string", "null"], **both[0], **both[1]}),
    st.lists(st.one_of(typed("integer", BOUNDS), BOUNDS), min_size=1, max_size=2).map(lambda all_: {"allOf": all_}),
)


def nested(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    branches = st.lists(inner, min_size=1, max_size=3)
    fields = st.dictionaries(st.sampled_from(NAMES), inner, max_size=2)
    return st.one_of(
        branches.map(lambda any_: {"anyOf": any_}),
        typed(
            "array",
            some(items=inner, prefixItems=branches, minItems=FEW, maxItems=FEW, uniqueItems=st.booleans()),
        ),
        typed(
            "object",
            some(
                properties=fields,
                required=st.lists(st.sampled_from(NAMES), unique=True),
                additionalProperties=st.one_of(inner, st.booleans()),
                propertyNames=LENGTHS,
                minProperties=FEW,
                maxProperties=FEW,
            ),
        ),
    )


SCHEMAS = st.recursive(LEAVES, nested, max_leaves=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*NAMES, "c"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def closed(schema: Schema) -> Schema:
    """The schema with nothing in its objects but what they declare: what is merely open is nobody's."""

    def close(one: dict[str, Any]) -> dict[str, Any]:
        is_open = "properties" in one and one.get("additionalProperties", True) is True
        return {**one, "additionalProperties": False} if is_open else one

    return rewritten(schema, close)


def altered(schema: Schema, random: Random) -> Schema:
    """The schema with some keywords dropped, and some numbers moved by one."""

    def alter(one: dict[str, Any]) -> dict[str, Any]:
        kept = {keyword: said for keyword, said in one.items() if keyword == "type" or random.random() > 0.2}
        return {
            keyword: said + random.choice((-1, 0, 1)) if keyword[:3] in BOUNDED and type(said) is int and said else said
            for keyword, said in kept.items()
        }

    return rewritten(schema, alter)


def accepts(schema: Schema, value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))


def found(one: Schema, other: Schema) -> bool:
    sides = [Side(schema, schema if isinstance(schema, Mapping) else {}) for schema in (one, other)]
    return bool(differences(*sides))


@settings(max_examples=300)
@given(SCHEMAS, SCHEMAS, st.lists(VALUES, min_size=10, max_size=30))
def test_without_a_difference_no_value_is_accepted_by_one_and_refused_by_the_other(
    one: Schema, other: Schema, values: list[Any]
) -> None:
    if not found(one, other):
        assert [value for value in values if accepts(closed(one), value) and not accepts(other, value)] == []


@settings(max_examples=300)
@given(SCHEMAS, st.randoms(use_true_random=False), st.lists(VALUES, min_size=10, max_size=30))
def test_a_schema_that_was_altered_is_without_a_difference_only_if_it_accepts_as_much(
    one: Schema, random: Random, values: list[Any]
) -> None:
    other = altered(one, random)
    for given_, accepting in ((one, other), (other, one)):
        if not found(given_, accepting):
            refused = [value for value in values if accepts(closed(given_), value) and not accepts(accepting, value)]
            assert refused == []


@settings(max_examples=100)
@given(SCHEMAS)
def test_no_schema_differs_from_itself_or_from_what_accepts_everything(one: Schema) -> None:
    assert not found(one, one)
    assert not found(one, True)
