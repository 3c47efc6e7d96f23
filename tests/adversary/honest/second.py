"""Functions that look as if they went wrong, and processes of many message types, all of which come to the same."""

import hashlib
import heapq
import math
import random
import re
import zlib
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, make_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import Enum, IntEnum
from functools import lru_cache, reduce, singledispatch
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from saga import (
    ANY,
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Outcomes,
    Process,
    Reducer,
    Register,
    Selection,
    SubMachine,
    every,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PARCELS,
    PAYMENTS,
    REFUNDS,
    TAGS,
    A,
    Configured,
    Do,
    Late,
    Later,
    Noted,
    Out,
    Paid,
    Refunded,
    Seen,
    Weighed,
    armed_in,
    case,
    chosen,
    granted,
    has_any,
    judged,
    noted,
    one_outcome,
    paid,
    proc,
    seen,
    shown,
    tagged,
    wanted_in,
    weighed,
    yes_no,
)

Y, N = Seen.YES, Seen.NO


@dataclass(frozen=True)
class LineAdded:
    id: str
    line_id: str
    sku: str
    price: int


@dataclass(frozen=True)
class LineRemoved:
    id: str
    line_id: str


@dataclass(frozen=True)
class Answered:
    id: str
    answer_id: str
    person: str
    is_yes: bool
    role: Literal["clerk", "head", "board"] = "clerk"


@dataclass(frozen=True)
class Profiled:
    id: str
    name: str
    email: str | None = None
    discount: float | None = None


@dataclass(frozen=True)
class NodeAdded:
    id: str
    node_id: str
    parent_id: str


@dataclass(frozen=True)
class Shipped:
    id: str


LINES = Register("lines", LineAdded, "line_id")
REMOVALS = Register("removals", LineRemoved, "line_id")
ANSWERS = Register("answers", Answered, "answer_id")
PROFILE = Register("profile", Profiled, "id")
NODES = Register("nodes", NodeAdded, "node_id")


def line(number: int, sku: str, price: int) -> LineAdded:
    return LineAdded("i", f"l{number}", sku, price)


def answer(number: int, person: str, role: Literal["clerk", "head", "board"] = "clerk") -> Answered:
    return Answered("i", f"a{number}", person, is_yes=True, role=role)


def flag(name: str) -> type:
    """A message class with nothing but the id."""
    return make_dataclass(name, [("id", str)], frozen=True)


def moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


# Cumulative lists and mappings.


@case(paid(1, 10), paid(2, 20), paid(3, 10))
def a_cumulative_mapping() -> Process:
    """Amounts by their ids in a final command: no entry ever changes."""
    return shown(
        PAYMENTS,
        compute=lambda held: {key: one["amount"] for key, one in held.items()},
        is_cumulative=True,
        is_final=True,
    )


def addresses(notes: Entries) -> list[str]:
    return sorted({one["text"].strip().casefold() for one in notes.values()} - {""})


@case(noted(1, "Ann@x"), noted(2, " ann@X "), noted(3, "bob@x"))
def a_cumulative_list_of_cleaned_texts() -> Process:
    """Addresses, cleaned and each once, in a final command."""
    return shown(NOTES, compute=addresses, is_cumulative=True, is_final=True)


@case(paid(1, 10), paid(2, 20), paid(3, 5))
def a_record_that_only_rises() -> Process:
    """The greatest amount, or zero, in a final command."""
    return shown(
        PAYMENTS,
        compute=lambda held: max((one["amount"] for one in held.values()), default=0) if held else 0,
        is_cumulative=True,
        is_final=True,
    )


@case(*(noted(number, "x") for number in range(4)))
def a_count_of_at_most_three() -> Process:
    """How many there are, but at most three, in a final command."""
    return shown(NOTES, compute=lambda held: min(len(held), 3), is_cumulative=True, is_final=True)


def removed(lines: Entries, removals: Entries) -> list[str]:
    return sorted(lines.keys() & removals.keys())


@case(line(1, "tea", 5), LineRemoved("i", "l1"), line(2, "cup", 5))
def a_cumulative_join() -> Process:
    """The lines that are known and removed, in a final command: both registers only grow."""
    return shown(LINES, REMOVALS, compute=removed, is_cumulative=True, is_final=True)


# Texts, floats and options.


@case(weighed(1, 10.1), weighed(2, 10.2), weighed(3, 9.7))
def a_carriage_by_weight() -> Process:
    """Floats are added exactly and graded."""
    steps, names = (0.0, 5.0, 20.0), ("letter", "parcel", "pallet", "freight")
    return shown(PARCELS, compute=lambda held: names[bisect_right(steps, math.fsum(x["kilos"] for x in held.values()))])


