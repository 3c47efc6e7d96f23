"""Further planted processes, the fourth part."""

import json
import math
import re
import statistics
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlparse
from zoneinfo import ZoneInfo

from saga import (
    ARMED,
    Deadline,
    DerivedColumn,
    Entries,
    Process,
    Register,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    NOTES,
    PAYMENTS,
    TAGS,
    Late,
    Out,
    Weighed,
    case,
    chosen,
    judged,
    noted,
    paid,
    proc,
    seen,
    shown,
    tagged,
    weighed,
)
from tests.adversary.planted.second import LINES, Answered, Measured, NodeAdded, Y, line, moment
from tests.adversary.planted.second_prices import ANSWERS, Risk, risk


@case(noted(1, "vpn"), noted(2, "wanted"))
def a_deadline_of_the_lesser_grade() -> Process:
    """A medium risk arms a deadline; when it is high by then, the deadline changes what became of it."""
    column, late = DerivedColumn("risk", (NOTES,), risk, tuple(Risk)), seen(Late)
    soon = Deadline("soon", Late, timedelta(hours=1))
    table = outcomes(
        column,
        late,
        rule=lambda level, over: (
            Out.DONE
            if level is Risk.LOW
            else (Out.FAILED if over is Y else Out.OPEN if level is Risk.MEDIUM else Out.OTHER)
        ),
    )
    arms = wanted(column, rows=[(one, {soon: ARMED} if one is Risk.MEDIUM else {}) for one in Risk])
    return proc(table, late, NOTES, wants=[arms], unsettled=[Out.OPEN])


@case(*(weighed(number, 1.5) for number in range(3)))
def a_register_of_two() -> Process:
    """A register of at most two parcels: which of three waits for a person depends on the order."""
    two = Register("two", Weighed, "parcel_id", most=2)
    return shown(two, compute=len)


# What raises.


MONEY: Final = Context(prec=6)


def in_euros(payments: Entries) -> str:
    whole = Decimal(sum(one["amount"] for one in payments.values())) / 100
    return str(whole.quantize(Decimal("0.01"), context=MONEY))


@case(paid(1, 5), paid(2, 999_999_99))
def money_of_six_digits() -> Process:
    """Money is rounded to cents in a context of six digits, which a large sum does not fit into."""
    return shown(PAYMENTS, compute=in_euros)


def parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def latest_time(payments: Entries) -> str:
    found = [one for payment in payments.values() if (one := parsed(payment["at"]))]
    return max(found).isoformat() if found else ""


@case(paid(1, 5, "2030-01-01T00:00:00Z"), paid(2, 5, "2030-01-02T00:00:00"))
def with_and_without_a_zone() -> Process:
    """Times with a zone are compared with times without one."""
    return shown(PAYMENTS, compute=latest_time)


@case(noted(1, "Europe/Berlin"), noted(2, "Berlin"))
def a_zone_that_is_a_text() -> Process:
    """The zone of the customer is a text, and need not be a zone."""
    return shown(
        NOTES,
        compute=lambda held: {
            key: datetime(2030, 1, 1, tzinfo=ZoneInfo(one["text"])).isoformat() for key, one in held.items()
        },
    )


def spread(payments: Entries) -> int:
    amounts = [one["amount"] for one in payments.values() if one["amount"] > 0]
    return round(statistics.stdev(amounts)) if len(payments) > 1 else 0


@case(paid(1, 5), paid(2, 0))
def a_deviation_of_one() -> Process:
    """The deviation is asked for with two payments, of which one may be zero."""
    return shown(PAYMENTS, compute=spread)


class Tier(Enum):
    BASIC = "basic"
    PRO = "pro"


@case(noted(1, "basic"), noted(2, "gold"))
def a_tier_that_is_not_sold() -> Process:
    """A text is made a member of an enum that does not have it."""
    return judged(NOTES, judge=lambda held: any(Tier(one["text"]) is Tier.PRO for one in held.values()))


def due_day(payments: Entries) -> str:
    days = min((one["amount"] for one in payments.values()), default=0)
    return (date(2030, 1, 1) + timedelta(days=days)).isoformat()


@case(paid(1, 30), paid(2, 4_000_000))
def a_day_beyond_the_calendar() -> Process:
    """Days are added to a date, and there may be very many."""
    return shown(PAYMENTS, compute=due_day)


