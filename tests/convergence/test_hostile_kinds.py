"""Kinds of faults that need particular facts: each is found, and what is like it and right is not."""

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

import pytest
from pydantic import Field

from saga import ARMED, CommandTemplate, ComputedField, Deadline, Effect, Entries, Process, Reducer, Register, wanted
from saga.convergence.findings import Kind
from saga.testing import Report, check
from tests.adversary.kit import (
    LIMITS,
    NOTES,
    PARCELS,
    A,
    B,
    Do,
    Late,
    Noted,
    Seen,
    Weighed,
    granted,
    has_any,
    judged,
    one_outcome,
    proc,
    seen,
    shown,
)

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Posted:
    id: str
    posting_id: str
    cents: Annotated[int, Field(ge=-1_000, le=1_000)]


@dataclass(frozen=True)
class Counted:
    id: str
    count_id: str
    cents: int


def has_a_hundred(entries: Entries) -> bool:
    return sum(int(one["cents"]) for one in entries.values()) >= 100


def findings(report: Report) -> set[Kind]:
    return {one.kind for one in report.findings}


@pytest.mark.parametrize(("kind", "key", "is_found"), [(Posted, "posting_id", True), (Counted, "count_id", False)])
def test_numbers_below_zero_are_tried_where_the_class_says_that_there_are_some(
    kind: type, key: str, *, is_found: bool
) -> None:
    report = check(granted(Register("postings", kind, key), judge=has_a_hundred))
    assert (Kind.CANNOT_BE_UNDONE in findings(report)) is is_found


def by_mark(mark: Callable[[str], str]) -> Process:
    def keep(known: dict[str, str], fact: Any) -> dict[str, str]:
        key = mark(fact.fields["note_id"])
        return known if key in known else dict(sorted((known | {key: fact.fields["text"]}).items()))

    return shown(Reducer("kept", (Noted,), {}, keep))


def test_keys_that_a_reducer_takes_for_one_are_found_and_whole_ones_are_not() -> None:
    assert findings(check(by_mark(lambda key: str(zlib.crc32(key.encode()) & 0xFF)))) == {Kind.DIVERGES}
    assert not findings(check(by_mark(lambda key: key)))


def test_words_of_the_code_meet_all_together() -> None:
    beats = {"rock": "scissors", "scissors": "paper", "paper": "rock"}

    def fight(known: str, fact: Any) -> str:
        hand = fact.fields["text"]
        return hand if hand in beats and (not known or beats[hand] == known) else known

    assert Kind.DIVERGES in findings(check(shown(Reducer("champion", (Noted,), "", fight))))


def test_two_words_that_read_like_two_others_when_they_are_joined_are_found() -> None:
    @dataclass(frozen=True)
    class Laid:
        id: str
        room: str
        bed: str

    def lay(known: dict[str, list[str]], fact: Any) -> dict[str, list[str]]:
        pair = [fact.fields["room"], fact.fields["bed"]]
        return known if "".join(pair) in known else dict(sorted((known | {"".join(pair): pair}).items()))

    assert Kind.DIVERGES in findings(check(shown(Reducer("beds", (Laid,), {}, lay))))


@pytest.mark.parametrize(("year", "is_found"), [(2020, True), (2021, False)], ids=["leap year", "other year"])
def test_each_small_number_is_asked_about(year: int, *, is_found: bool) -> None:
    @dataclass(frozen=True)
    class Treated:
        id: str
        claim_id: str
        day: Annotated[int, Field(ge=0, le=300)]

    def anniversaries(claims: Entries) -> list[str]:
        days = [date(year, 1, 1) + timedelta(days=one["day"]) for one in claims.values()]
        return sorted(day.replace(year=day.year + 1).isoformat() for day in days)

    report = check(shown(Register("claims", Treated, "claim_id"), compute=anniversaries))
    assert (Kind.FAILS in findings(report)) is is_found


def test_a_function_that_remembers_what_it_was_asked_is_a_fault_and_does_not_take_long() -> None:
    def texts(notes: Entries, known: list[str] = []) -> list[str]:  # noqa: B006
        known.extend(one["text"] for one in notes.values() if one["text"] not in known)
        return sorted(known)

    one = check(shown(NOTES, compute=texts))
    assert one.findings[0].kind is Kind.FAILS
    assert "remembers what it was asked" in one.findings[0].sentence
    assert not check(shown(NOTES, compute=lambda notes: sorted({one["text"] for one in notes.values()}))).findings


BANNED: Iterator[str] = map(str.casefold, ("Spam", "Scam"))
BANNED_FOR_GOOD = frozenset({"spam", "scam"})


def test_an_iterator_that_a_function_reads_is_a_fault_and_a_set_is_none() -> None:
    one = check(judged(NOTES, judge=lambda notes: any(one["text"].casefold() in BANNED for one in notes.values())))
    assert "reads an iterator" in one.findings[0].sentence
    other = check(judged(NOTES, judge=lambda notes: any(one["text"] in BANNED_FOR_GOOD for one in notes.values())))
    assert not other.findings


def test_a_function_may_write_to_a_stream() -> None:
    def has_notes(notes: Entries) -> bool:
        sys.stderr.write(f"{len(notes)} notes\n")
        return bool(notes)

    assert not check(judged(NOTES, judge=has_notes)).findings


def test_a_difference_in_the_last_digit_is_found_if_somebody_compares_it() -> None:
    def add(known: dict[str, Any], fact: Any) -> dict[str, Any]:
        if fact.fields["parcel_id"] in known["seen"]:
            return known
        seen_ids = sorted([*known["seen"], fact.fields["parcel_id"]])
        return {"seen": seen_ids, "kilos": known["kilos"] + fact.fields["kilos"]}

    load = Reducer("load", (Weighed,), {"seen": [], "kilos": 0.0}, add)
    assert Kind.DIVERGES in findings(check(shown(load, compute=lambda held: held["kilos"] > 0.6)))
    assert not findings(check(shown(load, compute=lambda held: len(held["seen"]))))


def test_an_entry_that_code_looks_up_by_the_id_of_the_instance_is_there() -> None:
    def parts(parcels: Entries, limits: Entries) -> int:
        step = limits["i"]["limit"] if "i" in limits else 1_000
        return len(range(0, len(parcels), 1_000 if step is None else step))

    assert Kind.FAILS in findings(check(shown(PARCELS, LIMITS, compute=parts)))


@pytest.mark.parametrize("is_last", [True, False], ids=["and not taken back", "and armed again"])
def test_two_deadlines_with_one_message_fire_each(*, is_last: bool) -> None:
    rung = Register("rung", Late, "due_at")
    held, released, heard = seen(A), seen(B), has_any(rung)
    first, second = (Deadline(name, Late, timedelta(hours=hours)) for name, hours in (("first", 1), ("second", 2)))
    charge = CommandTemplate("Charge", computed=(ComputedField("bells", (rung,), len),))
    fee = Effect("fee", "desk", {Do.YES: charge})
    both: dict[Any, Any] = {first: ARMED, second: ARMED}
    armed = wanted(
        held,
        released,
        rows=[
            (Seen.YES, Seen.NO, both),
            (Seen.YES, Seen.YES, {first: ARMED} if is_last else both),
            (Seen.NO, Seen.YES, {}),
            (Seen.NO, Seen.NO, {}),
        ],
    )
    told = wanted(heard, rows=[(Seen.YES, {fee: Do.YES}), (Seen.NO, {})])
    report = check(proc(one_outcome(held), held, released, heard, rung, wants=[armed, told]))
    assert any("arm second" in one.sentence for one in report.findings) is is_last
