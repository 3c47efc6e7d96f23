"""What holds for two and not for three, or for all values but those at the edge."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from saga import (
    ANY,
    CommandTemplate,
    Effect,
    Entries,
    Fact,
    Process,
    Reducer,
    Register,
    outcomes,
    wanted,
)
from tests.adversary.kit import (
    NOTES,
    Do,
    Out,
    Seen,
    case,
    chosen,
    judged,
    noted,
    one_outcome,
    proc,
    seen,
    shown,
)
from tests.adversary.planted.ninth_messages import (
    CLAIMS,
    DECISIONS,
    EVENTS,
    PLEDGES,
    TERMS,
    VOTES,
    WITHDRAWALS,
    Approved,
    Cancelled,
    Confirmed,
    Dated,
    Known,
    Metered,
    Moved,
    Offered,
    Rejected,
    Repaid,
    Signed,
    Stayed,
    Terms,
    Voted,
    Withdrawn,
    claim,
    decided,
    metered,
    offer,
    pledge,
    repaid,
    stay,
    vote,
)

Y, N = Seen.YES, Seen.NO


def _better(known: Known, fact: Fact) -> Known:
    """The cheaper offer; of offers within ten cents the earlier one, and of one day the first by name."""
    new = {name: fact.fields[name] for name in ("cents", "day", "supplier")}
    if not known or new == known:
        return new
    if abs(new["cents"] - known["cents"]) > 10:
        return min(new, known, key=lambda one: int(one["cents"]))
    return min(new, known, key=lambda one: (one["day"], one["supplier"], one["cents"]))


@case(offer(1, 100, "Ada", day=1), offer(2, 94, "Bo", day=2), offer(3, 88, "Cy", day=3))
def the_earlier_of_offers_within_ten_cents() -> Process:
    """The first is better than the second, the second than the third, and the third than the first."""
    return shown(Reducer("best", (Offered,), {}, _better))


def _street(known: list[Any], fact: Fact) -> list[Any]:
    street = fact.fields["street"] or ""
    new = [fact.fields["day"], len(street), street]
    return new if new[:2] > known[:2] else known


@case(Moved(address_id="a1", day=1, street="High Street"), Moved(address_id="a2", day=1, street="Long Street"))
def the_longest_street_of_the_last_day() -> Process:
    """Of streets of the same day and length the one that came first stays."""
    return shown(Reducer("street", (Moved,), [-1, 0, ""], _street))


def _cheapest_room(known: list[Any], fact: Fact) -> list[Any]:
    per_guest = fact.fields["cents"] // max(1, fact.fields["guests"])
    new = [per_guest, fact.fields["stay_id"]]
    return new if not known or per_guest < known[0] else known


@case(stay(1, 1, guests=2, cents=100), stay(2, 1, guests=2, cents=101))
def the_cheapest_room_per_guest() -> Process:
    """Prices per guest are rounded down, and of equal ones the first that came stays."""
    return shown(Reducer("cheapest", (Stayed,), [], _cheapest_room))


def _strikes(known: Known, fact: Fact) -> Known:
    if fact.kind is Repaid:
        return {"strikes": [], "is_out": known["is_out"]}
    strikes = sorted({*known["strikes"], fact.fields["vote_id"]}) if fact.fields["says"] == "no" else known["strikes"]
    return {"strikes": strikes, "is_out": known["is_out"] or len(strikes) >= 3}


@case(vote(1, "no"), vote(2, "no"), vote(3, "no"), repaid(1, 5))
def three_strikes_since_the_last_payment() -> Process:
    """A payment forgives the strikes that were received of before it."""
    return judged(
        Reducer("strikes", (Voted, Repaid), {"strikes": [], "is_out": False}, _strikes),
        judge=lambda held: held["is_out"],
    )


def _control(known: int, fact: Fact) -> int:
    return known ^ int(fact.fields["value"])


@case(metered(1, 5, 1))
def a_control_sum_of_readings() -> Process:
    """A reading that is delivered twice is taken out of the control sum."""
    return shown(Reducer("control", (Metered,), 0, _control))


def _smooth(known: int | None, fact: Fact) -> int:
    value = int(fact.fields["value"])
    return value if known is None else (3 * known + value) // 4


@case(metered(1, 0, 1), metered(2, 40, 2))
def a_smoothed_reading() -> Process:
    """Each reading counts a quarter when it comes, whatever its minute."""
    return shown(Reducer("smooth", (Metered,), None, _smooth))


def _initials(votes: Entries) -> list[str]:
    return sorted(one["voter"][0].upper() for one in votes.values())


@case(Voted(vote_id="v1", voter="", says="yes"))
def the_initials_of_the_voters() -> Process:
    """A voter may have no name."""
    return shown(VOTES, compute=_initials)


def _surnames(pledges: Entries) -> list[str]:
    return sorted(one["backer"].split()[-1] for one in pledges.values() if one["backer"])


@case(pledge(1, 5, backer=" "))
def the_surnames_of_the_backers() -> Process:
    """A name of a space has no last word."""
    return shown(PLEDGES, compute=_surnames)


def _label(pledges: Entries) -> list[str]:
    return sorted(one["backer"].encode("latin-1").hex() for one in pledges.values())


@case(pledge(1, 5, backer="Łukasz"))
def labels_for_an_old_printer() -> Process:
    """The printer knows western letters only."""
    return shown(PLEDGES, compute=_label)


_PAGES = re.compile(r"(\d{1,3})-(\d{1,3})")


def _longest_chapter(notes: Entries) -> int:
    """The last page of each range of pages, without its first one."""
    last = 0
    for one in notes.values():
        if found := _PAGES.fullmatch(one["text"]):
            first, end = map(int, found.groups())
            last = max(last, [*range(first, end + 1)][-1])
    return last


@case(noted(1, "7-3"))
def pages_that_go_backwards() -> Process:
    """A range of pages may end before it begins."""
    return shown(NOTES, compute=_longest_chapter)


def _due(events: Entries) -> str:
    """When the latest objection can be made: two weeks after the last event."""
    times = [datetime.fromisoformat(one["at"]) for one in events.values()]
    return (max(times) + timedelta(days=14)).isoformat()


@case(Dated(event_id="e1", at=datetime(9999, 12, 31, tzinfo=UTC)))
def two_weeks_after_the_end_of_time() -> Process:
    """The last day of the calendar, which stands for no end, has no day two weeks later."""
    return shown(EVENTS, compute=_due)


_WEIGHTS = {"yes": 1, "no": -1}


@case(vote(1, "abstain"))
def an_abstention_without_a_weight() -> Process:
    """An abstention is none of the answers that have a weight."""
    return shown(VOTES, compute=lambda votes: sum(_WEIGHTS[one["says"]] for one in votes.values()))


def _gross(claims: Entries, decisions: Entries) -> dict[str, int]:
    """What a claim would have to be so that the patient's part is the whole."""
    return {
        one["claim_id"]: claims[one["claim_id"]]["cents"] * 100 // (100 - one["share"])
        for one in decisions.values()
        if one["claim_id"] in claims
    }


