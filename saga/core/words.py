"""Names and words of a declaration: two that look different must be two, and each must be a constant.

A declaration is compared, stored and sent by its names and by the values of its enums. If two of them were equal, two
things would silently be one; if one changed, a thing would be another one at the next start.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

from saga.core.errors import DeclarationError

_OWN: Final = ("__eq__", "__hash__")
_TRUSTED: Final = ("enum", "builtins")
"""The modules whose classes may define how members compare: Enum itself, and str or int as in StrEnum and IntEnum."""


def require_name(what: str, name: object) -> None:
    """Raise DeclarationError for a name that is no constant text, or is empty."""
    if type(name) is not str:
        raise DeclarationError(f"the name of a {what} is {name!r:.80}: write a text, not what computes one")
    if not name:
        raise DeclarationError(f"the name of a {what} is empty: write a text of at least one character")


def require_all(where: str, name: str, given: object, kinds: type | tuple[type, ...], example: str) -> None:
    """Raise DeclarationError for what is no tuple, list or set, or has a member that is none of these kinds."""
    if not isinstance(given, tuple | list | frozenset | set):
        raise DeclarationError(f"{where}: {name} is {given!r:.80}: write {example}")
    for one in given:
        if not isinstance(one, kinds):
            raise DeclarationError(f"{where}: {name} has {one!r:.80}: write {example}")


def require_distinct(where: str, members: Iterable[object]) -> None:
    """Raise DeclarationError if members of an enum among these, or of all their enums, could be taken for others."""
    distinct = list({id(one): one for one in members if isinstance(one, Enum)}.values())
    for enum in dict.fromkeys(map(type, distinct)):
        for trouble in _about_enum(enum):
            raise DeclarationError(f"{where}: {trouble}")
    known: dict[str, Enum] = {}
    for one in (one for one in distinct if isinstance(one.value, str)):
        if (other := known.setdefault(one.value, one)) is not one:
            raise DeclarationError(f"{where}: {other} and {one} both have the value {one.value!r}: give each its own")


def is_among(value: object, values: Iterable[object]) -> bool:
    """Whether the value is one of these, and not only equal to one: members of two StrEnums may be equal."""
    return any(value is one for one in values)


def _about_enum(enum: type[Enum]) -> Iterator[str]:
    for name, member in enum.__members__.items():
        if name != member._name_:
            yield f"{enum.__name__}.{name} is another name of {member}: give it a value of its own, or remove it"
    for cls in enum.__mro__:
        for method in _OWN:
            if method in vars(cls) and cls.__module__ not in _TRUSTED:
                yield f"{cls.__name__} defines {method}: remove it, for the members of an enum differ as they are"
