"""Texts for simple patterns, such as ``^[A-Z]{3}$``. Whether a text really matches is for the caller to try."""

import re
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from saga.convergence.sampling import Chance

_MOST_TEXTS: Final = 6
_MOST_LENGTH: Final = 200
_OF_CATEGORY: Final = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_NOT_DIGIT": "abc",
    "CATEGORY_WORD": "abcxyz019",
    "CATEGORY_NOT_WORD": "- .",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": "abcxyz019",
}
_ANY: Final = "abcdefxyzABC0123456789-_.:/@ "
_FEW: Final = 3
"""Of several characters, those that are drawn: so that texts have some in common."""

Choose = Callable[[int], int]
"""Chooses one of so many."""
Times = Callable[[int, int], int]
"""Chooses how often something comes, from least to most."""


def matching(pattern: str) -> Iterator[str]:
    """A few texts that may match; none for a pattern that can't be parsed, or that looks around or back."""
    try:
        parsed = parser.parse(pattern)
        chosen = [_chosen(number) for number in range(1, _MOST_TEXTS + 1)]
        texts = [_text(list(parsed), choose, _once)[:_MOST_LENGTH] for choose in chosen]
    except (ValueError, RecursionError, re.error):
        return
    yield from dict.fromkeys(texts)


def drawn_text(pattern: str, chance: Chance) -> str:
    """A drawn text that may match; ValueError as for ``matching``. Few characters are drawn, so texts are alike."""

    def often(least: int, most: int) -> int:
        return least + chance.below(min(most - least, 2) + 1)

    try:
        items = list(parser.parse(pattern))
        return _text(items, lambda size: chance.below(min(size, _FEW)), often)[:_MOST_LENGTH]
    except (RecursionError, re.error) as error:
        raise ValueError(pattern) from error


def _once(least: int, most: int) -> int:
    return min(max(least, 1), most)


def _chosen(number: int) -> Choose:
    return lambda size: number % size


def _text(items: Sequence[tuple[Any, Any]], choose: Choose, times: Times) -> str:
    return "".join(_one(str(operator), argument, choose, times) for operator, argument in items)


def _one(operator: str, argument: Any, choose: Choose, times: Times) -> str:
    """The text of one element; ``choose`` takes one of several, ``times`` how often it comes."""
    match operator:
        case "LITERAL":
            return chr(argument)
        case "NOT_LITERAL":
            return next(one for one in _ANY if ord(one) != argument)
        case "ANY":
            return _ANY[choose(len(_ANY))]
        case "AT":
            return ""
        case "IN":
            return _of_class(argument, choose)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, items = argument
            return "".join(_text(list(items), choose, times) for _ in range(times(int(least), int(most))))
        case "SUBPATTERN" | "ATOMIC_GROUP":
            return _text(list(argument[-1] if operator == "SUBPATTERN" else argument), choose, times)
        case "BRANCH":
            branches = argument[1]
            return _text(list(branches[choose(len(branches))]), choose, times)
        case _:
            pass
    raise ValueError(operator)


def _of_class(items: Sequence[tuple[Any, Any]], choose: Choose) -> str:
    """One character of a class such as ``[A-Z0-9_]``."""
    if str(items[0][0]) == "NEGATE":
        excluded = {one for item in items[1:] for one in _characters(*item)}
        left = [one for one in _ANY if one not in excluded]
    else:
        left = [one for item in items for one in _characters(*item)]
    return left[choose(len(left))]


def _characters(operator: Any, argument: Any) -> str:
    match str(operator):
        case "LITERAL":
            return chr(argument)
        case "RANGE":
            return "".join(map(chr, range(argument[0], min(argument[1], argument[0] + 60) + 1)))
        case "CATEGORY":
            return _OF_CATEGORY[str(argument)]
        case _:
            pass
    raise ValueError(operator)