NODES = Register("nodes", NodeAdded, "node_id")


def depth(nodes: Entries) -> int:
    def of(key: str) -> int:
        return 0 if key not in nodes else 1 + of(nodes[key]["parent_id"])

    return max(map(of, nodes), default=0)


@case(NodeAdded("i", "a", "b"), NodeAdded("i", "b", "a"), NodeAdded("i", "c", ""))
def a_tree_with_a_circle() -> Process:
    """Each node names its parent, and two may name each other."""
    return shown(NODES, compute=depth)


@case(noted(1, "hello {name}"), noted(2, "50 % { off"))
def a_note_as_a_template() -> Process:
    """The text of a note is formatted with a name, and may have a brace of its own."""
    return shown(NOTES, compute=lambda held: [one["text"].format(name="ann") for one in held.values()])


def matches(notes: Entries) -> bool:
    return any(re.search(one["text"], "invoice 17") for one in notes.values())


@case(noted(1, "invoice"), noted(2, "(open"))
def a_note_as_a_pattern() -> Process:
    """The text of a note is taken for a pattern, and may be none."""
    return judged(NOTES, judge=matches)


def as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


@case(noted(1, "2.5"), noted(2, "nan"))
def a_number_that_is_none() -> Process:
    """What is no number counts as nothing, but nan is taken for a number, and is no JSON."""
    return shown(NOTES, compute=lambda held: {key: as_number(one["text"]) for key, one in held.items()})


