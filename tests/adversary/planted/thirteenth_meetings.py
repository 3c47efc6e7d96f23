"""Reducers that commute for most facts, and in pairs: it takes a third one, or two values that meet by chance."""

from bisect import insort
from heapq import heappush
from typing import Any

from saga import Fact, Process, Reducer
from tests.adversary.kit import case, judged, shown
from tests.adversary.planted.thirteenth_messages import (
    Balloted,
    Charted,
    Cloned,
    Flowed,
    Gauged,
    Geared,
    Hosted,
    Known,
    Patched,
    Phrased,
    Pitched,
    Seated,
    Shelved,
    Sown,
    Woven,
    balloted,
    charted,
    cloned,
    flowed,
    gauged,
    geared,
    hosted,
    patched,
    phrased,
    pitched,
    seated,
    shelved,
    sown,
    woven,
)


def _bearing(known: int, fact: Fact) -> int:
    """The bearing that is nearest to the lighthouse, at 217 degrees, either way round."""
    bearing = fact.fields["level"] % 360

    def distance(one: int) -> int:
        return min((one - 217) % 360, (217 - one) % 360)

    return bearing if known < 0 or distance(bearing) < distance(known) else known


@case(gauged(1, 210), gauged(2, 224))
def a_bearing_on_either_side_of_the_light() -> Process:
    """Two bearings are as far from the lighthouse, one on each side."""
    return shown(Reducer("bearing", (Gauged,), -1, _bearing))


def _cells(known: Known, fact: Fact) -> Known:
    """The brightest star of each cell; a cell is known by one number."""
    cell = str(fact.fields["x"] * 2000 + fact.fields["y"])
    new = [fact.fields["magnitude"], fact.fields["x"], fact.fields["y"]]
    if cell in known and known[cell][0] >= new[0]:
        return known
    return dict(sorted({**known, cell: new}.items()))


@case(charted(1, 3, -1000, "2"), charted(2, 2, 1000, "2"))
def a_star_at_the_edge_of_the_chart() -> Process:
    """The number of a cell is the same for the last one of a column and the first one of the next."""
    return shown(Reducer("cells", (Charted,), {}, _cells))


def _in_order(known: Known, fact: Fact) -> Known:
    """Patches are applied in the order of their revisions; three may wait."""
    revision, waiting, done = fact.fields["revision"], list(known["waiting"]), known["done"]
    if revision <= done or revision in waiting:
        return known
    if len(waiting) >= 3 and revision != done + 1:
        return known
    waiting = sorted([*waiting, revision])
    while waiting and waiting[0] == done + 1:
        done = waiting.pop(0)
    return {"waiting": waiting, "done": done}


@case(patched(1, 1), patched(2, 2), patched(3, 3), patched(4, 4), patched(5, 5))
def patches_of_which_three_may_wait() -> Process:
    """Patches that come too early wait, and there is no room for a fourth."""
    patches = Reducer("patches", (Patched,), {"waiting": [], "done": 0}, _in_order)
    return shown(patches, compute=lambda known: known["done"])


def _one_revision(known: Known, fact: Fact) -> Known:
    """A newer patch wins, and an older one fills what is missing."""
    settings = {name: value for name, value in fact.fields["settings"].items() if value is not None}
    newest = max(known["revision"], fact.fields["revision"])
    if [fact.fields["revision"], fact.fields["patch_id"]] > [known["revision"], known["patch"]]:
        return {"revision": newest, "patch": fact.fields["patch_id"], "settings": {**known["settings"], **settings}}
    return {**known, "settings": {**settings, **known["settings"]}}


@case(patched(1, 1, sails=1), patched(2, 2, sails=2), patched(3, 3, oars=3))
def settings_with_one_revision_for_all() -> Process:
    """Any two patches commute; of three, the middle one may come after the newest, and finds an older value there."""
    settings = Reducer("settings", (Patched,), {"revision": -1, "patch": "", "settings": {}}, _one_revision)
    return shown(settings, compute=lambda known: sorted(known["settings"].items()))


def _reaches(edges: list[list[str]], one: str, other: str) -> bool:
    found = {one}
    for _ in edges:
        found |= {last for first, last in edges if first in found}
    return other in found


