"""Compares how two versions read one message: it may be under way at the upgrade, or come again after it.

Where a message class has changed, messages of the old one are made: each field with many values, and each optional one
left out. The new version has to read each of them. And a register has to recognise what it stored under the old version
when the same message comes again, or the repeat is a conflict that waits for a person.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from saga.convergence.findings import Kind
from saga.convergence.samples import derive_samples
from saga.convergence.upgrade.live import LiveInstance, Upgrade, Upgraded
from saga.core import Deadline, DeclarationError, Fact, Reducer, Register
from saga.core.fact import declared_fields
from saga.core.plain import is_same
from saga.messages.facts import missing_fields, names_of, read_fact

_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 7, 100, 1_000_000, 0.5, 100.0, -0.5),
    *("2026-01-02T00:00:00Z", "2026-01-02T00:00:00+00:00", "2026-01-02T00:00:00", "2026-01-02", "12:00:00", "P1D"),
    *(
        "",
        "a",
        "A",
        " a ",
        "a" * 60,
        "1",
        "100",
        "0.1",
        "10.00",
        "EUR",
        "eur",
        "a@example.org",
        "https://example.org/a",
    ),
    *("00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000A"),
    *([], ["a"], [1], {}, {"a": "b"}, {"a": 1}),
)
_UNDECLARED: Final = "a field that no class declares"
_LIMITS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_LENGTHS: Final = ("minLength", "maxLength")
_LONGEST: Final = 10_000


def compare_messages(upgrade: Upgrade, live: Sequence[LiveInstance], no_longer_sent: frozenset[str]) -> None:
    """Report messages of the old version that the new one can't read, or reads as something else than was stored."""
    instances = [one.upgraded for one in live]
    for name, kind in upgrade.old.message_types.items():
        new = upgrade.new.message_types.get(name)
        if name in no_longer_sent:
            continue
        if new is None:
            _report_removed(upgrade, name, instances)
            continue
        _compare_modules(upgrade, kind, new, instances)
        if new is not kind:
            _ChangedClass(upgrade, kind, new, instances).compare()


def _report_removed(upgrade: Upgrade, name: str, instances: Sequence[Upgraded]) -> None:
    """Report a class that is no longer consumed, if possible with an instance whose deadline will emit it."""
    deadlines = [one.name for one in upgrade.old.effects if isinstance(one, Deadline) and one.emits.__name__ == name]
    awaiting = [one for one in instances if name not in one.types]
    armed = [one for one in awaiting if any(each in one.configuration.state.commanded for each in deadlines)]
    because = f", and {' and '.join(deadlines)} can be armed" if armed else ""
    sentence = f"{name} is no longer consumed{because}: what is under way becomes a dead letter, or is skipped in a log"
    instance = next(iter(armed or awaiting or instances), None)
    instead = "consume it until none is under way, and then say that it is no longer sent"
    upgrade.report(Kind.CANNOT_BE_READ, sentence, instance, instead=instead)


def _compare_modules(upgrade: Upgrade, old: type, new: type, instances: Sequence[Upgraded]) -> None:
    for module, kinds in upgrade.old.inputs.items():
        if old in kinds and new not in upgrade.new.inputs.get(module, ()):
            sentence = f"{old.__name__} is no longer consumed from {module}: what is under way becomes a dead letter"
            instance = next(iter(instances), None)
            upgrade.report(Kind.CANNOT_BE_READ, sentence, instance, instead="move its sender by another class")


