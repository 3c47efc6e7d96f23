"""Whether one schema accepts a value that another one refuses: the rule by which contracts are compared.

The question is asked of pieces (``pieces``): each piece of the *given* schema has to lie within one piece of the
*accepting* one. If it lies within none, the differences from the nearest one are reported. So a difference may be
reported where several accepting pieces cover a given one together; none is ever overlooked but for these:

- A field that a class does not declare is nobody's. An object that is merely open (it declares ``properties``, and
  ``additionalProperties`` is true or absent) says nothing about the values of such fields, so a field that is declared
  newly, and may be missing, is no difference.
- Keywords that are unknown here (``not``, ``if``, ``patternProperties`` and others) are a difference if the accepting
  schema has them and the given one does not have the same. So are two different patterns or formats: nothing here
  decides which texts match both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from saga.contract.comparison.difference import INCOMPARABLE, LOST, Difference
from saga.contract.comparison.limits import differences_of_limits, differences_of_value
from saga.contract.comparison.pieces import ABOUT, ANY_TYPE, TYPES, covers, pieces, type_of_piece

KNOWN: Final = frozenset({"type", "const"}).union(*ABOUT.values())
ANYTHING: Final = "anything"


@dataclass(frozen=True, slots=True)
class Side:
    """A schema, and the document that its references lead into."""

    schema: Any
    document: Mapping[str, Any]

    def at(self, schema: Any) -> "Side":
        """Another schema of the same document."""
        return Side(schema, self.document)


def differences(given: Side, accepting: Side, *, must_name: bool = False) -> list[Difference]:
    """Where the accepting schema refuses a value that the given one accepts; empty if it refuses none.

    With ``must_name``, a field that the accepting schema names is a difference if the given one does not name it.
    Raises KeyError for a reference that leads nowhere.
    """
    return list(_Comparison(must_name=must_name).of(given, accepting, ""))


class _Comparison:
    """One comparison. A pair of schemas that is under way is taken to be fine, so that recursive ones end."""

    def __init__(self, *, must_name: bool) -> None:
        self._must_name = must_name
        self._under_way: set[tuple[str | int, str | int]] = set()

    def of(self, given: Side, accepting: Side, path: str) -> Iterator[Difference]:
        """The differences of two schemas."""
        pair = (_name(given.schema), _name(accepting.schema))
        if pair in self._under_way:
            return
        self._under_way.add(pair)
        offered, taken = pieces(given.schema, given.document), pieces(accepting.schema, accepting.document)
        found: list[Difference] = []
        strangers = False
        refused: list[Any] = []
        for piece in offered:
            near = [one for one in taken if covers(type_of_piece(one), type_of_piece(piece))]
            if not near:
                strangers = True
            elif "const" in piece and all("const" in one for one in near):
                refused += [] if any(is_same(piece["const"], one["const"]) for one in near) else [piece["const"]]
            else:
                tried = [list(self._of_pieces(given.at(piece), accepting.at(one), path)) for one in near]
                nearest: list[Difference] = min(tried, key=_distance)
                found += nearest
        if strangers:
            yield Difference(path, "type", _types(offered), _types(taken))
        if refused:
            yield Difference(path, "enum", refused, [one["const"] for one in taken if "const" in one])
        yield from (one for number, one in enumerate(found) if one not in found[:number])
        self._under_way.discard(pair)

    def _of_pieces(self, given: Side, accepting: Side, path: str) -> Iterator[Difference]:
        """The differences of two pieces whose types fit."""
        one, other = given.schema, accepting.schema
        if "const" in one:
            yield from differences_of_value(one["const"], other, path)
            return
        if "const" in other:
            yield Difference(path, "enum", ANYTHING, [other["const"]])
            return
        yield from differences_of_limits(one, other, path)
        if other["type"] == "array":
            yield from self._of_items(given, accepting, path)
        elif other["type"] == "object":
            yield from self._of_objects(given, accepting, path)
        for keyword, said in other.items():
            if keyword not in KNOWN and one.get(keyword) != said:
                yield Difference(path, INCOMPARABLE, {keyword: one.get(keyword)}, {keyword: said})

    def _of_items(self, given: Side, accepting: Side, path: str) -> Iterator[Difference]:
        """The items of two lists: those at fixed places, then all others."""
        one, other = given.schema, accepting.schema
        first = max(len(one.get("prefixItems", ())), len(other.get("prefixItems", ())))
        most = one.get("maxItems")
        for place in range(first if most is None else min(first, most)):
            yield from self.of(given.at(_item(one, place)), accepting.at(_item(other, place)), f"{path}[{place}]")
        if most is None or most > first:
            yield from self.of(given.at(one.get("items", True)), accepting.at(other.get("items", True)), f"{path}[]")

    def _of_objects(self, given: Side, accepting: Side, path: str) -> Iterator[Difference]:
        """The fields of two objects, then what they say about fields without a name."""
        one, other = given.schema, accepting.schema
        named, known = one.get("properties", {}), other.get("properties", {})
        further, allowed = one.get("additionalProperties", True), other.get("additionalProperties", True)
        lost = [name for name in known if name not in named and not _is_mapping(one)]
        for name in lost if self._must_name else ():
            yield Difference(_below(path, name), LOST)
        for name in other.get("required", ()):
            if name not in one.get("required", ()) and not (self._must_name and name in lost):
                yield Difference(_below(path, name), "required")
        for name, schema in named.items():
            if name in known:
                yield from self.of(given.at(schema), accepting.at(known[name]), _below(path, name))
            elif allowed is False:
                yield Difference(_below(path, name), LOST)
            else:
                yield from self.of(given.at(schema), accepting.at(allowed), _below(path, name))
        for name in sorted(known.keys() - named.keys()) if _is_mapping(one) else ():
            yield from self.of(given.at(further), accepting.at(known[name]), _below(path, name))
        yield from self._of_further(given, accepting, path)

    def _of_further(self, given: Side, accepting: Side, path: str) -> Iterator[Difference]:
        """The values of fields that neither object names, and their names."""
        one, other = given.schema, accepting.schema
        further, allowed = one.get("additionalProperties", True), other.get("additionalProperties", True)
        if allowed is not False:
            yield from self.of(given.at(further), accepting.at(allowed), _below(path, "*"))
        elif further is not False:
            yield Difference(path, "additionalProperties")
        if further is not False and "propertyNames" in other:
            names = [{"type": "string", **side.get("propertyNames", {})} for side in (one, other)]
            yield from self.of(given.at(names[0]), accepting.at(names[1]), f"{_below(path, '*')} (its name)")


def _name(schema: Any) -> str | int:
    """What distinguishes a schema from others of its document."""
    return str(schema["$ref"]) if isinstance(schema, Mapping) and "$ref" in schema else id(schema)


def _distance(found: list[Difference]) -> tuple[int, int]:
    """How far away a piece is; one with another constant, such as the tag of a union, is further than any other."""
    return sum(one.keyword == "enum" for one in found), len(found)


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _item(schema: Mapping[str, Any], place: int) -> Any:
    fixed = schema.get("prefixItems", ())
    return fixed[place] if place < len(fixed) else schema.get("items", True)


def _is_mapping(schema: Mapping[str, Any]) -> bool:
    """Whether fields of any name are meant, as in a dictionary; an object with declared fields is merely open."""
    further = schema.get("additionalProperties", True)
    return isinstance(further, Mapping) or (further is not False and "properties" not in schema)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _types(parts: list[Mapping[str, Any]]) -> str:
    """The types of the pieces, in words."""
    found = {type_of_piece(one) for one in parts}
    if found >= set(ANY_TYPE):
        return ANYTHING
    return " or ".join(name for name in TYPES if name in found) or "nothing"
