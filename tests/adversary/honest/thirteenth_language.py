"""Mappings whose keys come in any order, absent caps, runs and rows: what looks as if an order could be seen in it."""

import json
from collections import Counter
from itertools import groupby
from typing import Annotated, Any

from pydantic import Field

from saga import (
    CommandTemplate,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    beyond,
    each,
    only,
    owing,
)
from tests.adversary.kit import Do, case, has_any, one_outcome, proc, shown, wanted_in
from tests.adversary.planted.thirteenth_messages import (
    BEDS,
    GAUGES,
    SWAPS,
    WATCHES,
    Balloted,
    Event,
    Phrased,
    Shelved,
    Sown,
    Watch,
    balloted,
    gauged,
    phrased,
    seated,
    shelved,
    sown,
)


def _ballots(known: dict[str, int], fact: Fact) -> dict[str, int]:
    """Ballots of each suspect; a juror votes once."""
    key = f"{fact.fields['suspect']}/{fact.fields['juror']}"
    return known if key in known else {**known, key: 1}


@case(balloted("Ann", "cook"), balloted("Bo", "maid"))
def a_leader_by_the_order_of_keys() -> Process:
    """Of two with as many votes the first of the mapping leads; keys are put in order when a mapping is stored."""

    def leader(known: dict[str, int]) -> str:
        return Counter(key.partition("/")[0] for key in known).most_common(1)[0][0] if known else ""

    return shown(Reducer("votes", (Balloted,), {}, _ballots), compute=leader)


def _rows(known: dict[str, int], fact: Fact) -> dict[str, int]:
    return {**known, fact.fields["seed"]: max(known.get(fact.fields["seed"], 0), fact.fields["rows"])}


@case(sown(1, "rye", 3), sown(2, "oats", 4))
def seeds_written_as_json() -> Process:
    """A mapping is written as text, in the order in which its keys are stored, which is always the same."""
    return shown(Reducer("rows", (Sown,), {}, _rows), compute=lambda known: json.dumps(known, indent=1))


class Capped(Event):
    """How many rows a bed may have, or any number."""

    rows: Annotated[int, Field(ge=0, le=1000)] | None = None


CAPS = Register("caps", Capped, "id")


@case(Capped(rows=9), sown(1, "oats", 4), Watch(strokes=20))
def beds_that_wait_for_their_cap() -> Process:
    """While the cap is absent, nothing is known of the beds that lie beyond it, and then those stay beyond."""
    excess = beyond(
        BEDS, "rows", target=only(WATCHES, "strokes"), by=("bed_id",), where=each("rows") < only(CAPS, "rows")
    )
    has_one = has_any(BEDS)
    pick = owing(excess, name="beyond")
    keep = Effect("keep", "farm", {Do.YES: CommandTemplate("Keep", BEDS, ("seed",))})
    wants = [wanted_in(has_one, keep, YES=pick)]
    return proc(one_outcome(has_one), has_one, BEDS, WATCHES, CAPS, wants=wants)


@case(gauged(1, 10, 5), gauged(2, 20, 9), gauged(3, 10, 7))
def runs_of_one_level() -> Process:
    """A reading between two others makes a run longer or the runs more, and never fewer."""

    def runs(gauges: Entries) -> int:
        levels = [one["level"] for one in sorted(gauges.values(), key=lambda one: (one["minute"], one["gauge_id"]))]
        return sum(1 for _ in groupby(levels))

    return shown(GAUGES, compute=runs, is_cumulative=True, is_final=True)


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Cy"), seated(3, "Cy", "Ann"))
def ropes_that_hold_the_boats_together() -> Process:
    """A rope between boats that hang together is not needed; which one that is depends on the order, not how many."""

    def needed(swaps: Entries) -> int:
        groups: dict[str, str] = {}
        ropes = 0
        for one in swaps.values():
            ends = []
            for name in (one["one"], one["other"]):
                while groups.setdefault(name, name) != name:
                    name = groups[name]  # noqa: PLW2901 -- it climbs
                ends.append(name)
            ropes += ends[0] != ends[1]
            groups[ends[0]] = ends[1]
        return ropes

    return shown(SWAPS, compute=needed, is_cumulative=True, is_final=True)


def _seen(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    """Each mark as it was spelled, under its plain form, with the least spelling."""
    plain = " ".join(fact.fields["mark"].split()).casefold()
    return {**known, plain: min(fact.fields["mark"], known.get(plain, fact.fields["mark"]))}


@case(shelved(1, "QA  7"), shelved(2, "qa 7"), shelved(3, "QA 7"))
def the_least_spelling_of_each_mark() -> Process:
    """Of all spellings of a mark the least by text is kept, whichever came first."""
    return shown(Reducer("marks", (Shelved,), {}, _seen), compute=lambda known: list(known.values()))


def _places(known: list[list[Any]], fact: Fact) -> list[list[Any]]:
    """The two lines with the greatest places, and all that share the second place."""
    lines = sorted(
        {(place, text) for place, text in [*known, [fact.fields["place"], fact.fields["text"]]]}, reverse=True
    )
    return [list(line) for line in lines if line[0] >= lines[:2][-1][0]]


@case(phrased(1, "ebb", 3), phrased(2, "flow", 3), phrased(3, "surf", 3), phrased(4, "neap", 5))
def two_lines_and_those_that_share_a_place() -> Process:
    """Who shares the second place stays, so that nobody falls out by coming late."""
    return shown(Reducer("lines", (Phrased,), [], _places))