def _ranks(known: list[list[str]], fact: Fact) -> list[list[str]]:
    """Who sits above whom; what follows from others is not noted."""
    edge = [fact.fields["one"], fact.fields["other"]]
    return known if _reaches(known, *edge) else sorted([*known, edge])


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Cy"), seated(3, "Ann", "Cy"))
def a_rank_that_follows_from_others() -> Process:
    """What two ranks imply is left out if it comes after them."""
    return shown(Reducer("ranks", (Seated,), [], _ranks))


def _duets(known: list[list[str]], fact: Fact) -> list[list[str]]:
    pair = sorted({fact.fields["one"], fact.fields["other"]})
    if len(pair) < 2 or any(set(pair) & set(duet) for duet in known):
        return known
    return sorted([*known, pair])


@case(seated(1, "Ann", "Bo"), seated(2, "Bo", "Cy"), seated(3, "Cy", "Di"))
def how_many_duets_are_sung() -> Process:
    """Who is free sings; of two wishes that meet one is granted in any case, and of three one or two."""
    return shown(Reducer("duets", (Seated,), [], _duets), compute=len)


def _leap(known: int, fact: Fact) -> int:
    """The highest note that is reached by steps of a fifth at most."""
    return max(known, fact.fields["pitch"]) if fact.fields["pitch"] <= known + 7 else known


@case(pitched(1, 66), pitched(2, 72))
def a_singer_who_does_not_leap() -> Process:
    """A high note is sung if the note before it is known by then."""
    return shown(Reducer("highest", (Pitched,), 60, _leap))


def _litres(known: Known, fact: Fact) -> Known:
    if fact.fields["flow_id"] in known["seen"]:
        return known
    return {
        "seen": sorted([*known["seen"], fact.fields["flow_id"]]),
        "litres": known["litres"] + fact.fields["litres"],
    }


@case(flowed(1, 0.1), flowed(2, 0.2), flowed(3, 0.3))
def more_than_six_tenths() -> Process:
    """Whether the limit is exceeded is asked of a sum that differs in its last digit."""
    flows = Reducer("flows", (Flowed,), {"seen": [], "litres": 0.0}, _litres)
    return judged(flows, judge=lambda known: known["litres"] > 0.6)


@case(flowed(1, 0.35), flowed(2, 0.1), flowed(3, 0.2))
def litres_rounded_at_the_end() -> Process:
    """The sum is rounded to a tenth, and so its last digit matters only in the middle between two of them."""
    flows = Reducer("flows", (Flowed,), {"seen": [], "litres": 0.0}, _litres)
    return shown(flows, compute=lambda known: round(known["litres"], 1))


def _falling(known: list[int], fact: Fact) -> list[int]:
    """Levels from high to low, put in where they belong; but the search expects them to rise."""
    levels = list(known)
    if fact.fields["level"] not in levels:
        insort(levels, fact.fields["level"])
        levels = levels if len(levels) > 2 else sorted(levels, reverse=True)
    return levels


@case(gauged(1, 10), gauged(2, 30), gauged(3, 20))
def levels_from_high_to_low() -> Process:
    """Two levels are in order; a third is put in by halves, in a list that falls."""
    return shown(Reducer("levels", (Gauged,), [], _falling))


def _heap(known: list[int], fact: Fact) -> list[int]:
    heap = list(known)
    if fact.fields["teeth"] not in heap:
        heappush(heap, fact.fields["teeth"])
    return heap


@case(geared(1, 10), geared(2, 20), geared(3, 30), geared(4, 15))
def the_three_smallest_wheels_of_a_heap() -> Process:
    """The first of a heap is the least one, and the three at its head are any."""
    return shown(Reducer("wheels", (Geared,), [], _heap), compute=lambda heap: sorted(heap[:3]))


def _lamport(known: Known, fact: Fact) -> Known:
    """A clock that is one ahead of all that it knows."""
    if fact.fields["write_id"] in known["seen"]:
        return known
    time = max([known["time"], *fact.fields["clock"].values()]) + 1
    return {"seen": sorted([*known["seen"], fact.fields["write_id"]]), "time": time}


@case(cloned(1, "red", a=5), cloned(2, "blue", b=1))
def a_logical_clock() -> Process:
    """The clock goes on by one with each write, from the time of whichever is later."""
    clock = Reducer("clock", (Cloned,), {"seen": [], "time": 0}, _lamport)
    return shown(clock, compute=lambda known: known["time"])