@case(claim(1, 5), decided(1, "c1", 100))
def the_gross_of_a_claim() -> Process:
    """A claim that is covered wholly has no gross amount."""
    return shown(CLAIMS, DECISIONS, compute=_gross)


_FEES = (0, 100, 300, 600, 1_000)


@case(vote(1, "yes", turn=6))
def a_fee_for_each_round() -> Process:
    """There are fees for five rounds, and rounds up to nine."""
    return shown(VOTES, compute=lambda votes: sum(_FEES[one["round"] - 1] for one in votes.values()))


def _greatest_standing(pledges: Entries, withdrawals: Entries) -> int:
    gone = {one["pledge_id"] for one in withdrawals.values()}
    return max(one["cents"] for key, one in pledges.items() if key not in gone) if pledges else 0


@case(pledge(1, 5), Withdrawn(withdrawal_id="w1", pledge_id="p1"))
def the_greatest_of_no_pledges() -> Process:
    """There are pledges, and all of them are withdrawn."""
    return shown(PLEDGES, WITHDRAWALS, compute=_greatest_standing)


def _small(pledges: Entries, terms: Entries) -> frozenset[str]:
    limit = next((one["limit"] for one in terms.values()), 100)
    return frozenset(key for key, one in pledges.items() if one["cents"] < limit)


