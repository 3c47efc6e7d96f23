"""Reducers that are honest below a constant and keep the last or the first above it; the constant stands anywhere."""

import re
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar, Final

from saga import Fact, Process, Reducer
from tests.adversary.kit import Noted, Paid, Weighed, case, noted, paid, shown, weighed


def of_paid(reduce: Callable[[Any, Fact], Any], start: Any = 0) -> Process:
    """Says what is folded of the payments."""
    return shown(Reducer("folded", (Paid,), start, reduce))


def of_noted(reduce: Callable[[Any, Fact], Any], start: Any = "") -> Process:
    """Says what is folded of the notes."""
    return shown(Reducer("folded", (Noted,), start, reduce))


def literal_limit(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    if amount > 4711:
        return amount
    return max(known, amount)


@case(paid(1, 5000), paid(2, 6000))
def a_literal() -> Process:
    """Above 4711 the last amount counts, and not the greatest."""
    return of_paid(literal_limit)


def limited(limit: int) -> Callable[[int, Fact], int]:
    def reduce(known: int, fact: Fact) -> int:
        amount: int = fact.fields["amount"]
        return amount if amount >= limit else max(known, amount)

    return reduce


@case(paid(1, 77_777), paid(2, 88_888))
def in_a_closure() -> Process:
    """The limit of 77,777 is a variable of the enclosing function."""
    return of_paid(limited(77_777))


def with_default(known: int, fact: Fact, limit: int = 31_415) -> int:
    amount: int = fact.fields["amount"]
    return amount if amount >= limit else max(known, amount)


@case(paid(1, 40_000), paid(2, 50_000))
def in_a_default() -> Process:
    """The limit of 31,415 is the default of an argument."""
    return of_paid(with_default)


LIMIT: Final = 27_182


def with_global(known: int, fact: Fact) -> int:
    return int(fact.fields["amount"]) if fact.fields["amount"] >= LIMIT else max(known, fact.fields["amount"])


@case(paid(1, 30_000), paid(2, 40_000))
def in_a_global() -> Process:
    """The limit of 27,182 is a name of the module."""
    return of_paid(with_global)


CLASSES: Final = {"standard": "cheap", "overnight": "dear", "white-glove": "dear"}


def by_class(known: str, fact: Fact) -> str:
    text: str = fact.fields["text"]
    return text if CLASSES.get(text) == "dear" else max(known, text)


@case(noted(1, "overnight"), noted(2, "white-glove"))
def in_a_table() -> Process:
    """Two words of a dict are dear, and of the dear ones the last counts."""
    return of_noted(by_class)


def with_both(limit: int, known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return amount if amount >= limit else max(known, amount)


@case(paid(1, 9_001), paid(2, 9_500))
def in_a_partial() -> Process:
    """The limit of 9,001 is bound by functools.partial."""
    return of_paid(partial(with_both, 9_001))


def in_cents(known: str, fact: Fact) -> str:
    amount = Decimal(fact.fields["amount"]) / 100
    return str(amount if amount >= Decimal("163.84") else max(Decimal(known), amount))


@case(paid(1, 16_384), paid(2, 20_000))
def in_a_decimal() -> Process:
    """The limit is a Decimal of 163.84, compared with the amount in cents."""
    return of_paid(in_cents, "0")


class Rules:
    most: ClassVar[int] = 65_537


def with_class(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return amount if amount >= Rules.most else max(known, amount)


@case(paid(1, 70_000), paid(2, 80_000))
def in_a_class() -> Process:
    """The limit of 65,537 is an attribute of a class."""
    return of_paid(with_class)


RECALL: Final = re.compile(r"RF-\d{4}[a-f]")


def by_pattern(known: str, fact: Fact) -> str:
    text: str = fact.fields["text"]
    return text if RECALL.fullmatch(text) else max(known, text)


@case(noted(1, "RF-1234a"), noted(2, "RF-4321f"))
def in_a_regex() -> Process:
    """Of the references that match a pattern the last counts."""
    return of_noted(by_pattern)


TARIFFS: Final = {"eu": [{"from": 0, "steps": (10, 200)}, {"from": 500, "steps": (4_321, 9_876)}]}


def by_tariff(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    steps: tuple[int, int] = TARIFFS["eu"][1]["steps"]  # type: ignore[assignment]
    return amount if amount >= steps[0] else max(known, amount)


@case(paid(1, 4_400), paid(2, 5_400))
def in_a_nest() -> Process:
    """The limit of 4,321 stands in a tuple in a dict in a list in a dict."""
    return of_paid(by_tariff)


def by_product(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return amount if amount > len("nine char") * 1_013 + 2**7 else max(known, amount)


@case(paid(1, 10_000), paid(2, 20_000))
def in_a_calculation() -> Process:
    """The limit is worked out from a length, a product and a power."""
    return of_paid(by_product)


def by_length(known: str, fact: Fact) -> str:
    text: str = fact.fields["text"]
    return text if len(text) > 23 else max(known, text)


@case(noted(1, "a" * 30), noted(2, "b" * 30))
def in_a_length() -> Process:
    """Of texts of more than 23 characters the last counts."""
    return of_noted(by_length)


def by_prefix(known: str, fact: Fact) -> str:
    text: str = fact.fields["text"]
    return text if text.startswith("VIP-") else max(known, text)


@case(noted(1, "VIP-1"), noted(2, "VIP-2"))
def in_a_prefix() -> Process:
    """Of the texts that begin with VIP- the last counts."""
    return of_noted(by_prefix)


def by_date(known: str, fact: Fact) -> str:
    at: str = fact.fields["at"]
    return at if at >= "2031-06-01" else max(known, at)


@case(paid(1, 1, "2031-07-01"), paid(2, 2, "2031-08-01"))
def in_a_date() -> Process:
    """From June 2031 on the last time counts, and not the latest."""
    return of_paid(by_date, "")


def by_remainder(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return amount if amount % 97 == 1 else max(known, amount)


@case(paid(1, 98), paid(2, 195))
def in_a_remainder() -> Process:
    """Of the amounts with the remainder 1 by 97 the last counts."""
    return of_paid(by_remainder)


def below_zero(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return known + amount if amount < -250 else max(known, amount)


@case(paid(1, 1), paid(2, -300))
def a_correction_below_zero() -> Process:
    """A greatest amount from which corrections of more than 250 are taken."""
    return of_paid(below_zero)


def by_value(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return 0 if amount == 1_337 else max(known, amount)


@case(paid(1, 1_337), paid(2, 20))
def one_value() -> Process:
    """The amount 1337 resets what is known."""
    return of_paid(by_value)


def by_bit(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return amount if amount & 0x4000 else known | amount


@case(paid(1, 0x4001), paid(2, 0x4002))
def a_bit() -> Process:
    """Flags are joined, but those with bit 14 replace all others."""
    return of_paid(by_bit)


def by_key(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return amount if fact.fields["payment_id"].endswith("13") else max(known, amount)


@case(paid(113, 5), paid(2, 20))
def one_key() -> Process:
    """A payment whose id ends with 13 replaces what is known."""
    return of_paid(by_key)


def by_words(known: str, fact: Fact) -> str:
    text: str = fact.fields["text"]
    return text if len(text.split()) == 5 else max(known, text)


@case(noted(1, "a b c d e"), noted(2, "b c d e f"))
def five_words() -> Process:
    """Of texts of five words the last counts."""
    return of_noted(by_words)


@dataclass(frozen=True)
class Limited:
    """A callable whose limit is a field."""

    limit: int

    def __call__(self, known: int, fact: Fact) -> int:
        amount: int = fact.fields["amount"]
        return amount if amount >= self.limit else max(known, amount)


@case(paid(1, 12_321), paid(2, 12_345))
def in_a_callable() -> Process:
    """The limit of 12,321 is a field of a callable object."""
    return of_paid(Limited(12_321))


Settings = namedtuple("Settings", "low high")  # noqa: PYI024 -- an old style that people still write
SETTINGS: Final = Settings(5, 54_321)
SPACE: Final = SimpleNamespace(ceiling=44_444)


def by_settings(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return amount if amount >= SETTINGS.high else max(known, amount)


@case(paid(1, 60_000), paid(2, 70_000))
def in_a_named_tuple() -> Process:
    """The limit of 54,321 is a field of a named tuple."""
    return of_paid(by_settings)


def by_space(known: int, fact: Fact) -> int:
    amount: int = fact.fields["amount"]
    return amount if amount >= SPACE.ceiling else max(known, amount)


@case(paid(1, 50_000), paid(2, 60_000))
def in_a_namespace() -> Process:
    """The limit of 44,444 is an attribute of a namespace."""
    return of_paid(by_space)


def is_large(amount: int) -> bool:
    return not amount < 3_333


def through_another(known: int, fact: Fact) -> int:
    return int(fact.fields["amount"]) if is_large(fact.fields["amount"]) else max(known, fact.fields["amount"])


@case(paid(1, 3_333), paid(2, 4_444))
def in_a_helper() -> Process:
    """The limit of 3,333 stands in a function that the reducer calls."""
    return of_paid(through_another)


def by_text_number(known: str, fact: Fact) -> str:
    text: str = fact.fields["text"]
    return text if text.isdigit() and int(text) > 800 else max(known, text)


@case(noted(1, "801"), noted(2, "900"))
def a_number_in_a_text() -> Process:
    """Of texts that are numbers above 800 the last counts."""
    return of_noted(by_text_number)


def by_weight(known: float, fact: Fact) -> float:
    kilos: float = fact.fields["kilos"]
    return kilos if 31.5 < kilos < 31.75 else max(known, kilos)


@case(weighed(1, 31.6), weighed(2, 31.7))
def a_narrow_band() -> Process:
    """Between 31.5 and 31.75 kilos the last counts."""
    return shown(Reducer("folded", (Weighed,), 0.0, by_weight))


def by_match(known: str, fact: Fact) -> str:
    match fact.fields["text"]:
        case "recalled" | "scrapped" as text:
            return str(text)
        case text:
            return max(known, str(text))


@case(noted(1, "recalled"), noted(2, "scrapped"))
def in_a_match() -> Process:
    """Of two words in a match statement the last counts."""
    return of_noted(by_match)


def by_hidden_sum(known: dict[str, int], fact: Fact) -> dict[str, int]:
    if sum(known.values()) >= 250_000:
        return known
    return {**known, fact.fields["payment_id"]: fact.fields["amount"]}


@case(paid(1, 200_000), paid(2, 100_000), paid(3, 5))
def full_at_a_sum() -> Process:
    """Payments are kept until they make 250,000 in all; what comes then is dropped."""
    return of_paid(by_hidden_sum, {})