def _heavy(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
    """Two suspects at most are counted; a third one takes a vote from each."""
    juror, suspect = fact.fields["juror"], fact.fields["suspect"]
    if juror in known["jurors"]:
        return known
    votes: dict[str, int] = dict(known["votes"])
    if suspect in votes or len(votes) < 2:
        votes[suspect] = votes.get(suspect, 0) + 1
    else:
        votes = {name: count - 1 for name, count in votes.items() if count > 1}
    return {"jurors": sorted([*known["jurors"], juror]), "votes": dict(sorted(votes.items()))}


@case(balloted("Ann", "cook"), balloted("Bo", "butler"), balloted("Cy", "gardener"), balloted("Di", "maid"))
def frequent_suspects_of_two_counters() -> Process:
    """Two counters find out who has a third of the votes, and otherwise whoever came at the right time."""
    jury = Reducer("jury", (Balloted,), {"jurors": [], "votes": {}}, _heavy)
    return shown(jury, compute=lambda known: list(known["votes"]))


def _loom(known: list[int], fact: Fact) -> list[int]:
    """A thread is woven in unless it crosses what is there; two that are alike count as one."""
    bits: int = fact.fields["bits"]
    mine = bits & -bits
    if any(bits & one and bits != one and mine != one & -one for one in known):
        return known
    return sorted({*known, bits})


@case(woven(1, 6), woven(2, 12))
def threads_that_begin_alike() -> Process:
    """Threads may cross if their first column is the same; otherwise the first one is woven in."""
    return shown(Reducer("loom", (Woven,), [], _loom))


def _aliases(known: dict[str, str], fact: Fact) -> dict[str, str]:
    """A name is an alias of the shortest name that it begins with, as far as known."""
    name = fact.fields["block"]
    if name in known:
        return known
    base = min((one for one in known.values() if one and name.startswith(one)), key=len, default=name)
    return dict(sorted({**known, name: base}.items()))


@case(hosted(1, "reef"), hosted(2, "reef-a"), hosted(3, "reef-ab"))
def aliases_of_the_shortest_name() -> Process:
    """A name that begins like a shorter one is its alias, unless the longer name was here before."""
    return shown(Reducer("aliases", (Hosted,), {}, _aliases))


def _rotation(known: Known, fact: Fact) -> Known:
    """A bed must not have the seed of the bed before it; who comes too late takes the next place."""
    places = dict(known)
    place = fact.fields["rows"]
    if fact.fields["bed_id"] in {one["bed"] for one in places.values()}:
        return known
    while str(place) in places:
        place += 1
    return {**places, str(place): {"bed": fact.fields["bed_id"], "seed": fact.fields["seed"]}}


@case(sown(1, "oats", 4), sown(2, "rye", 4), sown(3, "oats", 5))
def beds_that_take_the_next_place() -> Process:
    """A place that is taken moves a bed on to the next one, and that bed moves others."""
    beds = Reducer("beds", (Sown,), {}, _rotation)
    return shown(beds, compute=lambda known: [known[place]["seed"] for place in sorted(known)])


def _stanzas(known: Known, fact: Fact) -> Known:
    """The words of all lines, each with the first line that has it: by place, and then as it comes."""
    words = dict(known)
    for word in fact.fields["text"].split():
        if word not in words or words[word][0] > fact.fields["place"]:
            words[word] = [fact.fields["place"], fact.fields["text"]]
    return dict(sorted(words.items()))


@case(phrased(1, "ebb and flow", 1), phrased(2, "sand and shell", 1))
def words_and_the_line_that_had_them_first() -> Process:
    """Of two lines with one place, the first that came has the word."""
    return shown(Reducer("words", (Phrased,), {}, _stanzas))


def _shelf(known: Known, fact: Fact) -> Known:
    """A shelf holds its books between its first mark and its last; a book in between is where it belongs."""
    mark, first, last = fact.fields["mark"], known.get("first"), known.get("last")
    if first is None:
        return {"first": mark, "last": mark, "stray": 0}
    if first <= mark <= last:
        return known
    stray = known["stray"] + (len(mark) > 3)
    return {"first": min(first, mark), "last": max(last, mark), "stray": stray}


@case(shelved(1, "PA3"), shelved(2, "PA40"), shelved(3, "QA5"))
def books_beyond_the_ends_of_a_shelf() -> Process:
    """A long mark is counted if it is beyond the ends that are known by then."""
    shelf = Reducer("shelf", (Shelved,), {}, _shelf)
    return shown(shelf, compute=lambda known: known.get("stray", 0))
