"""Texts for simple patterns, such as ``^[A-Z]{3}$``. Whether a text really matches is for the caller to try."""

import re
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator, Sequence
from typing import Any, Final

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


def matching(pattern: str) -> Iterator[str]:
    """A few texts that may match; none for a pattern that can't be parsed, or that looks around or back."""
    try:
        parsed = parser.parse(pattern)
        texts = [_text(list(parsed), number)[:_MOST_LENGTH] for number in range(1, _MOST_TEXTS + 1)]
    except (ValueError, RecursionError, re.error):
        return
    yield from dict.fromkeys(texts)


def _text(items: Sequence[tuple[Any, Any]], number: int) -> str:
    return "".join(_one(str(operator), argument, number) for operator, argument in items)


def _one(operator: str, argument: Any, number: int) -> str:
    """The text of one element; the number chooses among several."""
    match operator:
        case "LITERAL":
            return chr(argument)
        case "NOT_LITERAL":
            return next(one for one in _ANY if ord(one) != argument)
        case "ANY":
            return _ANY[number % len(_ANY)]
        case "AT":
            return ""
        case "IN":
            return _of_class(argument, number)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, items = argument
            return "".join(_text(list(items), number) for _ in range(min(max(least, 1), most)))
        case "SUBPATTERN" | "ATOMIC_GROUP":
            return _text(list(argument[-1] if operator == "SUBPATTERN" else argument), number)
        case "BRANCH":
            branches = argument[1]
            return _text(list(branches[number % len(branches)]), number)
        case _:
            pass
    raise ValueError(operator)


def _of_class(items: Sequence[tuple[Any, Any]], number: int) -> str:
    """One character of a class such as ``[A-Z0-9_]``."""
    if str(items[0][0]) == "NEGATE":
        excluded = {one for item in items[1:] for one in _characters(*item)}
        left = [one for one in _ANY if one not in excluded]
    else:
        left = [one for item in items for one in _characters(*item)]
    return left[number % len(left)]


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