@case(weighed(1, 10.1), weighed(2, 31.5), weighed(3, 40.0))
def a_parcel_for_two_people() -> Process:
    """A float is compared, and what is too heavy for one stays so."""
    return granted(PARCELS, judge=lambda held: any(one["kilos"] > 31.5 for one in held.values()))


@case(Profiled("i", "Ann", None, 0.1), paid(1, 1_000), paid(2, 55))
def a_discount_that_may_be_absent() -> Process:
    """The price with a fraction off, if the customer has one; both come in any order."""

    def price(profile: Entries, payments: Entries) -> int:
        off = next((one["discount"] or 0.0 for one in profile.values()), 0.0)
        whole = Decimal(sum(one["amount"] for one in payments.values()))
        cents = whole * (1 - min(max(Decimal(repr(off)), Decimal(0)), Decimal(1)))
        return int(cents.to_integral_value(ROUND_HALF_UP))

    return shown(PROFILE, PAYMENTS, compute=price)


@case(Profiled("i", "Ann Lee", "ANN@x"), noted(1, " ann@x"), noted(2, "bob@x"))
def an_address_confirmed() -> Process:
    """Done when a note has the address of the profile, but for case and spaces; both may come first."""

    def is_confirmed(profile: Entries, notes: Entries) -> bool:
        known = {(one["email"] or "").strip().casefold() for one in profile.values()} - {""}
        return any(one["text"].strip().casefold() in known for one in notes.values())

    return judged(PROFILE, NOTES, judge=is_confirmed)


@case(noted(1, "2.50"), noted(2, "NaN"), noted(3, "x"))
def money_in_texts() -> Process:
    """Texts that are finite amounts below a million are added as Decimals."""

    def money(text: str) -> Decimal:
        try:
            found = Decimal(text)
        except InvalidOperation:
            return Decimal(0)
        return found.quantize(Decimal("0.01")) if found.is_finite() and abs(found) < 1_000_000 else Decimal(0)

    return shown(NOTES, compute=lambda held: str(sum((money(one["text"]) for one in held.values()), Decimal(0))))


NUMBER = re.compile(r"(?P<series>RE|GU)-(?P<number>[0-9]{1,9})", re.ASCII)


@case(noted(1, "RE-17 and GU-4"), noted(2, "RE-9"), noted(3, "nothing"))
def numbers_of_invoices() -> Process:
    """Invoices that notes name, by series."""

    def found(notes: Entries) -> dict[str, list[int]]:
        numbers = defaultdict(set)
        for one in notes.values():
            for match in NUMBER.finditer(one["text"]):
                numbers[match["series"]].add(int(match["number"]))
        return {series: sorted(all_) for series, all_ in numbers.items()}

    return shown(NOTES, compute=found)


@case(noted(1, "Ann Lee"), noted(2, "Bob"), noted(3, ""))
def names_of_any_length() -> Process:
    """Initials of names of one word, of many, and of none."""
    return shown(NOTES, compute=lambda held: sorted("".join(w[0] for w in x["text"].split()) for x in held.values()))


@case(noted(1, "hello {name}"), noted(2, "50 % { off"))
def a_name_put_into_texts() -> Process:
    """A name is put into texts, whatever braces they have."""
    return shown(NOTES, compute=lambda held: [one["text"].replace("{name}", "ann") for one in held.values()])


# Times.


@case(paid(1, 5, "2030-01-01T23:30:00Z"), paid(2, 5, "2030-01-02"), paid(3, 5, "soon"))
def days_in_berlin() -> Process:
    """How many payments there are on each day in Berlin; a time that can't be read has no day."""
    berlin = ZoneInfo("Europe/Berlin")

    def days(payments: Entries) -> dict[str, int]:
        moments = (moment(one["at"]) for one in payments.values())
        years = (one for one in moments if one and 1900 < one.year < 9000)
        return dict(Counter(one.astimezone(berlin).date().isoformat() for one in years))

    return shown(PAYMENTS, compute=days)


@case(noted(1, "Europe/Berlin"), noted(2, "Berlin"), noted(3, "UTC"))
def a_zone_or_utc() -> Process:
    """The zones of texts, and UTC for those that are none."""

    def zone(text: str) -> ZoneInfo:
        try:
            return ZoneInfo(text)
        except (KeyError, ValueError, OSError):
            return ZoneInfo("UTC")

    return shown(
        NOTES,
        compute=lambda held: [str(datetime(2030, 7, 1, tzinfo=zone(one["text"])).utcoffset()) for one in held.values()],
    )


