"""Votes, approvals, chats, leases and profiles that are folded as they arrive."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from saga import Fact, Process
from tests.adversary.kit import Noted, case, noted
from tests.adversary.planted.seventh_messages import (
    Approved,
    Chatted,
    Claimed,
    Documented,
    Dosed,
    Listed,
    Moving,
    Patched,
    Place,
    Switched,
    Visited,
    Voted,
    folded,
    folded_once,
)

Fields = Mapping[str, Any]


@case(Voted("i", "v1", "ann", "red", 7), Voted("i", "v2", "ann", "blue", 7))
def a_vote_changed_in_one_minute() -> Process:
    """The later vote of a person counts, and of two in one minute the one that arrives last."""

    def vote(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        old = known.get(fact.fields["voter"], {"minute": -1})
        if fact.fields["minute"] < old["minute"]:
            return known
        return {**known, fact.fields["voter"]: {key: fact.fields[key] for key in ("minute", "choice")}}

    return folded({}, vote, Voted)


@case(Voted("i", "v1", "ann", "red", 1), Voted("i", "v2", "bob", "blue", 2))
def a_leader_who_is_only_overtaken() -> Process:
    """The choice that leads stays so until another has more votes, so a draw depends on who was ahead."""

    def vote(value: dict[str, Any], fields: Fields) -> dict[str, Any]:
        votes = {**value["votes"], fields["choice"]: value["votes"].get(fields["choice"], 0) + 1}
        leads = value["leader"] if votes.get(value["leader"], 0) >= votes[fields["choice"]] else fields["choice"]
        return {"votes": votes, "leader": leads}

    return folded_once(Voted, "vote_id", {"votes": {}, "leader": ""}, vote)


@case(Approved("i", "a1", "ann"), Approved("i", "a2", "ann"), Approved("i", "a3", "bob"))
def two_approvals_not_of_the_last() -> Process:
    """An approval counts if it is by another person than the last one, so ann, bob, ann are three."""

    def approve(value: dict[str, Any], fields: Fields) -> dict[str, Any]:
        more = fields["person"] != value["last"]
        return {"last": fields["person"], "number": value["number"] + more}

    return folded_once(Approved, "approval_id", {"last": "", "number": 0}, approve)


@case(Approved("i", "a1", "ann", "clerk"), Approved("i", "a2", "bob", "manager"))
def a_manager_after_a_clerk() -> Process:
    """The approval of a manager counts only if that of a clerk is there already."""

    def approve(known: list[str], fact: Fact) -> list[str]:
        role = fact.fields["role"]
        if role == "manager" and "clerk" not in known:
            return known
        return sorted({*known, role})

    return folded([], approve, Approved)


@case(Chatted("i", "e1", "m", "post", "hi"), Chatted("i", "e2", "m", "delete", ""))
def a_deleted_post_comes_back() -> Process:
    """Deleting removes a chat message that is there, and leaves no mark against one that is late."""

    def chat(known: dict[str, str], fact: Fact) -> dict[str, str]:
        if fact.fields["kind"] == "delete":
            return {key: text for key, text in known.items() if key != fact.fields["message"]}
        return {**known, fact.fields["message"]: max(known.get(fact.fields["message"], ""), fact.fields["text"])}

    return folded({}, chat, Chatted)


@case(Chatted("i", "e1", "m", "post", "hi", 1), Chatted("i", "e2", "m", "edit", "ho", 2))
def an_edit_before_its_post() -> Process:
    """An edit of a chat message that has not come is dropped."""

    def chat(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        name, version = fact.fields["message"], fact.fields["version"]
        if (fact.fields["kind"] == "edit" and name not in known) or known.get(name, [-1])[0] >= version:
            return known
        return {**known, name: [version, fact.fields["text"]]}

    return folded({}, chat, Chatted)


@case(Patched("i", "p1", 1, phone="1"), Patched("i", "p2", 2, email="e"), Patched("i", "p3", 3, phone="3"))
def versions_without_gaps() -> Process:
    """A patch is taken if it is the next version, and one that comes too early is dropped."""

    def patch(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.fields["version"] != known["version"] + 1:
            return known
        news = {key: fact.fields[key] for key in ("phone", "email") if fact.fields[key] is not None}
        return {**known, **news, "version": fact.fields["version"]}

    return folded({"version": 0}, patch, Patched)


@case(Patched("i", "p1", 1, phone="1"), Patched("i", "p2", 2, email="e"))
def one_version_for_all_fields() -> Process:
    """A patch of an older version is dropped whole, though it has a field that the newer one leaves out."""

    def patch(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if fact.fields["version"] <= known["version"]:
            return known
        news = {key: fact.fields[key] for key in ("phone", "email") if fact.fields[key]}
        return {**known, **news, "version": fact.fields["version"]}

    return folded({"version": -1}, patch, Patched)


@case(Patched("i", "p1", 1, phone="1"), Patched("i", "p2", 2, phone="2"))
def the_first_phone_that_is_given() -> Process:
    """A phone number is filled in once, if there is none."""
    return folded(None, lambda known, fact: known or fact.fields["phone"], Patched)


@case(Claimed("i", "c1", "4a", "ann"), Claimed("i", "c2", "4a", "bob"), Claimed("i", "c3", "4b", "ann"))
def a_seat_to_whom_comes_first() -> Process:
    """A seat is given to the first claim, and each passenger has one."""

    def seat(known: dict[str, str], fact: Fact) -> dict[str, str]:
        if fact.fields["seat"] in known or fact.fields["passenger"] in known.values():
            return known
        return {**known, fact.fields["seat"]: fact.fields["passenger"]}

    return folded({}, seat, Claimed)


@case(Claimed("i", "c1", "lock", "ann", 0), Claimed("i", "c2", "lock", "bob", 20), Claimed("i", "c3", "lock", "cy", 40))
def a_lease_until_it_expires() -> Process:
    """A lease of 30 minutes is taken over by a claim after its end, and a claim before is refused."""

    def lease(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if known["holder"] and fact.fields["minute"] < known["since"] + 30:
            return known
        return {"holder": fact.fields["passenger"], "since": fact.fields["minute"]}

    return folded({"holder": "", "since": 0}, lease, Claimed)


@case(Dosed("i", "d1", 0, 5), Dosed("i", "d2", 200, 5), Dosed("i", "d3", 400, 5))
def doses_six_hours_apart() -> Process:
    """A dose counts if no counted one is within six hours, whichever of the two was entered first."""

    def dose(known: list[int], fact: Fact) -> list[int]:
        minute: int = fact.fields["minute"]
        return known if any(abs(minute - one) < 360 for one in known) else sorted([*known, minute])

    return folded([], dose, Dosed)


@case(Visited("i", "v1", 1), Visited("i", "v2", 2), Visited("i", "v3", 3))
def a_streak_of_days() -> Process:
    """The day after the last one prolongs the streak, and every other day starts it again."""

    def visit(value: dict[str, int], fields: Fields) -> dict[str, int]:
        length = value["length"] + 1 if fields["day"] == value["last"] + 1 else 1
        return {"last": fields["day"], "length": length}

    return folded_once(Visited, "visit_id", {"last": -5, "length": 0}, visit)


@case(Visited("i", "v1", 1), Visited("i", "v2", 9), Visited("i", "v3", 5))
def sessions_that_are_not_bridged() -> Process:
    """A visit widens the first session within five days of it, and two sessions are never joined afterwards."""

    def visit(known: list[list[int]], fact: Fact) -> list[list[int]]:
        day: int = fact.fields["day"]
        for number, (first, last) in enumerate(known):
            if first - 5 <= day <= last + 5:
                wider = [min(first, day), max(last, day)]
                return sorted([*known[:number], wider, *known[number + 1 :]])
        return sorted([*known, [day, day]])

    return folded([], visit, Visited)


@case(Switched("i", "e1", "pause", 10), Switched("i", "e2", "resume", 30), Switched("i", "e3", "pause", 50))
def a_clock_paused_by_arrival() -> Process:
    """The time between a pause and the resume that arrives after it is left out of the service time."""

    def switch(value: dict[str, Any], fields: Fields) -> dict[str, Any]:
        if fields["kind"] == "pause":
            return {**value, "since": fields["minute"]}
        if value["since"] is None:
            return value
        return {"since": None, "paused": value["paused"] + max(0, fields["minute"] - value["since"])}

    return folded_once(Switched, "event_id", {"since": None, "paused": 0}, switch)


@case(Documented("i", "d1", "passport", is_valid=True), Documented("i", "d2", "bill", is_valid=False))
def a_bad_document_starts_again() -> Process:
    """An invalid document clears those that were accepted before it, and not those after."""

    def check(value: list[str], fields: Fields) -> list[str]:
        return sorted({*value, fields["kind"]}) if fields["is_valid"] else []

    return folded_once(Documented, "document_id", [], check)


def _instant(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = datetime(1, 1, 2)  # noqa: DTZ001 -- as careless as the process
    return parsed.replace(tzinfo=None) - (parsed.utcoffset() or datetime.resolution * 0)


@case(
    Moving("i", "n1", Place("A", "x"), "2030-01-01T12:00:00+00:00"),
    Moving("i", "n2", Place("B", "x"), "2030-01-01T13:00:00+01:00"),
)
def one_instant_in_two_zones() -> Process:
    """The latest address counts, and of two of one instant that is written in two zones the first."""

    def move(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        if known and _instant(fact.fields["since"]) <= _instant(known["since"]):
            return known
        return {"since": fact.fields["since"], "street": fact.fields["to"]["street"]}

    return folded({}, move, Moving)


@case(Moving("i", "n1", Place("A", "Bonn"), "1"), Moving("i", "n2", Place("B", ""), "2"))
def a_nested_city_that_is_kept() -> Process:
    """A notice without a city keeps the city that is known by then, within a nested address."""

    def move(known: dict[str, Any], fact: Fact) -> dict[str, Any]:
        new = fact.fields["to"]
        if (known["since"], known["street"]) >= (fact.fields["since"], new["street"]):
            return known
        city = new["city"] or known["city"]
        return {"since": fact.fields["since"], "street": new["street"], "city": city}

    return folded({"since": "", "street": "", "city": ""}, move, Moving)


@case(noted(1, "Anna"), noted(2, "ANNA"))
def names_equal_but_for_case() -> Process:
    """A name is added if none is equal to it in small letters, so its spelling is that of the first."""

    def add(known: list[str], fact: Fact) -> list[str]:
        text = fact.fields["text"]
        return known if text.lower() in [one.lower() for one in known] else sorted([*known, text])

    return folded([], add, Noted)


@case(Listed("i", "l1", ["a", "b"]), Listed("i", "l2", ["b", "c"]))
def lines_in_the_order_of_arrival() -> Process:
    """Lists are joined without doubles, and the lines stay in the sequence in which they came."""
    return folded([], lambda known, fact: list(dict.fromkeys([*known, *fact.fields["lines"]])), Listed)


@case(Listed("i", "l1", ["a", "b"]), Listed("i", "l2", []), Listed("i", "l3", ["c"]))
def an_empty_list_clears() -> Process:
    """An empty list means that all was withdrawn, but only what came before it."""

    def add(value: list[str], fields: Fields) -> list[str]:
        return sorted({*value, *fields["lines"]}) if fields["lines"] else []

    return folded_once(Listed, "list_id", [], add)
