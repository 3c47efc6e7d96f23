"""Inquiries: the functions of a process are asked about many facts, whether they keep their laws.

Values are swept first (`saga.convergence.sweeps`), each alone and in pairs. Then come all subsets of a few facts that
have to do with one another (`saga.convergence.related`) or have few values each (`saga.convergence.small_worlds`), and
then drawn ones. Facts with which code ran that ran with no others are kept; half of the later ones are made of these.

There is no law that a derived column keeps its value, or that a selection only grows. But where one does not, orders
may differ. So facts with which an answer turns are handed on to the rounds (`saga.convergence.rounds`) as well.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import combinations
from typing import Any, Final

from saga.convergence.functions import caches_reached, has_iterator, is_expression
from saga.convergence.laws import (
    CHANGES,
    LEARNS,
    REMEMBERS,
    USES_UP,
    LawBreak,
    Question,
    copied,
    drawn_facts,
    held_after,
    questions_of,
    readers_of,
)
from saga.convergence.pools import Pools
from saga.convergence.related import related
from saga.convergence.sampling import Chance
from saga.convergence.small_worlds import SmallWorlds
from saga.convergence.sweeps import Sweeps
from saga.convergence.traces import Traces
from saga.core import Fact, Process
from saga.core.plain import is_same

TRIALS: Final = 500
"""Drawn sets of facts that each function is asked about."""
_RELATED: Final = 120
"""Sets of related facts that each function is asked about."""
WORLDS: Final = 3_000
"""Small worlds that all functions together are asked about."""
WORLDS_OF_REDUCERS: Final = 700
"""The same for reducers, which are asked in several orders."""
WORLDS_OF_EXPRESSIONS: Final = 700
"""The same for expressions."""
_PAIRS: Final = 40_000
"""Pairs of values that all functions together are asked about."""
_MOST_BREAKS: Final = 5
"""Of one law: not each of them shows in a history."""
_MOST_ALIKE: Final = 2
"""Of those, with one number of facts: what does not show with two facts may with three."""
_MOST_TURNS: Final = 2
_MOST_LOOKS: Final = 50
"""Broken sets of one size: further ones would say the same."""
_USUAL: Final = 3
"""Facts of each type, and values of each field, that a function is asked about before all others, and again later."""
_FAULTS: Final = (CHANGES, LEARNS, REMEMBERS, USES_UP)


Numbers = tuple[int, ...]


@dataclass(slots=True)
class Asked:
    """The laws that the functions broke, facts with which an answer turns, and facts with which other code runs."""

    breaks: list[LawBreak] = field(default_factory=list)
    turns: list[tuple[Fact, ...]] = field(default_factory=list)
    kept: list[tuple[Fact, ...]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    sets: int = 0
    """Sets of facts that all functions together were asked about."""


def ask_all(process: Process, pools: Pools, chance: Chance) -> Iterator[Asked]:
    """What the functions answered: first about swept values, then about sets of facts too. Later ones have it all.

    A function may be found out by the first. Expressions keep their laws, so for them small worlds are enough.
    """
    questions = [one for one in questions_of(process) if any(pools.templates[kind] for kind in one.kinds)]
    alike = Counter(is_expression(one.function) for one in questions)
    everything = list(readers_of(process))
    inquiries = []
    for question in questions:
        readers = [one for one in everything if question.answer is None and _reads(one, question)]
        inquiry = Inquiry(question, pools, chance, readers, share=1 / alike[is_expression(question.function)])
        inquiries.append(inquiry)
    own = [one for one in inquiries if not is_expression(one.question.function)]
    for inquiry in own:
        inquiry.sweep(_PAIRS)
        inquiry.mix_up()
        inquiry.recall()
    yield _asked(inquiries)
    for inquiry in (one for one in inquiries if one not in own):
        inquiry.imagine(WORLDS_OF_EXPRESSIONS)
    for inquiry in own:
        inquiry.relate()
        inquiry.recall()
        worlds = WORLDS if inquiry.question.answer else WORLDS_OF_REDUCERS
        inquiry.imagine(worlds)
        inquiry.draw()
        inquiry.recall()
    yield _asked(inquiries)


def _asked(inquiries: Sequence["Inquiry"]) -> Asked:
    """What was found by now; of each broken law a few sets of facts, the smallest first."""
    found = Asked()
    for inquiry in inquiries:
        for several in inquiry.broken.values():
            found.breaks += sorted(several, key=lambda one: len(one.facts))[:_MOST_BREAKS]
        found.kept += inquiry.kept
        found.sets += inquiry.sets
        found.missed += inquiry.traces.missed()
        found.turns += [facts for several in inquiry.turns.values() for facts in several]
    return found


class Inquiry:
    """One function, asked about many facts: which laws it breaks, and where its answers turn."""

    def __init__(
        self, question: Question, pools: Pools, chance: Chance, readers: Sequence[Question] = (), *, share: float = 1
    ) -> None:
        self.question, self._pools, self._chance, self._readers, self._share = question, pools, chance, readers, share
        self.traces = Traces([question.function])
        self.broken: dict[str, list[LawBreak]] = {}
        self.turns: dict[str, list[tuple[Fact, ...]]] = {}
        self.kept: list[tuple[Fact, ...]] = []
        self.sets = 0
        self._broken_by_size = Counter[int]()
        self._answered: list[tuple[tuple[Fact, ...], Any]] = []

    def sweep(self, most: int) -> None:
        """Ask about each value, and about a share of ``most`` pairs of values or so."""
        question = self.question
        self._answer_first()
        sweeps = Sweeps(self._pools, question, self.traces)
        for facts in sweeps.singles():
            self._look(facts)
        for firsts, seconds in sweeps.pairs(int(most * self._share)):
            self._pair((), firsts, seconds)
        for before, firsts, seconds in sweeps.threes():
            for one in before:
                self._pair((one,), firsts, seconds)
        for facts in sweeps.counted():
            self._try(facts)

    def mix_up(self) -> None:
        """Ask about what earlier calls leave behind: in iterators, and in caches, for which 1 and 1.0 are equal."""
        if has_iterator(self.question.function):
            kind = next(one for one in self.question.kinds if self._pools.templates[one])
            self._note(f"{self.question.name} {USES_UP}", tuple(self._pools.templates[kind][:1]))
        caches = caches_reached(self.question.function)
        for kind in (one for one in self.question.kinds if caches and self._pools.templates[one]):
            for name in self._pools.fields(kind):
                for one, other in _equal(self._pools.values(kind, name)):
                    made = [self._pools.placed(kind, 0, {name: value}) for value in (one, other)]
                    facts = tuple(fact for fact in made if fact)
                    if len(facts) == len(made) and self._is_mixed_up(caches, *facts):
                        self._note(f"{self.question.name} {REMEMBERS}", facts)

    def _is_mixed_up(self, caches: Sequence[Any], one: Fact, other: Fact) -> bool:
        """Whether the answer about the other fact is another one after the function was asked about the one."""
        answers = []
        for before in ((), (one,)):
            for known in caches:
                known.cache_clear()
            for fact in before:
                _tried(self.question.call, (fact,))
            answers.append(_tried(self.question.call, (other,)))
        return _RAISED not in map(type, answers) and not is_same(*answers)

    def _answer_first(self) -> None:
        """Ask about usual facts before any others, and about a few other values of each field."""
        pools, kinds = self._pools, [kind for kind in self.question.kinds if self._pools.templates[kind]]
        usual = [fact for kind in kinds for fact in pools.templates[kind][:_USUAL]]
        valued = [
            pools.placed(kind, 0, {name: value})
            for kind in kinds
            for name in pools.fields(kind)
            for value in _some_of(pools.values(kind, name))
        ]
        for facts in (*((one,) for one in (*usual, *valued) if one), tuple(usual)):
            if not self._is_contradicting(facts):
                answer = _tried(self.question.call, copied(facts))
                kept = deepcopy(answer)
                # What is not even equal to its own copy can't be compared later.
                self._answered += [(facts, kept)] if type(kept) is _RAISED or is_same(kept, answer) else []

    def recall(self) -> None:
        """Ask about the first facts again: what was asked meanwhile must not matter."""
        for facts, answer in self._answered:
            again = _tried(self.question.call, copied(facts))
            if type(again) is not type(answer) or (type(answer) is not _RAISED and not is_same(again, answer)):
                self._note(f"{self.question.name} {LEARNS}", facts)

    def relate(self) -> None:
        """Ask about all subsets of facts that have to do with one another."""
        for _ in range(_RELATED):
            self._subsets(related(self._pools, self.question.kinds, self._chance))

    def imagine(self, most: int) -> None:
        """Ask about all subsets of small worlds, a share of ``most`` of them."""
        worlds = SmallWorlds(self._pools, self.question, self._chance)
        share = max(int(most * self._share), min(most, _RELATED))
        for _ in range(share if self._broken_by_size.total() < _MOST_LOOKS else share // 3):
            self._subsets(worlds.drawn())

    def _subsets(self, facts: Sequence[Fact]) -> None:
        """Ask about each subset, and about each fact as the last one of it.

        That is enough for all orders: if each subset has one value whichever fact is last, every order comes to it.
        """
        question = self.question
        held: dict[Numbers, Any] = {(): question.begin()}
        values: dict[Numbers, Any] = {(): _tried(question.value, held[()])}
        for chosen, endings in _lattice(len(facts)):
            self.sets += 1
            held[chosen] = _tried(question.taken, held[chosen[:-1]], facts[chosen[-1]])
            after = values[chosen] = _tried(question.value, held[chosen])
            for others, last in endings:
                if (before := values[others]) is not after:
                    self._step((*(facts[one] for one in others), facts[last]), held[others], before, after)
        for number in range(len(facts) if question.answer is None else min(len(facts), 1)):
            self._look((*facts[number + 1 :], *facts[: number + 1]))

    def _step(self, facts: tuple[Fact, ...], held: Any, before: Any, after: Any) -> None:
        """Compare the values before and after the last of these facts; ``held`` is what was held before it."""
        if type(before) is _RAISED:
            return
        if type(after) is _RAISED:
            self._look(facts)
        elif self.question.answer is not None:
            self._compare(facts, before, after)
        elif not is_same(reached := _tried(self.question.taken, held, facts[-1]), after):
            self._look(facts)
            if type(reached) is not _RAISED and not self._is_contradicting(facts):
                self._read(facts, reached, after)

    def _read(self, facts: tuple[Fact, ...], reached: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Note facts for which a reader of the reducer answers differently too: a history may show that."""
        for reader in self._readers:
            one, other = (_tried(reader.value, {**reader.begin(), **held}) for held in (reached, after))
            if not is_same(one, other):
                self._note(f"{self.question.name} and so {reader.name} come to another value in another order", facts)

    def draw(self) -> None:
        """Ask about drawn facts; those with which other code runs are kept and changed."""
        pools, chance, question = self._pools, self._chance, self.question
        traces, known, kept = self.traces, set[Any](), self.kept
        for number in range(TRIALS):
            is_new = not kept or number % 2 == 0
            facts = drawn_facts(pools, chance, question.kinds)
            if not is_new:
                facts = pools.altered(chance.one_of(kept), question.kinds, chance)
            if facts:
                lines, kind = traces.run(partial(question.call, copied(facts)))
                if not {*lines, kind} <= known:
                    known |= {*lines, kind}
                    kept.append(facts)
                self._look(facts)

    def _look(self, facts: tuple[Fact, ...]) -> None:
        """Ask about these facts, and about the last of them."""
        self.sets += 1
        if self._broken_by_size[len(facts)] >= _MOST_LOOKS or self._is_contradicting(facts):
            return
        # A function that changes what it gets must not change what the others get.
        if sentence := self.question.ask(copied(facts)):
            self._broken_by_size[len(facts)] += 1
            self._note(sentence, facts)
        elif self.question.answer:
            with suppress(Exception):  # another question reports it
                self._compare(facts, self.question.call(facts[:-1]), self.question.call(facts))

    def _try(self, facts: tuple[Fact, ...]) -> None:
        """Ask whether there is an answer at all."""
        self.sets += 1
        if type(_tried(self.question.call, facts)) is _RAISED:
            self._look(facts)

    def _pair(self, before: tuple[Fact, ...], firsts: Sequence[Fact], seconds: Sequence[Fact]) -> None:
        """Ask about each of the first with each of the second, after those before."""
        if self._broken_by_size[len(before) + 2] >= _MOST_LOOKS:
            return
        self.sets += len(firsts) * len(seconds)
        question = self.question
        base = _tried(held_after, question.registers, before)
        ones = [_tried(question.taken, base, fact) for fact in firsts]
        others = [_tried(question.taken, base, fact) for fact in seconds]
        values = [_tried(question.value, other) for other in others]
        for first, one in zip(firsts, ones, strict=True):
            for second, other, value in zip(seconds, others, values, strict=True):
                if first is not second and type(one) is not _RAISED:
                    both = _tried(question.taken, one, second)
                    self._step((*before, second, first), other, value, _tried(question.value, both))

    def _compare(self, facts: tuple[Fact, ...], before: Any, after: Any) -> None:
        """Note what the last fact takes back from an answer, or turns it into."""
        if before is after:
            return
        is_less = self.question.growth is not None and not self.question.growth(after, before)
        turn = self.question.turning(before, after) if self.question.turning else None
        known = self.turns.setdefault(turn, []) if turn else []
        is_new = turn and len(known) < _MOST_TURNS
        if not (is_less or is_new) or not all(map(self._pools.is_meant, facts)) or self._is_contradicting(facts):
            return
        if is_less:
            self._note(f"{self.question.name} takes something back when {facts[-1].kind.__name__} comes", facts)
        if is_new and not any(facts == one for one in known):
            known.append(facts)

    def _is_contradicting(self, facts: Sequence[Fact]) -> bool:
        return any(self._pools.contradict(one, other) for one, other in combinations(facts, 2))

    def _note(self, sentence: str, facts: tuple[Fact, ...]) -> None:
        known = self.broken.setdefault(sentence, [])
        if sum(len(one.facts) == len(facts) for one in known) < _MOST_ALIKE:
            known.append(LawBreak(sentence, facts, any(one in sentence for one in _FAULTS)))


@cache
def _lattice(size: int) -> Sequence[tuple[Numbers, Sequence[tuple[Numbers, int]]]]:
    """All subsets of so many numbers but the empty one, small ones first; each without one number, and that number."""
    subsets = [one for few in range(1, size + 1) for one in combinations(range(size), few)]
    return [(few, [(tuple(one for one in few if one != last), last) for last in few]) for few in subsets]


def _some_of(values: Sequence[Any]) -> Sequence[Any]:
    return values[:: max(len(values) // _USUAL, 1)]


def _reads(reader: Question, reducer: Question) -> bool:
    return any(one is reducer.registers[0] for one in reader.registers)


class _RAISED:
    """Stands for the answer of a function that raised."""


def _tried(call: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except Exception:  # noqa: BLE001 -- whatever a function of the declaration raises
        return _RAISED()


def _equal(values: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Both orders of each two values that are equal for Python, and not the same as JSON."""
    for one, other in combinations(values, 2):
        if one == other and not is_same(one, other):
            yield from ((one, other), (other, one))