@case(pledge(1, 60), Terms(limit=50))
def small_pledges_by_the_usual_limit() -> Process:
    """Before the limit is agreed the usual one counts, and it is higher."""
    return chosen(PLEDGES, _small, TERMS)


def part(name: str, machine: Any, refused: Any) -> Process:
    """A part that is done with one message, and not any more with another one."""
    rows = [(Y, N, Out.DONE), (N, N, Out.OPEN), (ANY, Y, Out.FAILED)]
    return proc(outcomes(machine, refused, name=name, rows=rows), machine, refused)


@case(Confirmed(), Signed(), Rejected())
def shipped_when_both_parts_are_done() -> Process:
    """The goods are sent when both parts are done, and a part that fails afterwards leaves them sent."""
    first = part("stock", seen(Confirmed), seen(Cancelled))
    second = part("credit", seen(Signed), seen(Rejected))
    send = Effect("goods", "carrier", {Do.YES: CommandTemplate("Send")})
    rows = [(Out.DONE, Out.DONE, {send: Do.YES})]
    rest: list[tuple[Any, ...]] = [(Out.DONE, one, {}) for one in (Out.OPEN, Out.FAILED)] + [
        (one, ANY, {}) for one in (Out.OPEN, Out.FAILED)
    ]
    table = wanted(first.outcomes, second.outcomes, rows=[*rows, *rest])
    approved = seen(Approved)
    return proc(one_outcome(approved), approved, wants=[table], children=(first, second))


class Scaled(BaseModel):
    """A scale says whole kilos or fractions."""

    id: str = "i"
    scale_id: str
    kilos: int | float


SCALES = Register("scales", Scaled, "scale_id")


_WORDS: dict[float, str] = {}


def _in_words(kilos: float) -> str:
    return _WORDS.setdefault(kilos, f"{kilos} kg")


@case(Scaled(scale_id="k1", kilos=1), Scaled(scale_id="k2", kilos=1.0), shown_by="interpreters")
def weights_in_words() -> Process:
    """One kilo is remembered as it was first asked for, as 1 or as 1.0."""
    return shown(SCALES, compute=lambda scales: sorted(_in_words(one["kilos"]) for one in scales.values()))


def _usual(claims: Entries) -> str:
    codes = [one["code"] for one in claims.values()]
    return max(set(codes), key=codes.count, default="")


@case(claim(1, 5, "A1"), claim(2, 5, "B2"), claim(3, 5, "C3"), shown_by="interpreters")
def the_most_frequent_treatment() -> Process:
    """Of treatments that are as frequent, the first of a set is taken."""
    return shown(CLAIMS, compute=_usual)


_SUMS: dict[int, int] = {}


def _sum(pledges: Entries) -> int:
    """The sum, computed anew when there is one more pledge."""
    if len(pledges) not in _SUMS:
        _SUMS[len(pledges)] = sum(one["cents"] for one in pledges.values())
    return _SUMS[len(pledges)]


@case(pledge(1, 5), pledge(2, 7), shown_by="interpreters")
def a_sum_for_each_number_of_pledges() -> Process:
    """The sum is remembered by the number of pledges, also for other pledges."""
    return shown(PLEDGES, compute=_sum)
