"""Samples of messages that have other messages in them, also those of their own class."""

from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

import pytest
from pydantic import AfterValidator, BaseModel, Field, create_model
from typing_extensions import TypedDict

from saga.convergence import derive_samples
from saga.core import DeclarationError
from tests.convergence.test_samples import keeping


class Folder(BaseModel):
    name: str
    parent: "Folder | None"
    folders: list["Folder"]


@dataclass
class FolderAsDataclass:
    name: str
    parent: "FolderAsDataclass | None"
    folders: "list[FolderAsDataclass]"


class FolderAsDict(TypedDict):
    name: str
    parent: "FolderAsDict | None"
    folders: "list[FolderAsDict]"


@pytest.mark.parametrize("folder", [Folder, FolderAsDataclass, FolderAsDict])
def test_a_value_that_may_contain_values_of_its_own_class_contains_none(folder: type) -> None:
    first, *_ = derive_samples(keeping(create_model("Saved", order_id=(str, ...), folder=(folder, ...))))
    assert first.fields["folder"] == {"name": "name-1", "parent": None, "folders": []}


class Comment(BaseModel):
    order_id: str
    answers_to: "Comment | None"
    answers: list["Comment"]


def test_a_message_class_that_contains_itself_has_samples_with_and_without_another_one() -> None:
    inner: dict[str, Any] = {"order_id": "order_id-1", "answers_to": None, "answers": []}
    first, second, *_ = (sample.fields for sample in derive_samples(keeping(Comment)))
    assert (first["answers_to"], first["answers"]) == (None, [])
    assert (second["answers_to"], second["answers"]) == (inner, [inner])


class Number(BaseModel):
    value: int


class Sum(BaseModel):
    left: "Product | Sum | Number"
    right: "Product | Sum | Number"


class Product(BaseModel):
    left: "Sum | Product | Number"
    right: "Sum | Product | Number"


def test_of_classes_that_contain_one_another_the_smallest_value_is_made() -> None:
    first, *_ = derive_samples(keeping(create_model("Asked", order_id=(str, ...), of=(Sum, ...))))
    assert first.fields["of"] == {"left": {"value": 100}, "right": {"value": 100}}


class Endless(BaseModel):
    child: "Endless"


def test_of_a_class_that_contains_itself_without_end_a_sample_is_asked_for() -> None:
    with pytest.raises(DeclarationError, match=r"no sample value was found for Never\.child: give samples of your own"):
        derive_samples(keeping(create_model("Never", order_id=(str, ...), child=(Endless, ...))))


def refused(_note: str) -> str:
    raise ValueError("no note is ever right")


@dataclass
class LineAsDataclass:
    article: str
    pieces: Annotated[int, Field(ge=500)]


class LineAsDict(TypedDict):
    article: str
    pieces: Annotated[int, Field(ge=500)]
    note: NotRequired[Annotated[str, AfterValidator(refused)]]


@pytest.mark.parametrize("line", [LineAsDataclass, LineAsDict])
def test_nested_dataclasses_and_typed_dictionaries_have_values_alone_in_lists_and_in_objects(line: type) -> None:
    def sampled(annotation: Any) -> list[Any]:
        kind = create_model("Ordered", order_id=(str, ...), lines=(annotation, ...))
        return [sample.fields["lines"] for sample in derive_samples(keeping(kind))]

    made = {"article": "article-1", "pieces": 10_000}
    assert made in sampled(line)
    assert [made] in sampled(list[line])  # type: ignore[valid-type]
    assert {"a": made} in sampled(dict[str, line])  # type: ignore[valid-type]
    assert made in sampled(line | None)
