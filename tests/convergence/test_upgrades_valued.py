"""Upgrades whose harm shows in certain values only: absent ones, equal ones under other keys, crossed orders."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from saga.convergence import check_upgrade
from saga.core import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Fact,
    Process,
    Reducer,
    Register,
    Selection,
    outcomes,
    wanted,
)
from tests.convergence.shop import Heard, Outcome, process


class Shelved(BaseModel):
    order_id: str
    book_id: str
    rows: int = 1
    place: int = 1
    shelf: int | None = 1
    beads: list[int] = []


BOOKS = Register("books", Shelved, "book_id")
Held = Mapping[str, Any]


def saying(version: int, register: Register | Reducer, command: CommandTemplate, want: Any, *, final: bool) -> Process:
    """A process that says something of what it keeps."""
    effect = Effect("say", "desk", {Heard.YES: command}, frozenset({Heard.YES}) if final else frozenset())
    column = DerivedColumn("any", (register,), bool)
    table = outcomes(column, rule=lambda one: Outcome.PAID if one else Outcome.OPEN)
    wants = (wanted(column, rows=[(True, {effect: want}), (False, {})]),)
    return process(rule=None, table=table, wants=wants, registers=(register,), version=version)


def chosen(version: int, choose: Callable[[Held], frozenset[str]], *, final: bool = False) -> Process:
    return saying(version, BOOKS, CommandTemplate("Say", BOOKS), Selection("chosen", BOOKS, choose), final=final)


def folded(version: int, best: Callable[..., list[int]]) -> Process:
    def fold(known: list[Any], fact: Fact) -> list[Any]:
        row = list(fact.fields["beads"])
        least = best([row[place:] + row[:place] for place in range(len(row))] or [row])
        return known if least in known else sorted([*known, least])

    reducer = Reducer("rows", (Shelved,), [], fold)
    count = ComputedField("count", (reducer,), len)
    return saying(version, reducer, CommandTemplate("Say", computed=(count,)), Heard.YES, final=False)


def pieced(version: int) -> Process:
    """A piece is known again by all that is kept of it, of which the new version keeps more."""

    def fold(known: list[Any], fact: Fact) -> list[Any]:
        piece = [fact.fields["book_id"], fact.fields["rows"], fact.fields["place"]][: version + 1]
        return known if piece in known else sorted([*known, piece])

    reducer = Reducer("pieces", (Shelved,), [], fold)
    total = ComputedField("rows", (reducer,), lambda known: sum(piece[1] for piece in known))
    return saying(version, reducer, CommandTemplate("Say", computed=(total,)), Heard.YES, final=False)


def is_behind(held: Held, *, both: bool) -> frozenset[str]:
    def behind(one: Mapping[str, int]) -> bool:
        return any(
            other["rows"] > one["rows"] and (not both or other["place"] > one["place"]) for other in held.values()
        )

    return frozenset(key for key, one in held.items() if behind(one))


def on_a_shelf(held: Held) -> frozenset[str]:
    return frozenset(key for key, one in held.items() if one["shelf"] is not None)


UPGRADES: dict[str, Callable[[int], Process]] = {
    "absent": lambda version: chosen(version, frozenset if version == 1 else on_a_shelf),
    "repeated": pieced,
    "equal": lambda version: folded(version, min if version == 1 else max),
    "crossed": lambda version: chosen(version, lambda held: is_behind(held, both=version == 2), final=True),
}


@pytest.mark.parametrize("name", UPGRADES)
def test_harm_is_found_and_the_same_version_does_none(name: str) -> None:
    assert check_upgrade(UPGRADES[name](1), UPGRADES[name](2))
    assert not check_upgrade(UPGRADES[name](1), UPGRADES[name](1))