def a_year_later(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


@case(paid(1, 5, "2028-02-29"), paid(2, 5, "2030-01-01"))
def renewed_also_on_a_leap_day() -> Process:
    """The latest renewal is a year after the latest payment, and on the first of March if there is no such day."""

    def renewal(payments: Entries) -> str | None:
        days = [found.date() for one in payments.values() if (found := moment(one["at"])) and found.year < 9000]
        return a_year_later(max(days)).isoformat() if days else None

    return shown(PAYMENTS, compute=renewal)


@case(paid(1, 5, "2030-01-01"), paid(2, 5, "2031-01-01"), paid(3, 5, "2028-01-01"))
def a_warranty_that_may_be_refused_later() -> Process:
    """Within two years of the first receipt, which may be found late: the grant can be taken back."""

    def is_in_time(payments: Entries) -> bool:
        moments = [found for one in payments.values() if (found := moment(one["at"]))]
        return len(moments) > 1 and max(moments) - min(moments) <= timedelta(days=730)

    return granted(PAYMENTS, judge=is_in_time, is_final=False)


# Caches and other state that is harmless.


@lru_cache(maxsize=2)
def vat(amount: int) -> int:
    return amount * 19 // 100


@case(paid(1, 100), paid(2, 250), paid(3, 999))
def a_cache_of_a_pure_function() -> Process:
    """Taxes are cached by their amounts, in a cache so small that it forgets."""
    return shown(PAYMENTS, compute=lambda held: sum(vat(one["amount"]) for one in held.values()))


SLUGS: dict[str, str] = {}


def slug(text: str) -> str:
    if text not in SLUGS:
        SLUGS[text] = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return SLUGS[text]


@case(noted(1, "Green Tea"), noted(2, "cup & pot"), noted(3, "green tea"))
def slugs_kept_in_the_module() -> Process:
    """What a text was made into is kept in the module, by the text itself."""
    return shown(NOTES, compute=lambda held: sorted({slug(one["text"]) for one in held.values()}))


@dataclass
class Metered:
    calls: int = 0

    def __call__(self, payments: Entries) -> int:
        self.calls += 1
        return len(payments)


@case(paid(1, 100), paid(2, 250))
def calls_that_are_counted() -> Process:
    """A callable counts how often it was asked, and says nothing of it."""
    return shown(PAYMENTS, compute=Metered())


@case(noted(1, "ann"), noted(2, "bob"), noted(3, "cem"))
def a_draw_with_a_seed() -> Process:
    """A winner is drawn by chance, from a seed that is made of all texts."""

    def draw(notes: Entries) -> str | None:
        texts = sorted({one["text"] for one in notes.values()})
        return random.Random("|".join(texts)).choice(texts) if texts else None

    return shown(NOTES, compute=draw)


@case(noted(1, "ann"), noted(2, "bob"), noted(3, "cem"))
def an_experiment_by_a_digest() -> Process:
    """Half of all texts take part, by a digest that is the same everywhere."""
    return chosen(
        NOTES,
        lambda held: frozenset(
            key for key, one in held.items() if hashlib.sha256(one["text"].encode()).digest()[0] < 128
        ),
        is_final=True,
    )


# Sorting, grouping, choosing.


@case(paid(1, 10), paid(2, 10), paid(3, 30), paid(4, 20))
def the_two_largest_by_a_heap() -> Process:
    """The ids of the two largest; of equals the first by its id, in which order a function gets them."""
    return shown(PAYMENTS, compute=lambda held: heapq.nlargest(2, held, key=lambda key: held[key]["amount"]))


@case(line(1, "tea", 9), line(2, "tea", 5), line(3, "cup", 5))
def grouped_by_article() -> Process:
    """The cheapest price of each article, told again when it falls."""

    def cheapest(lines: Entries) -> dict[str, int]:
        ordered = sorted(lines.values(), key=lambda one: one["sku"])
        return {sku: min(x["price"] for x in group) for sku, group in groupby(ordered, key=lambda one: one["sku"])}

    return shown(LINES, compute=cheapest)


RATES: Final = MappingProxyType({"de": 19, "fr": 20, "ch": 8})


@case(tagged(1, "de", "fr"), tagged(2, "ch"), tagged(3))
def rates_of_a_set() -> Process:
    """A sum over a set, whose order does not matter to whole numbers."""
    return shown(
        TAGS, compute=lambda held: sum(RATES.get(tag, 0) for tag in {t for x in held.values() for t in x["tags"]})
    )


@case(tagged(1, "id", "photo"), tagged(2, "proof"), tagged(3, "photo"))
def all_papers_are_there() -> Process:
    """Final as soon as all papers are there, in whatever letters."""
    needed = frozenset({"id", "photo", "proof"})
    return granted(TAGS, judge=lambda held: needed <= {tag.strip().lower() for x in held.values() for tag in x["tags"]})


@case(paid(1, 0), paid(2, 6), paid(3, -5), paid(4, 40))
def close_to_a_lesser_one() -> Process:
    """A payment is looked at if there is a lesser one within ten: a further payment can only add to that."""

    def close(payments: Entries) -> frozenset[str]:
        ranks = {key: (one["amount"], key) for key, one in payments.items()}
        return frozenset(
            key for key, mine in ranks.items() if any(o < mine and mine[0] - o[0] <= 10 for o in ranks.values())
        )

    return chosen(PAYMENTS, close, is_final=True, fields=("amount",))


WEIGHTS: Final = {"clerk": 1, "head": 2, "board": 3}


@case(answer(1, "ann"), answer(2, "bob", "head"), answer(3, "cem", "board"))
def a_quorum_by_weight() -> Process:
    """Final when the ayes weigh three or more, each person counting once with its greatest weight."""

    def is_reached(answers: Entries) -> bool:
        weights: dict[str, int] = {}
        for one in answers.values():
            if one["is_yes"]:
                weights[one["person"]] = max(WEIGHTS[one["role"]], weights.get(one["person"], 0))
        return sum(weights.values()) >= 3

    return granted(ANSWERS, judge=is_reached)


@case(NodeAdded("i", "a", "b"), NodeAdded("i", "b", "a"), NodeAdded("i", "c", "a"))
def a_tree_that_may_have_a_circle() -> Process:
    """How deep each node lies, where those of a circle lie nowhere."""

    def depths(nodes: Entries) -> dict[str, int]:
        found = {}
        for key in nodes:
            path, at = [key], key
            while at in nodes and nodes[at]["parent_id"] not in path:
                at = nodes[at]["parent_id"]
                path.append(at)
            found[key] = -1 if at in nodes else len(path) - 1
        return found

    return shown(NODES, compute=depths)


AGENTS: Final = ("amy", "bob", "cem")


@case(noted(1, "x"), noted(2, "y"), noted(3, "z"))
def round_robin_by_id() -> Process:
    """Tickets go round by their ids, and everybody is told again when it changes."""
    return shown(NOTES, compute=lambda held: {key: AGENTS[number % 3] for number, key in enumerate(held)})


@case(paid(1, 0), paid(2, 20), paid(3, 10))
def ranges_joined_at_last() -> Process:
    """Ranges of ten are joined where they touch, all of them and in their order."""

    def joined(payments: Entries) -> list[list[int]]:
        ranges: list[list[int]] = []
        for start in sorted(one["amount"] for one in payments.values()):
            if ranges and start <= ranges[-1][1]:
                ranges[-1][1] = start + 10
            else:
                ranges.append([start, start + 10])
        return ranges

    return shown(PAYMENTS, compute=joined)


# Folds.


def cart(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key = fact.fields["line_id"]
    if fact.kind is LineRemoved:
        return {**known, "gone": sorted({*known["gone"], key})}
    return {**known, "lines": {**known["lines"], key: fact.fields["price"]}}


@case(line(1, "tea", 5), LineRemoved("i", "l1"), line(2, "cup", 7))
def a_cart_with_tombstones() -> Process:
    """What was removed is remembered beside the lines, whichever comes first."""
    reducer = Reducer("cart", (LineAdded, LineRemoved), {"lines": {}, "gone": []}, cart)
    return shown(reducer, compute=lambda held: sum(p for key, p in held["lines"].items() if key not in held["gone"]))


class Level(IntEnum):
    none = 0
    clerk = 1
    head = 2
    board = 3


@case(noted(1, "clerk"), noted(2, "HEAD"), noted(3, "nobody"))
def the_highest_level() -> Process:
    """The highest level that a text names, kept as a number."""

    def highest(known: int, fact: Fact) -> int:
        level = Level.__members__.get(fact.fields["text"].strip().lower(), Level.none)
        return max(known, level.value)

    return shown(Reducer("level", (Noted,), 0, highest), compute=lambda held: Level(held).name)


def bloom(known: int, fact: Fact) -> int:
    return known | (1 << zlib.crc32(fact.fields["text"].encode("utf-8", "replace")) % 32)


@case(noted(1, "a"), noted(2, "b"), noted(3, "c"))
def a_filter_of_bits() -> Process:
    """One bit of each text, joined."""
    return shown(Reducer("bits", (Noted,), 0, bloom), compute=lambda held: held.bit_count())


@singledispatch
def figure(value: object) -> list[Any]:
    return [type(value).__name__, str(value)]


@figure.register
def _(value: str) -> list[Any]:
    return ["text", value.lower()]


@case(noted(1, "A"), noted(2, "b"), weighed(1, 2.5))
def dispatched_by_type() -> Process:
    """Texts and weights are folded into one sorted list by functions for their types."""

    def fold(known: list[Any], fact: Fact) -> list[Any]:
        new = figure(fact.fields["text" if fact.kind is Noted else "kilos"])
        return known if new in known else sorted([*known, new])

    return shown(Reducer("seen", (Noted, Weighed), [], fold))


def newest(known: list[Any] | None, fact: Fact) -> list[Any]:
    new = [fact.fields["at"], fact.fields["payment_id"], fact.fields["amount"]]
    return new if known is None or new > known else known


@case(paid(1, 5, "b"), paid(2, 7, "a"), paid(3, 1, "b"))
def the_newest_as_a_list() -> Process:
    """The newest payment by time, id and amount, or none at all."""
    return shown(Reducer("newest", (Paid,), None, newest))


@case(paid(1, 12), paid(2, 18), paid(3, 8))
def folded_within() -> Process:
    """A register is folded with functools, in the order of its keys."""
    return shown(
        PAYMENTS, compute=lambda held: reduce(lambda sum_, x: (sum_ * 31 + x["amount"]) % 997, held.values(), 7)
    )


# Effects, deadlines, cells.


@case(Profiled("i", "Ann"), A(), Late("i"))
def reminded_twice_on_purpose() -> Process:
    """The same letter before and after the deadline, with a computed greeting, and the one names the other."""
    has, over = has_any(PROFILE), seen(Late)
    greeting = ComputedField("greeting", (PROFILE,), lambda held: [f"Dear {one['name']}" for one in held.values()])
    letter = {Do.YES: CommandTemplate("Remind", PROFILE, ("name",), (greeting,))}
    first = Effect("first", "post", letter)
    second = Effect("second", "post", letter, may_repeat=(first,))
    soon = Deadline("soon", Late, timedelta(days=1))
    rows: list[Any] = [
        (Y, Y, {first: Do.YES, second: Do.YES, soon: ARMED}),
        (Y, N, {first: Do.YES, soon: ARMED}),
        (N, ANY, {}),
    ]
    return proc(one_outcome(has), has, over, seen(A), PROFILE, wants=[wanted(has, over, rows=rows)])


@case(Profiled("i", "Ann"), Shipped("i"), A())
def decided_by_the_carrier() -> Process:
    """The label says the only name there is, and is void after a recall that came before the parcel left or after."""
    has, recalled, shipped = has_any(PROFILE), seen(A), seen(Shipped)
    name = ComputedField("name", (PROFILE,), lambda held: [one["name"].title() for one in held.values()])
    label = Effect(
        "label",
        "carrier",
        {Do.YES: CommandTemplate("Print", computed=(name,)), Do.NO: CommandTemplate("Void")},
        final=frozenset({Do.YES}),
        decided_by=Shipped,
        initially=Do.NO,
    )
    rows: list[Any] = [
        (Y, ANY, Y, {label: Do.YES}),
        (Y, N, N, {label: Do.YES}),
        (Y, Y, N, {label: Do.NO}),
        (N, ANY, ANY, {label: Do.NO}),
    ]
    return proc(one_outcome(has), has, recalled, shipped, PROFILE, wants=[wanted(has, recalled, shipped, rows=rows)])


class Risk(Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


SCORES: Final = {"new customer": 30, "foreign card": 40, "vpn": 50, "wanted": 90}


def risk(notes: Entries) -> Risk:
    score = sum(SCORES.get(one["text"].strip().lower(), 0) for one in notes.values())
    return Risk.HIGH if score >= 80 else Risk.MEDIUM if score >= 30 else Risk.LOW


@case(noted(1, "vpn"), noted(2, "wanted"), A(), Late("i"))
def a_risk_with_a_deadline() -> Process:
    """A deadline runs at a medium risk only, and changes nothing at another or after the answer."""
    column, late, answered = DerivedColumn("risk", (NOTES,), risk, tuple(Risk)), seen(Late), seen(A)

    def rule(level: Risk, asked: Seen, over: Seen) -> Out:
        if level is Risk.HIGH:
            return Out.FAILED
        if level is Risk.LOW or asked is Y:
            return Out.DONE
        return Out.OTHER if over is Y else Out.OPEN

    table = outcomes(column, answered, late, rule=rule)
    arms = wanted(
        column,
        rows=[(one, {Deadline("soon", Late, timedelta(hours=1)): ARMED} if one is Risk.MEDIUM else {}) for one in Risk],
    )
    return proc(table, answered, late, NOTES, wants=[arms], unsettled=[Out.OPEN])


@case(Configured("i", 500), paid(1, 300), paid(2, 300), Late("i"))
def a_limit_and_a_deadline() -> Process:
    """A deadline from the first message on; above the limit it is done, also after the deadline."""

    def is_above(limits: Entries, payments: Entries) -> bool:
        limit = next((one["limit"] for one in limits.values()), None)
        return sum(max(0, x["amount"]) for x in payments.values()) >= (1_000 if limit is None else limit)

    column, has, late = DerivedColumn("above", (LIMITS, PAYMENTS), is_above), has_any(LIMITS, PAYMENTS), seen(Late)
    table = outcomes(
        column, late, rule=lambda above, over: Out.DONE if above else Out.FAILED if over is Y else Out.OPEN
    )
    soon = Deadline("soon", Late, timedelta(days=7))
    return proc(table, has, late, LIMITS, PAYMENTS, wants=[armed_in(has, Y, soon)], unsettled=[Out.OPEN])


@case(line(1, "tea", 5), line(2, "cup", 7), A())
def each_line_with_a_figure() -> Process:
    """Each line has a command with a figure of itself alone, and is final."""

    def gross(lines: Entries, key: str) -> str:
        return str((Decimal(lines[key]["price"]) * Decimal("1.19")).quantize(Decimal("0.01"), ROUND_HALF_UP))

    has = has_any(LINES)
    template = CommandTemplate("Order", LINES, ("sku",), (ComputedField("gross", (LINES,), gross),))
    order = Effect("order", "desk", {Do.YES: template}, final=frozenset({Do.YES}))
    return proc(one_outcome(has), has, seen(A), LINES, wants=[wanted_in(has, order, YES=every(LINES))])


@case(paid(1, 10), Refunded("i", "r1", "p1", 10), Refunded("i", "r2", "p9", 3))
def booked_with_their_ids() -> Process:
    """Payments and refunds of known payments are booked by two effects, with their ids."""
    has = has_any(PAYMENTS, REFUNDS)
    known = Selection(
        "known",
        REFUNDS,
        lambda refunds, payments: frozenset(k for k, x in refunds.items() if x["payment_id"] in payments),
        beside=(PAYMENTS,),
    )
    one = Effect("pay", "ledger", {Do.YES: CommandTemplate("Book", PAYMENTS, ("payment_id", "amount"))})
    other = Effect("refund", "ledger", {Do.YES: CommandTemplate("Book", REFUNDS, ("refund_id", "amount"))})
    wants = [wanted_in(has, one, YES=every(PAYMENTS)), wanted_in(has, other, YES=known)]
    return proc(one_outcome(has), has, PAYMENTS, REFUNDS, wants=wants)


@case(answer(1, "ann"), Answered("i", "a2", "bob", is_yes=False))
def a_truth_as_a_number() -> Process:
    """The column says 0 or 1, which are its values as numbers."""

    def says(answers: Entries) -> Any:
        return int(any(one["is_yes"] for one in answers.values()))

    return judged(ANSWERS, judge=says)


# Processes of many message types.


def steps(*kinds: type) -> list[SubMachine[Seen]]:
    return [seen(kind) for kind in kinds]


CLAIM: Final = [flag(name) for name in ("Reported", "Insured", "Inspected", "PoliceAsked", "Suspected", "Cleared")]


@case(*(kind("i") for kind in CLAIM[:3]), paid(1, 900), noted(1, "fire"), Configured("i", 500))
def an_insurance_claim_of_ten_types() -> Process:
    """Paid out when it is insured, inspected and not suspected; what is paid is the damage less what one bears oneself."""
    reported, insured, inspected, police, suspected, cleared = steps(*CLAIM)
    late = seen(Late)

    def sum_insured(damages: Entries, limits: Entries) -> int:
        own = next((one["limit"] for one in limits.values()), None) or 0
        return max(0, sum(max(0, one["amount"]) for one in damages.values()) - max(0, own))

    def state(is_insured: Seen, is_inspected: Seen, is_suspected: Seen, is_cleared: Seen, over: Seen) -> Out:
        if is_suspected is Y and is_cleared is N:
            return Out.FAILED
        if is_insured is Y and is_inspected is Y:
            return Out.DONE
        return Out.OTHER if over is Y else Out.OPEN

    table = outcomes(insured, inspected, suspected, cleared, late, rule=state, name="claim")
    pays = ComputedField("amount", (PAYMENTS, LIMITS), sum_insured)
    pay = Effect(
        "pay",
        "bank",
        {Do.YES: CommandTemplate("Pay", computed=(pays,)), Do.NO: CommandTemplate("Hold")},
        initially=Do.NO,
    )
    soon = Deadline("soon", Late, timedelta(days=90))
    heard = SubMachine("heard", N, {one: dict.fromkeys([*CLAIM, Paid, Noted, Configured], Y) for one in Seen})
    wants = [
        wanted(table, rows=[(one, {pay: Do.YES if one is Out.DONE else Do.NO}) for one in table.states]),
        armed_in(heard, Y, soon),
    ]
    parts = (heard, reported, insured, inspected, police, suspected, cleared, late, PAYMENTS, NOTES, LIMITS)
    return proc(table, *parts, wants=wants, unsettled=[Out.OPEN])


ONBOARDING: Final = [
    flag(name)
    for name in (
        *("Applied", "ContractSigned", "DeskReady", "LaptopReady", "AccountMade", "BadgeMade", "PayrollKnown"),
        *("TrainingDone", "MentorFound", "Withdrawn", "Visited", "Welcomed"),
    )
]


def joined_up(name: str, *parts: SubMachine[Seen]) -> Outcomes:
    return outcomes(*parts, rule=lambda *values: Do.YES if all(one is Y for one in values) else Do.NO, name=name)


@case(*(kind("i") for kind in ONBOARDING[1:5]), tagged(1, "id", "photo"), noted(1, "vegan"))
def an_onboarding_of_fourteen_types() -> Process:
    """Places and papers are joined in tables of their own; the badge needs the papers, and nothing is made after a withdrawal."""
    flags = steps(*ONBOARDING)
    place, access = joined_up("place", *flags[1:4]), joined_up("access", *flags[4:7])
    papers = DerivedColumn(
        "papers", (TAGS,), lambda held: "id" in {t.lower() for x in held.values() for t in x["tags"]}
    )
    withdrawn = flags[9]
    table = outcomes(
        place,
        access,
        papers,
        withdrawn,
        rule=lambda one, two, three, gone: (
            Out.FAILED if gone is Y else Out.DONE if one is Do.YES and two is Do.YES and three else Out.OTHER
        ),
    )
    menu = ComputedField("menu", (NOTES,), lambda held: sorted({x["text"].strip().lower() for x in held.values()}))
    lunch = Effect(
        "lunch",
        "kitchen",
        {Do.YES: CommandTemplate("Cook", computed=(menu,)), Do.NO: CommandTemplate("Stop")},
        initially=Do.NO,
    )
    badge = Effect("badge", "desk", {Do.YES: CommandTemplate("Make"), Do.NO: CommandTemplate("Void")}, initially=Do.NO)
    wants = [
        wanted(
            papers, withdrawn, rows=[(True, N, {badge: Do.YES}), (False, N, {badge: Do.NO}), (ANY, Y, {badge: Do.NO})]
        ),
        wanted(table, rows=[(one, {lunch: Do.YES if one is Out.DONE else Do.NO}) for one in table.states]),
    ]
    return proc(table, *flags, TAGS, NOTES, wants=wants)


LOAN: Final = [flag(name) for name in ("Requested", "ScoreGood", "ScoreBad", "Vetoed", "Accepted")]


@case(*(kind("i") for kind in LOAN), paid(1, 900), Refunded("i", "r1", "p1", 100), answer(1, "ann", "board"))
def a_loan_of_eight_types() -> Process:
    """Granted when the board agrees and nobody vetoes; what is left is told with each instalment."""
    requested, good, bad, vetoed, accepted = steps(*LOAN)

    def has_board(answers: Entries) -> bool:
        return any(one["role"] == "board" and one["is_yes"] for one in answers.values())

    board = DerivedColumn("board", (ANSWERS,), has_board)
    table = outcomes(
        board,
        vetoed,
        good,
        bad,
        rule=lambda agrees, veto, is_good, is_bad: (
            Out.FAILED if veto is Y or is_bad is Y else Out.DONE if agrees and is_good is Y else Out.OTHER
        ),
    )
    left = ComputedField(
        "left",
        (PAYMENTS, REFUNDS),
        lambda loans, paid_: sum(x["amount"] for x in loans.values()) - sum(x["amount"] for x in paid_.values()),
    )
    has = has_any(PAYMENTS, REFUNDS)
    tell = Effect("tell", "post", {Do.YES: CommandTemplate("TellRest", computed=(left,))})
    grant = Effect(
        "grant", "bank", {Do.YES: CommandTemplate("Grant"), Do.NO: CommandTemplate("Refuse")}, initially=Do.NO
    )
    wants = [
        wanted_in(has, tell, YES=Do.YES),
        wanted(table, rows=[(one, {grant: Do.YES if one is Out.DONE else Do.NO}) for one in table.states]),
    ]
    parts = (requested, good, bad, vetoed, accepted, has, PAYMENTS, REFUNDS, ANSWERS)
    return proc(table, *parts, wants=wants)


TRIP: Final = [
    flag(f"{what}{how}")
    for what in ("Flight", "Hotel", "Car", "Train", "Guide", "Visa")
    for how in ("Booked", "Refused")
]


@case(*(kind("i") for kind in TRIP[:4]), line(1, "boat", 7), Later("i"))
def a_trip_of_fifteen_types() -> Process:
    """Six bookings, each of which is asked for no more once it is refused, and a price with a cap."""
    flags = steps(*TRIP)
    halves = [joined_up(f"half {n}", *flags[n : n + 6 : 2]) for n in (0, 6)]
    refused = outcomes(
        *flags[1::2], rule=lambda *values: Do.YES if any(one is Y for one in values) else Do.NO, name="refused"
    )
    table = outcomes(
        *halves,
        refused,
        rule=lambda one, two, no: Out.FAILED if no is Do.YES else Out.DONE if one is two is Do.YES else Out.OTHER,
    )
    has, later = has_any(LINES), seen(Later)
    capped = ComputedField(
        "price", (LINES,), lambda held: min(5_000, sum(max(0, x["price"]) for x in held.values())), is_cumulative=True
    )
    bill = Effect("bill", "bank", {Do.YES: CommandTemplate("Bill", computed=(capped,))}, final=frozenset({Do.YES}))
    keep = Effect("keep", "agency", {Do.YES: CommandTemplate("Keep"), Do.NO: CommandTemplate("Free")}, initially=Do.YES)
    wants = [
        wanted_in(has, bill, YES=Do.YES),
        wanted(refused, rows=[(Do.YES, {keep: Do.NO}), (Do.NO, {keep: Do.YES})]),
    ]
    return proc(table, *flags, has, later, seen(A), LINES, wants=wants)


@case(Answered("i", "a1", "ann", is_yes=True), Answered("i", "a2", "ann", is_yes=False), A())
def the_last_word_of_each_person() -> Process:
    """The answer of each person with the greatest id counts, and the poll is told once it is closed."""

    def tally(answers: Entries) -> dict[str, int]:
        last = {one["person"].strip().casefold(): one["is_yes"] for one in answers.values()}
        return {"ayes": sum(last.values()), "nays": len(last) - sum(last.values())}

    closed = seen(A)
    tell = Effect(
        "tell", "press", {Do.YES: CommandTemplate("Tell", computed=(ComputedField("votes", (ANSWERS,), tally),))}
    )
    return proc(one_outcome(closed), closed, ANSWERS, wants=[wanted_in(closed, tell, YES=Do.YES)])


@case(paid(1, 5, "2030-01-01T08:00:00Z"), paid(2, 7, "2030-01-01T09:00:00Z"), line(1, "tea", 6), line(2, "cup", 5))
def the_oldest_lines_are_paid_first() -> Process:
    """Payments are laid upon the lines in the order of their ids, all anew with each message."""

    def still_due(lines: Entries, payments: Entries) -> dict[str, int]:
        left = sum(max(0, one["amount"]) for one in payments.values())
        rest = {}
        for key, one in lines.items():
            used = min(left, max(0, one["price"]))
            left -= used
            rest[key] = max(0, one["price"]) - used
        return rest

    return shown(LINES, PAYMENTS, compute=still_due)


@case(paid(1, 5), paid(2, 12_000), paid(3, 7))
def done_or_looked_at() -> Process:
    """Done with any payment, and something else as long as a large one is there, which stays."""
    has_large = DerivedColumn("large", (PAYMENTS,), lambda held: any(x["amount"] > 9_999 for x in held.values()))
    look = Effect("look", "desk", {Do.YES: CommandTemplate("Look")}, final=frozenset({Do.YES}))
    table = wanted(has_large, rows=[(True, {look: Do.YES}), (False, {})])
    return proc(yes_no(has_large, Out.OTHER, Out.DONE), PAYMENTS, wants=[table])