class _ChangedClass:
    """A message class as both versions declare it."""

    def __init__(self, upgrade: Upgrade, old: type, new: type, instances: Sequence[Upgraded]) -> None:
        self._upgrade, self._old, self._new, self._instances = upgrade, old, new, instances
        self._version = upgrade.names[1]
        self._filled: dict[str, Any] = {}
        known = {one.name: one for one in upgrade.new.registers}
        stored = [one for one in upgrade.old.registers if old in one.inputs]
        self._stored = [(one, known[one.name]) for one in stored if type(known.get(one.name)) is type(one)]
        self._reported: set[tuple[str, str]] = set()

    def compare(self) -> None:
        """Report each field for which a message of the old class is another one, or none, in the new class."""
        for data in self._messages():
            for field, message in _variants(self._old, data, _values(self._old, self._new)):
                was = _read(self._old, message)
                if was is not None and _is_usual(field, message, was):
                    self._compare(field, message, was)

    def _messages(self) -> Iterator[Mapping[str, Any]]:
        """Messages of the old class, with its own names."""
        try:
            samples = derive_samples(self._upgrade.old)
        except DeclarationError:
            samples = tuple(fact for fact in self._upgrade.before if fact is not None)
        yield from (fact.fields for fact in samples if fact.kind is self._old)

    def _compare(self, field: str, message: Mapping[str, Any], was: Fact) -> None:
        now = _read(self._new, {**self._filled, **message})
        if now is None and self._report_missing(message):
            now = _read(self._new, {**self._filled, **message})
        if now is None:
            self._report_unreadable(field, message)
            return
        for old, new in self._stored:
            if isinstance(old, Register) and isinstance(new, Register):
                self._compare_stored(old, new, was, now)
            elif isinstance(old, Reducer) and isinstance(new, Reducer):
                self._compare_reduced(old, new, was, now)

    def _report_missing(self, message: Mapping[str, Any]) -> bool:
        """Whether the message lacks fields that the new class requires; from here on a sample's values fill them."""
        missing = [one for one in missing_fields(self._new, message) if one not in message and one not in self._filled]
        samples = [fact.fields for fact in self._upgrade.after if fact is not None and fact.kind is self._new]
        for field in missing:
            self._report(Kind.CANNOT_BE_READ, field, *self._about_missing(field))
            if samples and field in samples[0]:
                self._filled[field] = samples[0][field]
        return bool(missing)

    def _about_missing(self, field: str) -> tuple[str, str]:
        """A sentence about a field that the new class requires, and what to do instead."""
        name, lost = self._old.__name__, "what is under way becomes a dead letter"
        if field not in declared_fields(self._old):
            stored = f", and what {self._stored[0][0].name} stores lacks it" if self._stored else ""
            return f"{name} requires {field} in {self._version}, and older ones have none: {lost}{stored}", (
                f"give {field} a default"
            )
        if len(names_of(self._old, field)) > len(names_of(self._new, field)):
            what = f"{name} can have its {field} under another name, which {self._version} does not read"
            return f"{what}: {lost}", "keep both names (AliasChoices)"
        return f"{name} can be without {field}, and {self._version} requires it: {lost}", f"keep the default of {field}"

    def _report_unreadable(self, field: str, message: Mapping[str, Any]) -> None:
        """Report the fields that the new class refuses; the one that was varied, if it does not say which."""
        for name in _refused(self._new, {**self._filled, **message}) & message.keys() or {field}:
            value = f" {message[name]!r:.40}" if name in message else ""
            what = f"{self._old.__name__} with the {name}{value} can't be read by {self._version}"
            if name == _UNDECLARED:
                what = f"{self._old.__name__} with {_UNDECLARED} can't be read by {self._version}"
            instead = f"keep what {name} takes, and add another field" if name != _UNDECLARED else "ignore such fields"
            self._report(Kind.CANNOT_BE_READ, name, f"{what}: what is under way becomes a dead letter", instead)

    def _compare_stored(self, old: Register, new: Register, was: Fact, now: Fact) -> None:
        """Whether a register takes the message for a repeat of what it stored, as the engine asks it."""
        if old.key != new.key or old.of.__name__ != new.of.__name__ or old.key not in was.fields:
            return
        entries = new.load(old.apply({}, was))
        if new.key_of(now) not in entries:
            what = f"{new.name} has the key {old.key_of(was)!r} for a {old.of.__name__}, and {self._version} looks"
            sentence = f"{what} for {new.key_of(now)!r}: a repeat is counted again"
            self._report(Kind.REPEAT_CHANGES, old.key, sentence, f"keep the type of {old.key}")
        elif new.conflict(entries, now) is not None:
            self._report_conflict(new, was, now)

    def _report_conflict(self, register: Register, was: Fact, now: Fact) -> None:
        for name, value in was.fields.items():
            if name in self._filled:
                continue
            if name not in now.fields and value is not None:
                what = f"{register.name} stores {name}, which {self._new.__name__} lacks in {self._version}"
                instead = f"keep the field {name}"
            elif not is_same(value, now.fields.get(name)):
                as_new = f"{self._version} reads the same message as {now.fields[name]!r:.40}"
                what = f"{register.name} stores the {name} {value!r:.40}, and {as_new}"
                instead = f"keep {name} with its type and default, and add another field"
            else:
                continue
            self._report(Kind.REPEAT_CHANGES, name, f"{what}: a repeat is a conflict, and waits for a person", instead)

    def _compare_reduced(self, old: Reducer, new: Reducer, was: Fact, now: Fact) -> None:
        """Whether a reducer takes the message for something new, although under the old version it would not."""
        try:
            folded = old.apply(old.start, was)
            if old.apply(folded, was) is not folded or new.apply(folded, now) is folded:
                return
        except Exception:  # noqa: BLE001 -- what a function of the declaration raises is found where it is run in full
            return
        differing = [name for name, one in was.fields.items() if not is_same(one, now.fields.get(name))]
        for name in differing[:1]:
            sentence = f"{new.name} folded a {self._old.__name__}, of which {self._version} reads another {name}"
            sentence += ": a repeat changes it again"
            self._report(Kind.REPEAT_CHANGES, name, sentence, f"keep {name} with its type and default")

    def _report(self, kind: Kind, field: str, sentence: str, instead: str) -> None:
        """Add one finding for each field and kind, with the shortest instance to which such a message came."""
        if (kind.value, field) in self._reported:
            return
        self._reported.add((kind.value, field))
        has_come = [one for one in self._instances if self._old.__name__ in one.types]
        instance = next(iter(has_come or self._instances), None)
        self._upgrade.report(kind, sentence, instance, instead=instead)


