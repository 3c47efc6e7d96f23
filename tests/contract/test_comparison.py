"""Every keyword, in both directions: what narrows is found, and its opposite is no difference."""

from typing import Any

import pytest

from saga.contract.comparison import INCOMPARABLE, LOST, Side, differences

Schema = dict[str, Any]


def found(given: Any, accepting: Any, **how: bool) -> list[tuple[str, str]]:
    return [
        (one.path, one.keyword)
        for one in differences(
            Side(given, given if isinstance(given, dict) else {}),
            Side(accepting, accepting if isinstance(accepting, dict) else {}),
            **how,
        )
    ]


def an(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties}


NUMBER, INTEGER, STRING = {"type": "number"}, {"type": "integer"}, {"type": "string"}
NARROWER: list[tuple[Any, Any, str]] = [
    ({}, STRING, "type"),
    (True, STRING, "type"),
    (STRING, False, "type"),
    (NUMBER, INTEGER, "type"),
    ({"type": ["string", "null"]}, STRING, "type"),
    ({"anyOf": [STRING, {"type": "null"}]}, STRING, "type"),
    ({"oneOf": [STRING, INTEGER]}, INTEGER, "type"),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "enum"),
    ({"enum": ["a", "b"]}, {"const": "a"}, "enum"),
    (STRING, {"enum": ["a"]}, "enum"),
    ({"type": "boolean"}, {"const": True}, "enum"),
    ({"enum": [True, 1]}, {"enum": [1]}, "type"),
    (INTEGER, {"type": "integer", "minimum": 1}, "minimum"),
    ({"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 1}, "minimum"),
    ({"type": "number", "minimum": 0}, {"type": "number", "exclusiveMinimum": 0}, "minimum"),
    ({"type": "integer", "minimum": 0}, {"type": "integer", "exclusiveMinimum": 0}, "minimum"),
    (INTEGER, {"type": "integer", "maximum": 9}, "maximum"),
    ({"type": "integer", "maximum": 10}, {"type": "integer", "maximum": 9}, "maximum"),
    ({"type": "number", "maximum": 9}, {"type": "number", "exclusiveMaximum": 9}, "maximum"),
    ({"type": "integer", "exclusiveMaximum": 11}, {"type": "integer", "exclusiveMaximum": 10}, "maximum"),
    (INTEGER, {"type": "integer", "multipleOf": 5}, "multipleOf"),
    ({"type": "integer", "multipleOf": 5}, {"type": "integer", "multipleOf": 10}, "multipleOf"),
    (NUMBER, {"type": "number", "multipleOf": 0.01}, "multipleOf"),
    (STRING, {"type": "string", "minLength": 1}, "minLength"),
    (STRING, {"type": "string", "maxLength": 9}, "maxLength"),
    ({"type": "string", "maxLength": 10}, {"type": "string", "maxLength": 9}, "maxLength"),
    (STRING, {"type": "string", "pattern": "^a"}, "pattern"),
    (STRING, {"type": "string", "format": "date"}, "format"),
    ({"type": "array"}, {"type": "array", "items": STRING}, "type"),
    ({"type": "array", "items": NUMBER}, {"type": "array", "items": INTEGER}, "type"),
    ({"type": "array"}, {"type": "array", "minItems": 1}, "minItems"),
    ({"type": "array"}, {"type": "array", "maxItems": 9}, "maxItems"),
    ({"type": "array"}, {"type": "array", "uniqueItems": True}, "uniqueItems"),
    (
        {"type": "array", "prefixItems": [NUMBER, STRING]},
        {"type": "array", "prefixItems": [INTEGER, STRING]},
        "type",
    ),
    (an(a=STRING), {**an(a=STRING), "required": ["a"]}, "required"),
    (an(a=NUMBER), an(a=INTEGER), "type"),
    (an(a=an(b=STRING)), an(a={**an(b=STRING), "required": ["b"]}), "required"),
    ({"type": "object"}, {"type": "object", "additionalProperties": False}, "additionalProperties"),
    ({"type": "object", "additionalProperties": NUMBER}, {"type": "object", "additionalProperties": INTEGER}, "type"),
    ({"type": "object", "additionalProperties": True}, {"type": "object", "additionalProperties": INTEGER}, "type"),
    ({"type": "object"}, {"type": "object", "propertyNames": {"maxLength": 2}}, "maxLength"),
    ({"type": "object"}, an(a=STRING), "type"),
    ({"type": "object"}, {"type": "object", "minProperties": 1}, "minProperties"),
    ({"type": "object"}, {"type": "object", "maxProperties": 1}, "maxProperties"),
    (STRING, {"allOf": [STRING, {"maxLength": 3}]}, "maxLength"),
    ({"type": "integer", "minimum": 1}, {"allOf": [{"type": "integer", "minimum": 1}, {"minimum": 2}]}, "minimum"),
    (STRING, {"type": "string", "not": {"const": "a"}}, INCOMPARABLE),
    ({"type": "object"}, {"type": "object", "patternProperties": {"^a": STRING}}, INCOMPARABLE),
]


@pytest.mark.parametrize(("wide", "narrow", "keyword"), NARROWER, ids=lambda one: str(one)[:60])
def test_what_narrows_is_found_and_the_opposite_is_no_difference(wide: Any, narrow: Any, keyword: str) -> None:
    assert [one for _, one in found(wide, narrow)] == [keyword]
    assert found(narrow, wide) == []


@pytest.mark.parametrize(("wide", "narrow", "keyword"), NARROWER, ids=lambda one: str(one)[:60])
def test_the_same_schema_is_no_difference(wide: Any, narrow: Any, keyword: str) -> None:
    assert found(wide, wide) == []
    assert found(narrow, narrow) == []


@pytest.mark.parametrize(
    ("given", "accepting", "keyword"),
    [
        ({"enum": ["a", 1]}, STRING, "type"),
        ({"enum": ["ab"]}, {"type": "string", "maxLength": 1}, "enum"),
        ({"enum": ["ab"]}, {"type": "string", "pattern": "^b"}, "enum"),
        ({"const": 3}, {"type": "integer", "minimum": 4}, "enum"),
        ({"const": 3}, {"type": "integer", "multipleOf": 2}, "enum"),
    ],
)
def test_a_value_that_is_listed_is_held_against_each_keyword(given: Schema, accepting: Schema, keyword: str) -> None:
    assert found(given, accepting) == [("", keyword)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "time"}),
        ({"type": "string", "not": {"const": "a"}}, {"type": "string", "not": {"const": "b"}}),
        ({"const": "a"}, {"type": "string", "format": "date"}),
        ({"const": []}, {"type": "array", "minItems": 1}),
    ],
)
def test_what_nothing_here_decides_is_named(one: Schema, other: Schema) -> None:
    assert found(one, other) == [("", INCOMPARABLE)]


