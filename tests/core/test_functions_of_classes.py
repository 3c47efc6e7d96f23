"""A message class whose functions make or read it: nothing is known of its fields."""

import warnings
from typing import Any, Literal

import pytest
from pydantic import BaseModel, PydanticDeprecatedSince20

from saga.core.expressions.fields import json_kinds, values_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    from pydantic import root_validator, validator

    class Rooted(BaseModel):
        id: str
        count: Literal[1, 2] = 1

        @root_validator(skip_on_failure=True)
        def turned(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805 -- as pydantic 1 had it
            return {**values, "count": 7}

    class Validated(BaseModel):
        id: str
        count: Literal[1, 2] = 1

        @validator("count")
        def turned(cls, _value: int) -> int:  # noqa: N805 -- as pydantic 1 had it
            return 7

    class Prepared(BaseModel):
        id: str
        count: Literal[1, 2] = 1

        @root_validator(pre=True)
        def given(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805 -- as pydantic 1 had it
            return values


class Made(BaseModel):
    id: str
    count: Literal[1, 2] = 1

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        object.__setattr__(self, "count", 7)


class ReadByItself(BaseModel):
    id: str
    count: Literal[1, 2] = 1

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return handler(source)


@pytest.mark.parametrize("kind", [Rooted, Made, ReadByItself])
def test_nothing_is_known_of_a_class_that_a_function_makes(kind: type) -> None:
    assert json_kinds(kind, "count") == {"any"}
    assert values_of(kind, "count") is None


def test_a_validator_of_pydantic_1_may_return_another_value() -> None:
    assert values_of(Validated, "count") is None


def test_what_is_done_before_reading_changes_nothing() -> None:
    assert values_of(Prepared, "count") == frozenset({1, 2})
