"""Selections of the entries of a register that can be looked into: which entries an effect is wanted for."""

from enum import Enum

from saga.core.effect import Selection
from saga.core.expressions.aggregates import order_of
from saga.core.expressions.choosers import AllButFirst, Chooser, Every, Matching, Owing, WithPartner
from saga.core.expressions.conditions import partners_of
from saga.core.expressions.entries import EntryField, Where, filter_of
from saga.core.expressions.excess import EntryFigure
from saga.core.register import Register


def every(register: Register, condition: Enum | None = None) -> Selection:
    """All entries of the register.

    >>> from saga import every
    >>> sorted(every(REPORTS).chosen({"reports": {"t-1": {}, "t-2": {}}}))
    ['t-1', 't-2']
    """
    return _selection(Every(register), condition)


def all_but_least(register: Register, by: tuple[str, ...], condition: Enum | None = None) -> Selection:
    """All entries except the least by these fields; entries without a value come after those with a value.

    Raises DeclarationError for a field that the message class does not have.

    >>> texts = {"a": {"text": "second"}, "b": {"text": "first"}}
    >>> all_but_least(REPORTS, by=("text",)).chosen({"reports": texts})
    frozenset({'a'})
    """
    return _selection(AllButFirst(register, 1, order_of(register, by)), condition)


def all_but_first(
    register: Register, number: int, by: tuple[str, ...], condition: Enum | None = None, *, name: str | None = None
) -> Selection:
    """All entries except the first few by these fields; entries without a value come after those with a value.

    >>> from saga import all_but_first
    >>> texts = {"a": {"text": "third"}, "b": {"text": "first"}, "c": {"text": "second"}}
    >>> all_but_first(REPORTS, 2, by=("text",)).chosen({"reports": texts})
    frozenset({'a'})
    """
    return _selection(AllButFirst(register, number, order_of(register, by)), condition, name)


def entries_where(
    register: Register, where: Where, condition: Enum | None = None, *, name: str | None = None
) -> Selection:
    """The entries that match.

    >>> from saga import each, entries_where
    >>> FIRES = entries_where(REPORTS, each("text").equals("fire"))
    >>> FIRES.chosen({"reports": {"t-1": {"text": "fire"}, "t-2": {"text": "broken"}}})
    frozenset({'t-1'})
    """
    return _selection(Matching(filter_of(register, where)), condition, name)


def with_partner(
    register: Register,
    field: str | EntryField,
    other: Register,
    other_field: str | EntryField | None = None,
    condition: Enum | None = None,
    *,
    name: str | None = None,
) -> Selection:
    """The entries with a partner: an entry of the other register with the same value in its field, or as its key.

    >>> from saga import with_partner
    >>> ANSWERS = Register("answers", of=Reported, key="ticket_id")
    >>> held = {"reports": {"t-1": {"text": "broken"}}, "answers": {"t-2": {"text": "broken"}}}
    >>> with_partner(REPORTS, "text", ANSWERS, "text").chosen(held)
    frozenset({'t-1'})
    """
    return _selection(WithPartner(partners_of(register, field, other, other_field)), condition, name)


def without_partner(
    register: Register,
    field: str | EntryField,
    other: Register,
    other_field: str | EntryField | None = None,
    condition: Enum | None = None,
    *,
    name: str | None = None,
) -> Selection:
    """The entries without a partner in the other register. One that comes later takes away what was chosen.

    >>> from saga import without_partner
    >>> ANSWERS = Register("answers", of=Reported, key="ticket_id")
    >>> without_partner(REPORTS, "text", ANSWERS, "text").chosen({"reports": {"t-1": {"text": "a"}}, "answers": {}})
    frozenset({'t-1'})
    """
    return _selection(WithPartner(partners_of(register, field, other, other_field), is_lacking=True), condition, name)


def owing(figure: EntryFigure, condition: Enum | None = None, *, name: str | None = None) -> Selection:
    """The entries whose figure is above 0, such as the payments of which something is to be refunded.

    >>> from saga import beyond, owing
    >>> @dataclass(frozen=True)
    ... class Paid:
    ...     ticket_id: str
    ...     payment_id: str
    ...     cents: int
    >>> PAYMENTS = Register("payments", of=Paid, key="payment_id")
    >>> TOO_MUCH = owing(beyond(PAYMENTS, "cents", target=50, by=("payment_id",)))
    >>> TOO_MUCH.chosen({"payments": {"p-1": {"cents": 50}, "p-2": {"cents": 30}}})
    frozenset({'p-2'})
    """
    return _selection(Owing(figure), condition, name)


def _selection(chooser: Chooser, condition: Enum | None, name: str | None = None) -> Selection:
    """The chooser as a selection, with this name or named by what it says."""
    register, *beside = chooser.registers
    reads = tuple(dict.fromkeys(name for one, name in chooser.fields_read if one == register))
    return Selection(str(chooser) if name is None else name, register, chooser, condition, tuple(beside), reads)