def _read(kind: type, message: Mapping[str, Any]) -> Fact | None:
    try:
        return read_fact(kind, message)
    except Exception:  # noqa: BLE001 -- a validator of the user may raise anything; such a message is none of the class
        return None


def _refused(kind: type, message: Mapping[str, Any]) -> set[str]:
    """The fields of the message that the class refuses; empty if it does not say."""
    try:
        read_fact(kind, message)
    except ValidationError as error:
        return {str(one["loc"][0]) for one in error.errors(include_url=False) if one["loc"]}
    except Exception:  # noqa: BLE001 -- a validator of the user may raise anything, and names no field then
        return set()
    return set()


def _variants(kind: type, data: Mapping[str, Any], values: Sequence[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Messages that differ from this one in a field; the first is the message itself."""
    yield _UNDECLARED, {**data, _UNDECLARED: 1}
    for field in data:
        yield field, data
        rest = {name: value for name, value in data.items() if name != field}
        yield field, rest
        yield from ((field, {**rest, name: data[field]}) for name in names_of(kind, field))
        yield from ((field, {**rest, field: value}) for value in (*values, *_nested(data[field], values)))


def _nested(value: Any, values: Sequence[Any]) -> Iterator[Any]:
    """Values like this one, with another value somewhere in it, or without one."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            rest = {other: one for other, one in value.items() if other != name}
            yield rest
            yield from ({**rest, name: one} for one in (*values, *_nested(inner, values)))
    elif isinstance(value, list | tuple) and value:
        yield from ([one, *value[1:]] for one in (*values, *_nested(value[0], values)))


def _is_usual(field: str, message: Mapping[str, Any], was: Fact) -> bool:
    """Whether a sender would write the value so: as the class writes it, as a text, or as a whole number."""
    return field not in message or field not in was.fields or _is_written_so(message[field], was.fields[field])


def _is_written_so(value: Any, read: Any) -> bool:
    if isinstance(value, Mapping) and isinstance(read, Mapping):
        return all(name in read and _is_written_so(one, read[name]) for name, one in value.items())
    if isinstance(value, list | tuple) and isinstance(read, list | tuple):
        return len(value) == len(read) and all(map(_is_written_so, value, read))
    is_number = type(value) is int and type(read) is float
    return is_same(value, read) or is_number or (type(value) is str and type(read) is str)


def _values(old: type, new: type) -> list[Any]:
    """Values to try for each field: usual ones, the choices of both classes, and those at their limits."""
    values = list(_VALUES)
    for kind in (old, new):
        try:
            pending: list[Any] = [TypeAdapter(kind).json_schema()]
        except Exception:  # noqa: BLE001, S112 -- a class without a JSON schema has no known limits
            continue
        while pending:
            schema = pending.pop()
            if isinstance(schema, list):
                pending += schema
            elif isinstance(schema, dict):
                values += _named(schema)
                pending += schema.values()
    return values


def _named(schema: Mapping[str, Any]) -> Iterator[Any]:
    if isinstance(schema.get("enum"), list):
        yield from schema["enum"]
    if isinstance(schema.get("const"), str | int):
        yield schema["const"]
    for name in _LIMITS:
        if isinstance(limit := schema.get(name), int | float):
            yield from (limit - 1, limit, limit + 1)
    for name in _LENGTHS:
        if isinstance(length := schema.get(name), int) and length <= _LONGEST:
            yield from ("a" * one for one in (length - 1, length, length + 1) if one >= 0)