@pytest.mark.parametrize(
    ("given", "accepting"),
    [
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
        ({"type": "integer", "minimum": 0.5}, {"type": "integer", "minimum": 1}),
        ({"const": 3.0}, INTEGER),
        ({"anyOf": [STRING, {"type": "null"}]}, {"type": ["null", "string"]}),
        ({"title": "A", "description": "a", "default": 1, **INTEGER}, {"title": "B", **INTEGER}),
        ({"type": "string", "x-note": 1}, {"type": "string"}),
        ({"type": "array", "maxItems": 1}, {"type": "array", "uniqueItems": True, "maxItems": 1}),
        ({"type": "array", "prefixItems": [STRING], "maxItems": 1}, {"type": "array", "items": STRING}),
        (an(), an(added=STRING)),
    ],
)
def test_the_same_values_said_in_another_way_are_no_difference(given: Schema, accepting: Schema) -> None:
    assert found(given, accepting) == []


def test_a_path_leads_to_the_nested_field() -> None:
    def order(kind: Schema) -> Schema:
        return an(lines={"type": "array", "items": an(price={"anyOf": [kind, {"type": "null"}]})})

    assert found(order(NUMBER), order(INTEGER)) == [("lines[].price", "type")]
    assert found(an(by={"type": "object", "additionalProperties": NUMBER}), an(by=an(a=INTEGER))) == [
        ("by.a", "type"),
    ]


def test_a_field_that_is_named_no_longer_differs_where_fields_have_to_be_named_or_others_are_refused() -> None:
    before, after = an(a=STRING, b=STRING), an(a=STRING)
    assert found(before, after) == []
    assert found(before, {**after, "additionalProperties": False}) == [("b", LOST), ("", "additionalProperties")]
    assert found(after, {**before, "required": ["b"]}, must_name=True) == [("b", LOST)]
    assert found(after, before) == []


def test_references_are_followed_on_both_sides_also_where_they_lead_back() -> None:
    def tree(kind: Schema) -> Schema:
        node = an(value=kind, left={"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]})
        return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

    assert found(tree(NUMBER), tree(NUMBER)) == []
    assert found(tree(NUMBER), tree(INTEGER)) == [("value", "type"), ("left.value", "type")]


def test_a_reference_that_leads_nowhere_or_to_itself_is_an_error() -> None:
    for reference in ("#/$defs/None", "elsewhere.json"):
        with pytest.raises(KeyError):
            found({"$ref": reference}, STRING)
    itself = {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}
    with pytest.raises(KeyError):
        found(itself, STRING)


def test_each_branch_has_to_lie_within_one_branch_and_the_nearest_is_compared() -> None:
    given = {"anyOf": [an(kind={"const": "a"}, n=NUMBER), an(kind={"const": "b"})]}
    accepting = {"oneOf": [an(kind={"const": "b"}), an(kind={"const": "a"}, n=INTEGER)]}
    assert found(given, accepting) == [("n", "type")]
    assert found(accepting, given) == []
