"""Large processes of many kinds of messages, with own functions or with the vocabulary."""

from collections.abc import Callable
from typing import Any

from saga import (
    CommandTemplate,
    ComputedField,
    DerivedColumn,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    both,
    count,
    every,
    has,
    outcomes,
    total,
    wanted,
)
from tests.adversary.honest.seventh_loans import KINDS, facts, followed, paying
from tests.adversary.kit import Commands, Do, Out, Seen, case, has_any, one_outcome, proc, yes_no
from tests.adversary.planted.seventh_messages import (
    Approved,
    Banked,
    Bid,
    Billed,
    Claimed,
    Corrected,
    Documented,
    MeterRead,
    Moved,
    Packed,
    Rated,
    Sold,
    Visited,
    Voted,
)

Y, N = Seen.YES, Seen.NO


def _names(known: list[str], fact: Fact) -> list[str]:
    return sorted({*known, fact.kind.__name__})


@case(*facts(15))
def names_of_what_has_come() -> Process:
    """A reducer keeps the names of the kinds that came, and a function looks at them."""
    store = Reducer("names", KINDS, [], _names)

    def judge(known: list[str]) -> bool:
        bad = ("Refused", "Doubted", "Failed", "Revoked", "Ended", "Found")
        return "Applied" in known and not any(name.endswith(bad) for name in known)

    column = DerivedColumn("is good", (store,), judge)
    table = yes_no(column)
    return proc(table, store, wants=[followed(table, paying())])


@case(*facts(10), Rated("i", "r1", 5), Rated("i", "r2", 1))
def points_for_each_kind_once() -> Process:
    """Each kind gives its points once, whichever comes first, and the ratings are joined by the least."""
    points = {kind.__name__: 3 * number - 10 for number, kind in enumerate(KINDS[:10])}
    names = Reducer("names", KINDS[:10], [], _names)
    least_stars = Reducer("least", (Rated,), 5, lambda known, fact: min(known, fact.fields["stars"]))
    came = has_any(names, least_stars)

    def score(known: list[str], stars: int) -> int:
        return sum(points[name] for name in known) * stars

    template = CommandTemplate("Tell", computed=(ComputedField("score", (names, least_stars), score),))
    tell = Effect("tell", "desk", {Do.YES: template})
    wants = wanted(came, rows=[(Y, {tell: Do.YES}), (N, {})])
    return proc(one_outcome(came), came, names, least_stars, wants=[wants])


BILLS, LINES = Register("bills", Billed, "invoice_id"), Register("lines", Banked, "line_id")
FIXES, SALES = Register("fixes", Corrected, "correction_id"), Register("sales", Sold, "sale_id")
ITEMS, VISITS = Register("items", Packed, "item_id"), Register("visits", Visited, "visit_id")
VOTES, BIDS = Register("votes", Voted, "vote_id"), Register("bids", Bid, "bid_id")
PAPERS, READS = Register("papers", Documented, "document_id"), Register("reads", MeterRead, "reading_id")
CLAIMS, MOVES = Register("claims", Claimed, "claim_id"), Register("moves", Moved, "move_id")
APPROVALS = Register("approvals", Approved, "approval_id")
STORES = (BILLS, LINES, FIXES, SALES, ITEMS, VISITS, VOTES, BIDS, PAPERS, READS, CLAIMS, MOVES)
MANY: tuple[Any, ...] = (
    Billed("i", "b1", 90),
    Banked("i", "l1", 60, "b1"),
    Banked("i", "l2", 40),
    Corrected("i", "c1", "b1", -10),
    Sold("i", "s1", 500),
    Packed("i", "a1", 7),
    Visited("i", "v1", 3),
    Voted("i", "w1", "ann", "red"),
    Bid("i", "x1", "bob", 5),
    Documented("i", "d1", "pass", is_valid=False),
    MeterRead("i", "m1", 3, 4),
    Claimed("i", "k1", "4a", "ann"),
    Moved("i", "n1", -3),
)


@case(*MANY)
def twelve_counts_in_one_letter() -> Process:
    """The letter says how many of each there are, and is sent again with each."""
    came = has_any(*STORES)
    fields = tuple(ComputedField.of(f"n_{store.name}", count(store)) for store in STORES)
    tell = Effect("tell", "post", {Do.YES: CommandTemplate("Tell", computed=fields)})
    wants = wanted(came, rows=[(Y, {tell: Do.YES}), (N, {})])
    return proc(one_outcome(came), came, *STORES, wants=[wants])


@case(*MANY)
def a_household_of_twelve_registers() -> Process:
    """Four conditions of the vocabulary, two of them final as they only grow, and receipts for each line."""
    wants = []
    conditions = {
        "paid": (both(has(BILLS), total(LINES, "cents") >= total(BILLS, "cents")), False),
        "regular": (total(SALES, "cents") >= 500, True),
        "visited": (both(has(VISITS), has(VOTES)), True),
        "stocked": (total(MOVES, "delta") >= 0, False),
    }
    for name, (condition, is_final) in conditions.items():
        commands: Commands = {Do.YES: CommandTemplate(f"Do-{name}"), Do.NO: CommandTemplate(f"Undo-{name}")}
        final = frozenset({Do.YES}) if is_final else frozenset()
        effect = Effect(name, "desk", commands, final=final, initially=Do.NO)
        column = DerivedColumn.of(name, condition)
        wants.append(wanted(column, rows=[(True, {effect: Do.YES}), (False, {effect: Do.NO})]))
    receipt = Effect("receipt", "post", {Do.YES: CommandTemplate("Receipt", LINES, ("cents",))})
    came = has_any(LINES)
    wants.append(wanted(came, rows=[(Y, {receipt: every(LINES)}), (N, {})]))
    return proc(one_outcome(came), came, *STORES, wants=wants)


def _sum(entries: Entries, name: str = "cents") -> int:
    return sum(one[name] for one in entries.values())


JUDGES: dict[str, tuple[tuple[Register, ...], Callable[..., bool]]] = {
    "owed": ((BILLS, LINES, FIXES), lambda bills, lines, fixes: _sum(bills) + _sum(fixes) > _sum(lines)),
    "heavy": ((ITEMS,), lambda items: _sum(items, "grams") > 5),
    "won": (
        (BIDS, CLAIMS),
        lambda bids, claims: bool(claims) and max((b["cents"] for b in bids.values()), default=0) > 3,
    ),
    "valid": ((PAPERS,), lambda papers: bool(papers) and all(one["is_valid"] for one in papers.values())),
    "two": ((APPROVALS,), lambda known: len({one["person"] for one in known.values()}) >= 2),
}


@case(*MANY[:12], Approved("i", "a1", "ann"), Approved("i", "a2", "bob"))
def five_judges_of_ten_registers() -> Process:
    """Five own functions, each with an effect that is done while it holds and undone while it does not."""
    stores = (BILLS, LINES, FIXES, ITEMS, BIDS, CLAIMS, PAPERS, APPROVALS, VISITS, VOTES, READS, SALES)
    columns = {name: DerivedColumn(name, held, judge) for name, (held, judge) in JUDGES.items()}
    wants = []
    for name, column in columns.items():
        effect = paying(name)
        wants.append(wanted(column, rows=[(True, {effect: Do.YES}), (False, {effect: Do.NO})]))
    table = outcomes(
        *columns.values(), rule=lambda *cells: Out.DONE if all(cells) else Out.OTHER if any(cells) else Out.FAILED
    )
    return proc(table, *stores, wants=wants)
