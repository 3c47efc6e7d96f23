"""Small classes and functions that the twelfth cases use, as a shop has them in a module of its own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Any, NamedTuple


@dataclass(frozen=True, order=True)
class Bid:
    """A price, by which bids are compared, and who offers it."""

    price: int
    by: str = field(compare=False)


class Word(str):
    """A word that is equal to itself in other letters."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.casefold() == other.casefold()

    def __hash__(self) -> int:
        return hash(self.casefold())


@total_ordering
class Size:
    """A row of stitches, compared by its length."""

    def __init__(self, row: Iterable[int]) -> None:
        self.row = list(row)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and self.row == other.row

    def __hash__(self) -> int:
        return hash(tuple(self.row))

    def __lt__(self, other: "Size") -> bool:
        return len(self.row) < len(other.row)


class Place(NamedTuple):
    """Where a book stands: the shelf, if there is one, and the title."""

    kind: str
    shelf: int | None
    title: str


@dataclass(frozen=True)
class Rounded:
    """Money; a sum of a hundred and more has no single coins."""

    rappen: int

    def __add__(self, other: "Rounded") -> "Rounded":
        whole = self.rappen + other.rappen
        return Rounded(whole if whole < 100 else whole // 10 * 10)


def in_pairs(items: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """One item and the next one, each item in one pair."""
    one = iter(items)
    return zip(one, one, strict=False)


def without_odd(items: list[Any]) -> list[Any]:
    """The list without its odd numbers, which are taken out while it is gone through."""
    for item in items:
        if item[1] % 2:
            items.remove(item)
    return items