def as_money(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


@case(noted(1, "2.5"), noted(2, "NaN"))
def money_that_is_none() -> Process:
    """What is no Decimal counts as nothing, but NaN is one, and can't be compared."""
    return judged(NOTES, judge=lambda held: any(as_money(one["text"]) > 100 for one in held.values()))


@case(noted(1, "12"), noted(2, "²"))
def a_digit_that_is_no_number() -> Process:
    """A text of digits is made a number, but a small two on high is a digit and no number."""
    return shown(NOTES, compute=lambda held: sum(int(one["text"]) for one in held.values() if one["text"].isdigit()))


def renewals(payments: Entries) -> list[str]:
    moments = [found for one in payments.values() if (found := moment(one["at"]))]
    return sorted({one.replace(year=one.year + 1).date().isoformat() for one in moments})


@case(paid(1, 5, "2030-01-01"), paid(2, 5, "2028-02-29"))
def renewed_on_a_leap_day() -> Process:
    """A year later is the same day, which the 29th of February does not have."""
    return shown(PAYMENTS, compute=renewals)


def reference(notes: Entries) -> str:
    texts = [unicodedata.normalize("NFC", one["text"]).upper() for one in notes.values()]
    return " ".join(sorted(texts)).encode("latin-1").decode("latin-1")


@case(noted(1, "rent"), noted(2, "miete für ł"))
def a_reference_for_an_old_bank() -> Process:
    """The bank takes Latin letters only, and the names of some customers have others."""
    return shown(NOTES, compute=reference)


@case(paid(1, 3), paid(2, 9_000))
def a_delay_that_grows() -> Process:
    """The delay grows by half with each attempt, and their number comes from outside."""
    return shown(PAYMENTS, compute=lambda held: max((round(1.5 ** one["amount"]) for one in held.values()), default=0))


@case(paid(1, 3), paid(2, 0))
def a_score_by_a_logarithm() -> Process:
    """The score is the logarithm of an amount, which may be zero."""
    return judged(PAYMENTS, judge=lambda held: sum(math.log(one["amount"]) for one in held.values()) > 8)


@case(noted(1, "https://example.com/a"), noted(2, "http://[::1"))
def a_link_in_a_note() -> Process:
    """The host of a link is looked at, and the link may be broken."""
    return shown(NOTES, compute=lambda held: sorted({urlparse(one["text"]).hostname or "" for one in held.values()}))


@case(noted(1, '{"amount": 5}'), noted(2, '["amount"]'))
def a_document_in_a_note() -> Process:
    """A document is read where it can be, and may be none with names."""

    def amount(text: str) -> int:
        try:
            return int(json.loads(text)["amount"])
        except (json.JSONDecodeError, KeyError):
            return 0

    return shown(NOTES, compute=lambda held: sum(amount(one["text"]) for one in held.values()))


@case(Answered("i", "a1", "ann", is_yes=True), Answered("i", "a2", "bob", is_yes=True))
def a_count_for_a_truth() -> Process:
    """The column says how many are for it, and two is none of its values."""

    def count(answers: Entries) -> Any:
        return sum(one["is_yes"] for one in answers.values())

    return judged(ANSWERS, judge=count)


@case(noted(1, "Ann Lee"), noted(2, "Bob"))
def a_name_of_one_word() -> Process:
    """The first and the last name of each customer, who may have one only."""

    def initials(notes: Entries) -> list[str]:
        names = (one["text"].split() for one in notes.values())
        return sorted(f"{first[0]}{last[0]}" for first, last in names)

    return shown(NOTES, compute=initials)


# What depends on more than the facts.

TOTALS: dict[int, int] = {}


def cached_total(payments: Entries) -> int:
    if len(payments) not in TOTALS:
        TOTALS[len(payments)] = sum(one["amount"] for one in payments.values())
    return TOTALS[len(payments)]


@case(paid(1, 10), paid(2, 20), shown_by="interpreters")
def a_cache_by_the_number() -> Process:
    """Sums are kept by the number of payments, so another instance with as many gets the same."""
    return shown(PAYMENTS, compute=cached_total)


@lru_cache
def written(value: float, unit: str) -> str:
    return f"{value} {unit}"


READINGS = Register("readings", Measured, "reading_id")


@case(Measured("i", "m1", 1), Measured("i", "m2", 1.0), shown_by="interpreters")
def a_cache_that_takes_one_for_one() -> Process:
    """A cache of a pure function: 1 and 1.0 are one key and have two texts."""
    return shown(READINGS, compute=lambda held: [written(one["value"], "kg") for one in held.values()])


@dataclass
class Watermark:
    best: int = 0

    def __call__(self, payments: Entries) -> int:
        self.best = max(self.best, *(one["amount"] for one in payments.values()), 0)
        return self.best


@case(paid(1, 10), paid(2, 20), shown_by="interpreters")
def a_watermark_of_all() -> Process:
    """A callable keeps the greatest amount that it ever saw, in whichever instance."""
    return shown(PAYMENTS, compute=Watermark())


@dataclass
class Greeted:
    known: list[str] = field(default_factory=list)

    def is_new(self, text: str) -> bool:
        if text in self.known:
            return False
        self.known.append(text)
        return True


GREETED: Final = Greeted()


@case(noted(1, "ann"), noted(2, "bob"))
def greeted_once_in_all() -> Process:
    """Who was greeted is kept in the module, so that nobody is greeted twice, not even when asked again."""
    return shown(NOTES, compute=lambda held: [key for key, one in held.items() if GREETED.is_new(one["text"])])


@case(tagged(1, "tea", "cup", "pot"), tagged(2, "jug", "pan"), shown_by="interpreters")
def the_most_common_of_equals() -> Process:
    """Tags are counted once for each message, and of equal counts the one is reported that a set had first."""

    def most_common(held: Entries) -> str:
        counts = Counter(tag for one in held.values() for tag in set(one["tags"]))
        return counts.most_common(1)[0][0] if counts else ""

    return shown(TAGS, compute=most_common)


@dataclass(frozen=True)
class Priced:
    sku: str
    price: int


@case(line(1, "tea", 5), line(2, "cup", 5), line(3, "pot", 5), shown_by="interpreters")
def a_set_sorted_with_ties() -> Process:
    """The lines are a set of records, sorted by their price alone."""

    def cheapest(held: Entries) -> list[str]:
        unique = {Priced(one["sku"], one["price"]) for one in held.values()}
        return [one.sku for one in sorted(unique, key=lambda one: one.price)]

    return shown(LINES, compute=cheapest)


@case(noted(1, "tea"), noted(2, "cup"), noted(3, "pot"), shown_by="interpreters")
def sorted_by_a_hash() -> Process:
    """The notes are shuffled fairly by the hash of their texts, and the first is drawn."""
    return chosen(
        NOTES, lambda held: frozenset(sorted(held, key=lambda key: hash(held[key]["text"]))[:1]), fields=("text",)
    )
