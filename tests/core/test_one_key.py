"""What names an instance, an entry, a version or a field is one text for one value, or is refused."""

from dataclasses import make_dataclass
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from saga.core import DeclarationError, Register
from saga.messages.facts import require_readable
from tests.core.test_silently_one import LAMPS, Lit, process


@pytest.mark.parametrize(
    "declared", [str | None, int | str, Annotated[str | None, "key"], Annotated[str, "tag"] | None]
)
def test_a_key_that_is_one_text_for_several_values_is_refused(declared: Any) -> None:
    kind = make_dataclass("Tagged", [("house_id", str), ("tag", declared)])
    with pytest.raises(
        DeclarationError, match=r"register tags is keyed by Tagged.tag: declare it as a text or as an int"
    ):
        process(inputs={"lamps": (Lit, kind)}, registers=(LAMPS, Register("tags", of=kind, key="tag")))


def test_an_instance_whose_id_is_a_text_or_a_number_is_refused() -> None:
    kind = make_dataclass("Tagged", [("house_id", int | str)])
    with pytest.raises(
        DeclarationError, match=r"Tagged.house_id names the instance: declare it as a text or as an int"
    ):
        process(inputs={"lamps": (Lit, kind)}, registers=(LAMPS, Register("tags", of=kind, key="house_id")))


def test_an_id_that_a_message_may_leave_to_its_subject_is_accepted() -> None:
    kind = make_dataclass("Tagged", [("house_id", str | None)])
    tags = Register("tags", of=kind, key="house_id")
    assert tags in process(inputs={"lamps": (Lit, kind)}, registers=(LAMPS, tags)).registers


@pytest.mark.parametrize("version", [True, 1.0, "1", -1])
def test_a_version_that_is_no_number_of_a_version_is_refused(version: Any) -> None:
    with pytest.raises(DeclarationError, match=r"version is .*: write a whole number of at least 0"):
        process(version=version)


def test_two_fields_that_are_read_from_one_name_are_refused() -> None:
    """A fact is read again by the names of its fields, and would then be another one."""

    class Named(BaseModel):
        house_id: str
        lamp: int = Field(alias="bulb")
        bulb: int = Field(alias="tube")

    declaration = process(inputs={"lamps": (Lit, Named)}, registers=(LAMPS, Register("named", of=Named, key="lamp")))
    with pytest.raises(
        DeclarationError, match=r"Named reads lamp and bulb from the same name bulb: give one of them anoth"
    ):
        require_readable(declaration)
