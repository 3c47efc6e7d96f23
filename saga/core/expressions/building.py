"""The functions with which a declaration writes what is counted, added or taken of the entries of a register."""

from saga.core.expressions.aggregates import Count, Extreme, Latest, Only, Total, order_of
from saga.core.expressions.entries import EntryField, Where, field_of, filter_of
from saga.core.expressions.figure import Figure
from saga.core.expressions.groups import Distinct, TotalBy
from saga.core.register import Register


def count(register: Register, where: Where = None) -> Figure:
    """How many entries the register has; with ``where`` how many of them match. It only grows.

    >>> from saga import count
    >>> count(REPORTS)({"t-1": {"text": "broken"}})
    1
    """
    return Count(filter_of(register, where))


def total(register: Register, field: str | EntryField, where: Where = None) -> Figure:
    """The exact sum of a field of the entries. It only grows if the message class declares that none is below 0.

    >>> from saga import total
    >>> @dataclass(frozen=True)
    ... class Paid:
    ...     ticket_id: str
    ...     payment_id: str
    ...     cents: int
    >>> total(Register("payments", of=Paid, key="payment_id"), "cents")({"p-1": {"cents": 40}, "p-2": {"cents": 2}})
    42
    """
    return Total(filter_of(register, where), field_of(register, field))


def least(register: Register, field: str | EntryField, where: Where = None) -> Figure:
    """The least value of a field of the entries; None while there is none.

    >>> from saga import least
    >>> least(REPORTS, "text")({"t-1": {"text": "broken"}, "t-2": {"text": "again"}})
    'again'
    """
    return Extreme(filter_of(register, where), field_of(register, field), is_greatest=False)


def greatest(register: Register, field: str | EntryField, where: Where = None) -> Figure:
    """The greatest value of a field of the entries; None while there is none. It only grows.

    >>> from saga import greatest
    >>> greatest(REPORTS, "text")({"t-1": {"text": "broken"}, "t-2": {"text": "again"}})
    'broken'
    """
    return Extreme(filter_of(register, where), field_of(register, field), is_greatest=True)


def latest(register: Register, *, by: tuple[str, ...], field: str | EntryField, where: Where = None) -> Figure:
    """A field of the greatest entry by these fields; between equal ones the key decides. None while there is none.

    An entry without a value is before those that have one. Texts are compared as texts, so declare times in UTC.

    >>> from saga import latest
    >>> latest(REPORTS, by=("text",), field="ticket_id")({"t-1": {"ticket_id": "t-1", "text": "broken"}})
    't-1'
    """
    return Latest(filter_of(register, where), field_of(register, field), order_of(register, by))


def only(register: Register, field: str | EntryField) -> Figure:
    """A field of the only entry of a register that is keyed by the field that correlates; None before it.

    >>> from saga import only
    >>> only(REPORTS, "text")({}), only(REPORTS, "text")({"t-1": {"text": "broken"}})
    (None, 'broken')
    """
    return Only(field_of(register, field))


def distinct(register: Register, field: str | EntryField, where: Where = None) -> Figure:
    """The different values of a field of the entries, as a sorted list. It only grows.

    >>> from saga import distinct
    >>> distinct(REPORTS, "text")({"t-1": {"text": "broken"}, "t-2": {"text": "again"}, "t-3": {"text": "again"}})
    ['again', 'broken']
    """
    return Distinct(filter_of(register, where), field_of(register, field))


def total_by(register: Register, field: str | EntryField, *, per: str | EntryField, where: Where = None) -> Figure:
    """The sums of a field for each value of another one, as a mapping.

    >>> from saga import total_by
    >>> @dataclass(frozen=True)
    ... class Paid:
    ...     ticket_id: str
    ...     payment_id: str
    ...     cents: int
    ...     currency: str
    >>> PAYMENTS = Register("payments", of=Paid, key="payment_id")
    >>> total_by(PAYMENTS, "cents", per="currency")({"p-1": {"cents": 40, "currency": "EUR"}})
    {'EUR': 40}
    """
    return TotalBy(filter_of(register, where), field_of(register, field), field_of(register, per))
