"""Rounds: small sets of hostile facts, each explored in every order, for processes with functions of their own.

The problem: the samples of a check have a few ordinary values, and a function may treat any other value specially. More
samples in one exploration are no help: its cost doubles with each. So there are many explorations, each of a few facts
(`saga.convergence.pools`), all drawn from the seed.

First come the facts for which a function broke a law (`saga.convergence.laws`), completed by facts of the other types
until the difference shows in an end state. A break that no history shows is a note: nobody can observe it. Then come
facts with which an answer turns into another one. A round has most of its facts of the types that one function is
about, and the functions take turns. The rounds end at the first finding, or when their nodes are used up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from saga.convergence.armed import about_armed
from saga.convergence.completions import LARGEST, completed, differing
from saga.convergence.exploration import Progress, explore
from saga.convergence.findings import Finding, Kind, story
from saga.convergence.functions import functions_of, numbers_in
from saga.convergence.inquiry import Asked, ask_all
from saga.convergence.laws import LawBreak
from saga.convergence.pools import Pools
from saga.convergence.related import related
from saga.convergence.sampling import Chance
from saga.core import Fact, Process

MOST_ROUND_NODES: Final = 5_000
"""The nodes of all rounds together."""
MOST_ROUNDS: Final = 150
_MOST_OF_ONE: Final = 600
_MOST_TURN_NODES: Final = 2_500
_MOST_COUNTED: Final = 6
"""The greatest number that is taken for a bound on how many there may be."""


@dataclass(slots=True)
class Search:
    """What the rounds found.

    ``facts`` are all that were explored; ``notes`` name broken laws that nothing shows, ``missed`` code that never ran.
    ``asked`` is the number of sets of facts that the functions were asked about.
    """

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    asked: int = 0
    rounds: int = 0
    nodes: int = 0
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Target:
    """A function, by the types of messages that it is about, and how many of one type it may count."""

    kinds: tuple[type, ...]
    counts: tuple[int, ...]


def search(process: Process, templates: Sequence[Fact], seed: int, progress: Progress) -> Search:
    """The findings of all rounds. ``templates`` are facts that the classes accept."""
    found = Search()
    pools, chance = Pools(process, templates), Chance(seed)
    targets = _targets(process)
    if not targets:
        return found
    asked = Asked()
    try:
        shown: list[LawBreak] = []
        for asked in ask_all(process, pools, chance):
            _show_breaks(found, pools, chance, [one for one in asked.breaks if one not in shown], progress)
            shown = asked.breaks
            found.asked = asked.sets
            if found.findings or found.interrupted:
                break
        else:
            found.missed += dict.fromkeys(asked.missed)
        _show_turns(found, pools, chance, asked.turns, progress)
    except KeyboardInterrupt:
        found.interrupted = True
    begun = found.nodes, found.rounds
    while not _is_over(found, *begun):
        number = found.rounds - begun[1]
        instance = pools.instances[number % len(pools.instances)]
        target = targets[number % len(targets)]
        few = _kept_or_related(pools, chance, target, asked.kept)
        facts = _completed_once(pools, chance, few) if few else _round(pools, chance, target, instance)
        _explore(found, process, facts, progress)
    return found


def _is_over(found: Search, nodes: int, rounds: int) -> bool:
    is_spent = found.nodes - nodes >= MOST_ROUND_NODES or found.rounds - rounds >= MOST_ROUNDS
    return bool(found.findings) or found.interrupted or is_spent


def _targets(process: Process) -> list[_Target]:
    found = []
    for function, registers in functions_of(process):
        heard = {kind for register in registers for kind in register.inputs}
        kinds = tuple(kind for kind in process.message_types.values() if kind in heard)
        numbers = {one for one in numbers_in(function) if type(one) is int and 2 <= one < _MOST_COUNTED}
        if kinds:
            found.append(_Target(kinds, tuple(sorted(numbers))))
    return found


def _explore(found: Search, process: Process, facts: Sequence[Fact], progress: Progress) -> list[Finding]:
    """Explore these facts in every order; adds and returns the findings."""
    nodes, sets = found.nodes, 2 ** len(facts)
    explored = explore(
        process, facts, progress=lambda number, _: progress(nodes + number, sets), most_nodes=_MOST_OF_ONE
    )
    found.rounds += 1
    found.nodes += len(explored.nodes)
    found.interrupted |= explored.interrupted
    found.facts += facts
    # Whether a bound on what an instance holds is reached says something about the number of facts alone.
    new = [one for one in (*explored.findings, *about_armed(explored)) if one.kind is not Kind.BEYOND]
    found.findings += new
    return new


def _show_breaks(found: Search, pools: Pools, chance: Chance, breaks: Sequence[LawBreak], progress: Progress) -> None:
    """Look for a history that shows each broken law; a note for those that none shows."""
    for sentence in dict.fromkeys(one.sentence for one in breaks):
        several = [one.facts for one in breaks if one.sentence == sentence]
        facts = several[0]
        if next(one for one in breaks if one.sentence == sentence).is_fault:
            found.findings.append(Finding(Kind.FAILS, f"{sentence}: {story(facts, facts)}", facts))
        elif _is_shown(found, pools, chance, several, progress):
            found.notes = [one for one in found.notes if not one.startswith(sentence)]
        elif not found.interrupted and not any(one.startswith(sentence) for one in found.notes):
            values = " -> ".join(_shown(pools.process, fact) for fact in facts)
            found.notes.append(f"{sentence} ({values}); no history was found in which that changes an end state")
        if found.interrupted:
            return


def _is_shown(
    found: Search, pools: Pools, chance: Chance, several: Sequence[Sequence[Fact]], progress: Progress
) -> bool:
    """Whether a history shows the law that these facts broke."""
    for few in several:
        for facts in completed(pools, chance, few):
            if _explore(found, pools.process, facts, progress):
                return True
            if found.interrupted:
                return False
    beside = differing(pools.process, pools, chance, several)
    return beside is not None and bool(_explore(found, pools.process, beside, progress))


def _show_turns(
    found: Search, pools: Pools, chance: Chance, turns: Sequence[Sequence[Fact]], progress: Progress
) -> None:
    """Look for findings where an answer turns into another one."""
    begun = found.nodes
    for number in range(3):
        for few in turns:
            if found.findings or found.interrupted or found.nodes - begun > _MOST_TURN_NODES:
                return
            for facts in list(completed(pools, chance, few, most=2))[number : number + 1]:
                _explore(found, pools.process, facts, progress)


def _kept_or_related(
    pools: Pools, chance: Chance, target: _Target, kept: Sequence[tuple[Fact, ...]]
) -> tuple[Fact, ...]:
    """For half of the rounds: facts that have to do with one another, or with which other code runs."""
    how = chance.below(4)
    if how == 0:
        return related(pools, target.kinds, chance)
    return chance.one_of(kept) if how == 1 and kept else ()


def _completed_once(pools: Pools, chance: Chance, few: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """The facts, alone or with others beside them."""
    ways = list(completed(pools, chance, few))
    return ways[chance.below(len(ways))]


def _round(pools: Pools, chance: Chance, target: _Target, instance: object) -> tuple[Fact, ...]:
    """The facts of one round: some that the function is about, and some of other types."""
    wanted = chance.shuffled(target.kinds)[:3]
    many = 2 + chance.below(3)
    if target.counts and chance.below(3) == 0:
        many = min(target.counts[chance.below(len(target.counts))] + 1, LARGEST)
        wanted = wanted[:1]
    wanted += [wanted[chance.below(len(wanted))] for _ in range(max(many - len(wanted), 0))]
    others = [kind for kind, known in pools.templates.items() if known and kind not in wanted]
    room = max(LARGEST - len(wanted) - chance.below(2), 1)
    facts: list[Fact] = []
    for kind in (*wanted, *chance.shuffled(others)[:room]):
        is_plain = kind not in wanted and chance.below(2) == 0
        drawn = None if is_plain else pools.draw(kind, chance, facts, instance)
        if drawn is None and pools.templates[kind]:
            drawn = pools.template(kind, chance, instance)
        if drawn is not None and drawn not in facts:
            facts.append(drawn)
    return tuple(facts)


def _shown(process: Process, fact: Fact) -> str:
    values = ", ".join(f"{name} {value!r}" for name, value in fact.fields.items() if name != process.correlate)
    return f"{fact.kind.__name__} {values}".strip()
