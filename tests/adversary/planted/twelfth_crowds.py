"""Large processes of eleven to sixteen kinds of messages, with a rare mistake in a fold of another module."""

from typing import Any

from saga import ComputedField, DerivedColumn, Entries, Fact, Process, Reducer, Register, count, has
from tests.adversary.honest.twelfth_large import beside, both_tables, noted, ranked_by, switched
from tests.adversary.kit import case, seen
from tests.adversary.planted import twelfth_corners, twelfth_meets, twelfth_numbers, twelfth_odd, twelfth_rare
from tests.adversary.planted.twelfth_messages import (
    BOOKS,
    CELLS,
    CODES,
    DAYS,
    GEARS,
    METERS,
    POINTS,
    QUOTES,
    RULES,
    Coded,
    Dimmed,
    Edited,
    Fogged,
    Geared,
    Known,
    Lit,
    Manned,
    Metered,
    Moored,
    Oiled,
    Painted,
    Plotted,
    Rostered,
    Salvaged,
    Sequenced,
    Shared,
    Sounded,
    Surveyed,
    Towed,
    Wrecked,
    coded,
    edited,
    geared,
    metered,
    plotted,
    quoted,
    rostered,
    sequenced,
)

CREW = (Oiled, Painted, Dimmed, Sounded, Manned)
SHIPS = (Towed, Moored, Salvaged)


def _crowd(fold: Reducer, shown: Any, *stores: Register, kinds: tuple[type, ...] = CREW) -> Process:
    """Three messages decide, and what is folded is said as soon as it was surveyed."""
    survey = seen(Surveyed)
    field = ComputedField("value", (fold,), shown)
    return both_tables(
        [seen(Wrecked), survey, seen(Fogged)],
        ranked_by(Wrecked, Surveyed, Fogged),
        fold,
        *stores,
        *beside(*kinds),
        wants=[noted(survey, "Value", field)],
    )


def _as_it_is(known: Any) -> Any:
    return known


@case(geared(1, 300), geared(2, 512), geared(3, 812), Surveyed())
def a_yard_of_eleven_messages_with_spare_wheels() -> Process:
    """A wheel as large as two others is no further one, if both were there."""
    wheels = Reducer("wheels", (Geared,), [], twelfth_meets._spare)
    return _crowd(wheels, _as_it_is, CODES, RULES)


@case(sequenced(1, 100), sequenced(2, 36), Surveyed(), Fogged())
def a_wire_of_twelve_messages_with_a_window() -> Process:
    """A packet at the edge of the window is taken late, and not early."""
    window = Reducer("window", (Sequenced,), {"top": 0, "taken": []}, twelfth_corners._window)
    return _crowd(window, lambda known: len(known["taken"]), CODES, RULES, BOOKS)


@case(plotted(1, -1, 7), plotted(2, -2, 7), Surveyed(), Wrecked())
def a_survey_of_thirteen_messages_with_hashes() -> Process:
    """Two places below zero have one hash."""
    places = Reducer("places", (Plotted,), {}, twelfth_numbers._hashed)
    return _crowd(places, lambda known: sorted(known.values()), CODES, RULES, kinds=(*CREW, *SHIPS)[:7])


@case(plotted(1, -10, 4), plotted(2, 30, 8), plotted(3, 10, 6), Surveyed())
def a_fence_of_fourteen_messages_with_posts() -> Process:
    """A post halfway between two others is left out, if they stand."""
    posts = Reducer("posts", (Plotted,), [], twelfth_meets._between)
    return _crowd(posts, len, CODES, RULES, kinds=(*CREW, *SHIPS))


@case(edited(1, "lamp", ann=1), edited(2, "horn", ann=1, bob=0), Surveyed())
def a_log_of_sixteen_messages_with_a_zero() -> Process:
    """A clock of zero makes two texts older than each other."""
    texts = Reducer("texts", (Edited,), [], twelfth_corners._siblings)
    return _crowd(texts, len, CODES, RULES, DAYS, CELLS, kinds=(*CREW, *SHIPS))


@case(coded(1, "000195"), coded(2, "970001"), Surveyed(), Lit())
def a_bank_of_fifteen_messages_with_checks() -> Process:
    """Of the accounts with a right check the last one is paid."""
    account = Reducer("account", (Coded,), "", twelfth_odd._account)
    return _crowd(account, _as_it_is, BOOKS, RULES, kinds=(*CREW, *SHIPS, Lit))


@case(rostered(1, "ann", "2030-10-27T00:30:00Z"), rostered(2, "bob", "2030-10-27T01:30:00Z"), Surveyed())
def a_roster_of_thirteen_messages_in_winter_time() -> Process:
    """Two duties begin when the clock shows the same."""
    latest = Reducer("latest", (Rostered,), {}, twelfth_rare._latest)
    return _crowd(latest, lambda known: known.get("who"), QUOTES, RULES, BOOKS, kinds=(*CREW, Lit))


@case(Shared("i", "h1", "2/6"), Shared("i", "h2", "3/9"), Surveyed())
def a_fund_of_twelve_messages_in_percent() -> Process:
    """Two shares have one number of percent, and one of them is printed."""
    share = Reducer("share", (Shared,), "0/1", twelfth_rare._share)
    return _crowd(share, _as_it_is, QUOTES, METERS, POINTS)


def _used(held: Entries) -> int:
    return sum(one["used"] for one in list(held.values())[:5])


@case(*(metered(number, 1, 9 if number > 1 else 2) for number in range(1, 7)))
def a_plant_of_eleven_messages_with_five_meters() -> Process:
    """Five meters are billed for good, and a sixth one with a smaller id takes the place of one."""
    some = DerivedColumn.of("some", has(METERS))
    field = ComputedField("used", (METERS,), _used, is_cumulative=True)
    return both_tables(
        [seen(Wrecked), seen(Lit), seen(Fogged)],
        ranked_by(Wrecked, Lit, Fogged),
        METERS,
        RULES,
        CODES,
        *beside(*CREW),
        wants=[noted(some, "Bill", field, is_final=True)],
    )


def _louder(known: Known, fact: Fact) -> Known:
    name, used = fact.fields["meter_id"], fact.fields["used"]
    if used <= known["used"]:
        return known
    return {"used": used, "by": name, "before": known["by"]}


@case(metered(1, 1, 5), metered(2, 2, 8), quoted(1, "2.5"), Surveyed())
def a_record_of_fourteen_messages_with_the_one_before() -> Process:
    """Who has the record is the same in each sequence, and who had it before is not."""
    record = Reducer("record", (Metered,), {"used": 0, "by": "", "before": ""}, _louder)
    survey = seen(Surveyed)
    cheer = DerivedColumn("cheer", (record,), lambda known: known["before"] != "")
    many = DerivedColumn.of("many", count(GEARS) >= 2)
    return both_tables(
        [seen(Wrecked), survey, seen(Fogged)],
        ranked_by(Wrecked, Surveyed, Fogged),
        record,
        QUOTES,
        GEARS,
        CODES,
        *beside(*CREW, *SHIPS[:2]),
        wants=[switched(cheer, "cheer"), switched(many, "crane")],
    )
