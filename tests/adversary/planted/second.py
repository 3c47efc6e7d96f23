"""Functions for prices, stock, votes, dates and texts, each of which goes wrong in a way of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from saga import (
    Fact,
    Process,
    Reducer,
    Register,
)
from tests.adversary.kit import (
    Noted,
    Paid,
    Seen,
    case,
    noted,
    paid,
    shown,
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
class RateQuoted:
    id: str
    rate_id: str
    currency: str
    rate: int


@dataclass(frozen=True)
class Charged:
    id: str
    charge_id: str
    currency: str
    amount: int


@dataclass(frozen=True)
class DisputeUpdated:
    id: str
    event_id: str
    payment_id: str
    status: Literal["opened", "won", "lost"]


@dataclass(frozen=True)
class Counted:
    id: str
    count_id: str
    pieces: int


@dataclass(frozen=True)
class Moved:
    id: str
    move_id: str
    pieces: int


@dataclass(frozen=True)
class Offered:
    id: str
    offer_id: str
    side: Literal["buy", "sell"]
    price: int


@dataclass(frozen=True)
class NodeAdded:
    id: str
    node_id: str
    parent_id: str


@dataclass(frozen=True)
class Measured:
    id: str
    reading_id: str
    value: int | float


@dataclass(frozen=True)
class Answered:
    id: str
    answer_id: str
    person: str
    is_yes: bool


@dataclass(frozen=True)
class Shipped:
    id: str


def line(number: int, sku: str, price: int) -> LineAdded:
    return LineAdded("i", f"l{number}", sku, price)


LINES = Register("lines", LineAdded, "line_id")

# Folds: coupons, rates, stock, queues, matching.


@dataclass(frozen=True)
class Coupons:
    exclusive: frozenset[str] = frozenset({"BLACKFRIDAY", "STAFF40"})


COUPONS: Final = Coupons()


def add_coupon(known: list[str], fact: Fact) -> list[str]:
    code = fact.fields["text"].strip().upper()
    if code in COUPONS.exclusive:
        return [code]
    if any(one in COUPONS.exclusive for one in known):
        return known
    return sorted({*known, code})


@case(noted(1, "BLACKFRIDAY"), noted(2, "STAFF40"), noted(3, "WELCOME"))
def two_exclusive_coupons() -> Process:
    """An exclusive coupon puts out all others, also another exclusive one: the last of the two stays."""
    return shown(Reducer("coupons", (Noted,), [], add_coupon))


def convert(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    rates, charges = known["rates"], known["charges"]
    if fact.kind is RateQuoted:
        rates = {**rates, fact.fields["currency"]: max(fact.fields["rate"], rates.get(fact.fields["currency"], 0))}
    elif fact.fields["charge_id"] not in charges:
        rate = rates.get(fact.fields["currency"], 100)
        charges = {**charges, fact.fields["charge_id"]: fact.fields["amount"] * rate // 100}
    return {"rates": rates, "charges": charges}


@case(Charged("i", "c1", "EUR", 500), RateQuoted("i", "q1", "EUR", 90), Charged("i", "c2", "USD", 7))
def converted_as_it_comes() -> Process:
    """A charge is converted with the rate that is known when it comes, and never again."""
    return shown(Reducer("charges", (RateQuoted, Charged), {"rates": {}, "charges": {}}, convert))


def latest_dispute(known: dict[str, str], fact: Fact) -> dict[str, str]:
    return {**known, fact.fields["payment_id"]: fact.fields["status"]}


@case(DisputeUpdated("i", "e1", "p1", "opened"), DisputeUpdated("i", "e2", "p1", "lost"))
def the_status_of_a_chargeback() -> Process:
    """The status of each disputed payment is the one that was reported last."""
    return shown(Reducer("disputes", (DisputeUpdated,), {}, latest_dispute))


AGENTS: Final = ("amy", "bob", "cem")


def assign(known: dict[str, str], fact: Fact) -> dict[str, str]:
    key = fact.fields["note_id"]
    return known if key in known else {**known, key: AGENTS[len(known) % len(AGENTS)]}


@case(noted(1, "x"), noted(2, "y"))
def round_robin() -> Process:
    """Tickets go round among the agents as they come in."""
    return shown(Reducer("assigned", (Noted,), {}, assign))


def moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def longest_gap(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    now = moment(fact.fields["at"])
    if now is None or fact.fields["at"] in known["times"]:
        return known
    before = moment(known["last"]) if known["last"] else now
    gap = int(abs((now - (before or now)).total_seconds()))
    times = sorted({*known["times"], fact.fields["at"]})
    return {"last": fact.fields["at"], "gap": max(gap, known["gap"]), "times": times}


@case(
    paid(1, 5, "2030-01-01T00:00:00Z"),
    paid(2, 5, "2030-01-01T01:00:00Z"),
    paid(3, 5, "2030-01-01T03:00:00Z"),
)
def the_longest_silence() -> Process:
    """The longest silence between two payments that arrived one after the other."""
    gaps = Reducer("gaps", (Paid,), {"last": "", "gap": 0, "times": []}, longest_gap)
    return shown(gaps, compute=lambda held: held["gap"])


def settle_oldest(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key, amount = fact.fields["payment_id"], fact.fields["amount"]
    if key in known["used"]:
        return known
    left, open_ = amount, dict(known["open"])
    for invoice in sorted(open_):
        if open_[invoice] and left >= open_[invoice] > 0:
            left -= open_[invoice]
            open_[invoice] = 0
    return {"open": open_, "used": sorted({*known["used"], key})}


@case(paid(1, 110), paid(2, 70))
def the_oldest_invoices_first() -> Process:
    """A payment settles the oldest invoices that it covers whole, and what is left of it is lost."""
    start = {"open": {"inv-1": 60, "inv-2": 100}, "used": []}
    return shown(Reducer("invoices", (Paid,), start, settle_oldest), compute=lambda held: held["open"])


SECONDS_APART: Final = 60


def debounce(known: list[str], fact: Fact) -> list[str]:
    now = moment(fact.fields["at"])
    if now is None:
        return known
    for one in known:
        other = moment(one)
        if other is not None and abs((other - now).total_seconds()) < SECONDS_APART:
            return known
    return sorted({*known, now.astimezone(UTC).isoformat()})


@case(paid(1, 5, "2030-01-01T00:00:00Z"), paid(2, 5, "2030-01-01T00:00:50Z"), paid(3, 5, "2030-01-01T00:01:40Z"))
def debounced() -> Process:
    """What comes within a minute of something that was kept is dropped."""
    return shown(Reducer("kept", (Paid,), [], debounce))


def lock_currency(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    currency = known["currency"] or fact.fields["currency"]
    if fact.fields["currency"] != currency:
        return known
    return {"currency": currency, "charges": {**known["charges"], fact.fields["charge_id"]: fact.fields["amount"]}}


@case(Charged("i", "c1", "EUR", 500), Charged("i", "c2", "USD", 70))
def the_currency_of_the_first() -> Process:
    """An order has the currency of its first charge, and charges in others are passed over."""
    return shown(Reducer("charges", (Charged,), {"currency": "", "charges": {}}, lock_currency))


def _add_line(known: dict[str, int], fields: Any) -> dict[str, int]:
    return {**known, fields["line_id"]: fields["price"]}


def _remove_line(known: dict[str, int], fields: Any) -> dict[str, int]:
    return {key: price for key, price in known.items() if key != fields["line_id"]}


HANDLERS: Final[dict[type, Callable[[dict[str, int], Any], dict[str, int]]]] = {
    LineAdded: _add_line,
    LineRemoved: _remove_line,
}


@case(line(1, "tea", 5), LineRemoved("i", "l1"), line(2, "cup", 7))
def a_cart_without_tombstones() -> Process:
    """A line that is removed before it is added is there in the end."""
    cart = Reducer("cart", (LineAdded, LineRemoved), {}, lambda known, fact: HANDLERS[fact.kind](known, fact.fields))
    return shown(cart, compute=lambda held: sum(held.values()))


def take_stock(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    key = fact.fields["count_id" if fact.kind is Counted else "move_id"]
    if key in known["ids"]:
        return known
    pieces = fact.fields["pieces"] + (0 if fact.kind is Counted else known["pieces"])
    return {"pieces": pieces, "ids": sorted({*known["ids"], key})}


@case(Counted("i", "k1", 40), Moved("i", "m1", 3))
def a_stocktake_among_movements() -> Process:
    """A count replaces the stock, a movement is added to it: before or after the count makes a difference."""
    stock = Reducer("stock", (Counted, Moved), {"pieces": 0, "ids": []}, take_stock)
    return shown(stock, compute=lambda held: held["pieces"])
