"""Functions that remember earlier calls, change what they get, or ask what is not in the facts."""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import count as counting

from saga import Entries, Fact, Process, Reducer
from tests.adversary.kit import case, chosen, judged, shown
from tests.adversary.planted.ninth_messages import Known
from tests.adversary.planted.tenth_messages import (
    APPLICANTS,
    BINS,
    DISHES,
    MATCHES,
    PASSAGES,
    REMARKS,
    TICKETS,
    Binned,
    Parked,
    Remarked,
    applied,
    binned,
    drew,
    parked,
    played,
    remarked,
    served,
)

_TEAMS: dict[str, int] = {}


def _team_number(team: str) -> int:
    """Each team gets the next number."""
    return _TEAMS.setdefault(team, len(_TEAMS) + 1)


@case(played(1, "Reds", 3), played(2, "Blues", 1), shown_by="interpreters")
def teams_with_running_numbers() -> Process:
    """The number of a team depends on which one was asked about first, of any instance."""
    return shown(MATCHES, compute=lambda held: {one["team"]: _team_number(one["team"]) for one in held.values()})


def _menu(held: Entries, menu: list[str] = []) -> list[str]:  # noqa: B006
    """The dishes of the day."""
    menu.extend(one["dish"] for one in held.values() if one["dish"] not in menu)
    return sorted(menu)


@case(served(1, "soup", 300), served(2, "fish", 200), shown_by="interpreters")
def a_menu_that_never_forgets() -> Process:
    """The list is made once, and has the dishes of all instances."""
    return shown(DISHES, compute=_menu)


_TICKETS = counting(1)


def _parking_ticket(known: Known, fact: Fact) -> Known:
    if fact.fields["plate"] in known:
        return known
    return {**known, fact.fields["plate"]: next(_TICKETS)}


@case(parked(1, "B-1", 5), parked(2, "B-2", 6))
def parking_tickets_in_a_row() -> Process:
    """Each car gets the next number of the whole car park."""
    return shown(Reducer("tickets", (Parked,), {}, _parking_ticket))


def _first_word(known: list[str], fact: Fact) -> list[str]:
    words = set(known) | set(fact.fields["text"].split())
    return list(words)


@case(remarked(1, "loud and late"), remarked(2, "late but fine"), shown_by="interpreters")
def words_in_the_order_of_a_set() -> Process:
    """The words are stored as the interpreter happens to list them."""
    return shown(Reducer("words", (Remarked,), [], _first_word))


class Board:
    """Remembers the best score that it saw."""

    def __init__(self) -> None:
        self.best = 0

    def is_record(self, held: Entries) -> bool:
        """Whether an applicant is better than all before."""
        top = max((one["score"] for one in held.values()), default=0)
        is_better = top >= self.best
        self.best = max(self.best, top)
        return is_better and top > 0


@case(applied(1, 90), applied(2, 50), shown_by="interpreters")
def a_record_of_all_times() -> Process:
    """Whether it is a record depends on the instances that were asked about before."""
    return judged(APPLICANTS, judge=Board().is_record)


def _heaviest_first(known: list[Known], fact: Fact) -> list[Known]:
    """Changes the list that it gets."""
    bins: list[Known] = known
    if all(one["bin"] != fact.fields["bin_id"] for one in bins):
        bins.append({"bin": fact.fields["bin_id"], "kilos": fact.fields["kilos"]})
    return sorted(bins, key=lambda one: -one["kilos"])


@case(binned(1, "Elm", 40), binned(2, "Oak", 40))
def bins_sorted_by_weight_alone() -> Process:
    """Two bins of one weight stay in the order in which they came."""
    return shown(Reducer("bins", (Binned,), [], _heaviest_first))


def _streets() -> Iterator[str]:
    yield from ("north", "south", "east", "west")


_ROUTE = _streets()


@case(binned(1, "Elm", 40), binned(2, "Oak", 50), shown_by="interpreters")
def streets_from_a_generator() -> Process:
    """A generator is used up by the first question."""
    return judged(BINS, judge=lambda held: bool(held) and "east" in _ROUTE)


@lru_cache(maxsize=1)
def _season() -> dict[str, int]:
    return {"most": 0}


def _is_busiest(held: Entries) -> bool:
    """Whether there are as many cars as there ever were."""
    season = _season()
    season["most"] = max(season["most"], len(held))
    return len(held) == season["most"]


@case(parked(1, "B-1", 5), parked(2, "B-2", 6), shown_by="interpreters")
def the_busiest_hour_of_the_season() -> Process:
    """The cached mapping is shared, and grows with each question."""
    return judged(PASSAGES, judge=_is_busiest)


@case(drew(1, 3, 4), drew(2, 5, 6), shown_by="interpreters")
def winners_by_a_hash() -> Process:
    """Who wins depends on the hash of a text, which differs in each interpreter."""
    return judged(TICKETS, judge=lambda held: sum(hash(key) for key in held) % 2 == 1)


@cache
def _seen_texts() -> set[str]:
    return set()


def _new_ones(held: Entries) -> frozenset[str]:
    """The remarks whose text is new."""
    known = _seen_texts()
    new = frozenset(key for key, one in held.items() if one["text"] not in known)
    known.update(one["text"] for one in held.values())
    return new


@case(remarked(1, "loud"), remarked(2, "late"))
def remarks_that_are_new() -> Process:
    """What was looked at once is not new any more."""
    return chosen(REMARKS, _new_ones)
