"""Rounds: small sets of hostile facts, each explored in every order, for processes with functions of their own.

The problem: the samples of a check have a few ordinary values, and a function may treat any other value specially. More
samples in one exploration are no help: its cost doubles with each. So there are many explorations, each of a few facts
(`saga.convergence.pools`), all drawn from the seed.

First come the facts for which a function broke a law (`saga.convergence.laws`), completed by facts of the other types
until the difference shows in an end state. A break that no history shows is a note: nobody can observe it.
A round has most of its facts of the types that one function is about, and the functions take turns. The rounds end at
the first finding, or when their nodes are used up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from saga.convergence.armed import about_armed
from saga.convergence.exploration import Progress, explore
from saga.convergence.findings import Finding, Kind, story
from saga.convergence.functions import functions_of, numbers_in
from saga.convergence.laws import LawBreak, broken_laws
from saga.convergence.pools import Pools
from saga.convergence.sampling import Chance
from saga.core import Fact, Process

MOST_ROUND_NODES: Final = 5_000
"""The nodes of all rounds together."""
MOST_ROUNDS: Final = 150
_MOST_OF_ONE: Final = 600
_LARGEST: Final = 6
_MOST_COUNTED: Final = 6
"""The greatest number that is taken for a bound on how many there may be."""
_COMPLETIONS: Final = 3


@dataclass(slots=True)
class Search:
    """What the rounds found. ``facts`` are all that were explored; ``notes`` name broken laws that nothing shows."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
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
    try:
        _show_breaks(found, pools, chance, broken_laws(process, pools, chance), progress)
    except KeyboardInterrupt:
        found.interrupted = True
    while not _is_over(found):
        instance = pools.instances[found.rounds % len(pools.instances)]
        _explore(found, process, _round(pools, chance, targets[found.rounds % len(targets)], instance), progress)
    return found


def _is_over(found: Search) -> bool:
    is_spent = found.nodes >= MOST_ROUND_NODES or found.rounds >= MOST_ROUNDS
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
        several = [one for one in breaks if one.sentence == sentence]
        shown = several[0].is_fault
        if shown:
            facts = several[0].facts
            found.findings.append(Finding(Kind.FAILS, f"{sentence}: {story(facts, facts)}", facts))
            continue
        for broken in several:
            for facts in _completed(pools, chance, broken.facts):
                shown = bool(_explore(found, pools.process, facts, progress))
                if shown or found.interrupted:
                    break
            if shown or found.interrupted:
                break
        if found.interrupted:
            return
        if not shown:
            values = " -> ".join(_shown(pools.process, fact) for fact in several[0].facts)
            found.notes.append(f"{sentence} ({values}); no history was found in which that changes an end state")


def _completed(pools: Pools, chance: Chance, facts: Sequence[Fact]) -> Iterator[tuple[Fact, ...]]:
    """The facts alone, with templates of the types that they lack, and with drawn ones."""
    few = tuple(facts[-_LARGEST:])
    yield few
    missing = [kind for kind, known in pools.templates.items() if known and not any(one.kind is kind for one in few)]
    for number in range(_COMPLETIONS if missing else 0):
        others = list(few)
        for kind in chance.shuffled(missing)[: max(_LARGEST + 1 - len(few), 1)]:
            drawn = pools.draw(kind, chance, others, pools.instances[0]) if number else None
            others.append(drawn or pools.template(kind, chance, pools.instances[0]))
        yield tuple(others)


def _round(pools: Pools, chance: Chance, target: _Target, instance: object) -> tuple[Fact, ...]:
    """The facts of one round: some that the function is about, and some of other types."""
    wanted = chance.shuffled(target.kinds)[:3]
    many = 2 + chance.below(3)
    if target.counts and chance.below(3) == 0:
        many = min(target.counts[chance.below(len(target.counts))] + 1, _LARGEST)
        wanted = wanted[:1]
    wanted += [wanted[chance.below(len(wanted))] for _ in range(max(many - len(wanted), 0))]
    others = [kind for kind, known in pools.templates.items() if known and kind not in wanted]
    room = max(_LARGEST - len(wanted) - chance.below(2), 1)
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
