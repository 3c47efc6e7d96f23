"""When a deadline was due must not matter: that depends on when it was armed, and so on the order and on the clock.

So histories with the input of a deadline run again with another time in its `due_at`, and have to end alike. A function
may compare that time with one of another input. So those are set near it, in the fields that take a time.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from saga.convergence.enumeration import HistoryResult, run_history
from saga.convergence.exploration import Exploration, differing_effects
from saga.convergence.findings import Finding, History, Kind, story
from saga.convergence.neighbours import accepted
from saga.convergence.pools import Pools
from saga.convergence.sampling import SEED, Chance
from saga.convergence.scheduled import emitted
from saga.core import Deadline, Fact, Process
from saga.messages.facts import read_fact

_TRIALS: Final = 60
_OTHERS: Final = 5
_SHIFTS: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=-1))
_NEAR: Final = tuple(timedelta(minutes=minutes) for minutes in (-1500, -90, -30, 0, 30, 90, 1500))


def about_due(found: Exploration) -> Iterator[Finding]:
    """One finding for each deadline of which something that is compared looks at when it was due."""
    if not found.samples or found.findings or found.interrupted:
        return
    pools, chance = Pools(found.process, found.samples), Chance(SEED)
    for deadline in (one for one in found.process.effects if isinstance(one, Deadline)):
        if found.process.registers_by_type.get(deadline.emits):
            yield from _of_deadline(found.process, deadline, pools, chance)


def _of_deadline(process: Process, deadline: Deadline, pools: Pools, chance: Chance) -> Iterator[Finding]:
    due = _emitted(process, deadline, pools, (timedelta(), *_SHIFTS))
    times = [one.fields.get("due_at") for one in _emitted(process, deadline, pools, _NEAR)]
    for _ in range(_TRIALS if len(due) > 1 else 0):
        others = _others(pools, chance, deadline, times)
        at = chance.below(len(others) + 1)
        histories = [(*others[:at], one, *others[at:]) for one in due]
        if difference := _difference(process, deadline, histories):
            yield difference
            return


def _emitted(process: Process, deadline: Deadline, pools: Pools, shifts: Sequence[timedelta]) -> list[Fact]:
    """The inputs of a deadline that is due then; none if their class refuses them, which is a finding of others."""
    found: list[Fact] = []
    for shift in shifts:
        with suppress(Exception):  # a validator of the user may raise anything
            found.append(emitted(process, deadline, pools.instances[0], shift))
    return found


def _others(pools: Pools, chance: Chance, deadline: Deadline, times: Sequence[Any]) -> tuple[Fact, ...]:
    """Facts of the other types in some order, most of them with times near the one at which the deadline is due."""
    facts: list[Fact] = []
    kinds = [kind for kind, known in pools.templates.items() if known and kind is not deadline.emits]
    for kind in chance.shuffled(kinds)[:_OTHERS]:
        fact = pools.template(kind, chance, pools.instances[0])
        fact = (chance.below(3) == 0 and pools.draw(kind, chance, facts, pools.instances[0])) or fact
        values = dict(fact.fields)
        for name, pool in pools.fields(kind).items():
            if not pool.is_key and chance.below(4):
                fitting = accepted(pool.adapter, [times[chance.below(len(times))]])
                values[name] = fitting[0] if fitting and isinstance(fitting[0], str) else values[name]
        with suppress(Exception):  # a validator of the user may raise anything
            fact = read_fact(kind, values)
        facts.append(fact)
    return tuple(facts)


def _difference(process: Process, deadline: Deadline, histories: Sequence[History]) -> Finding | None:
    """A finding if the histories, of which only the time of the deadline differs, end differently."""
    try:
        first, *others = [run_history(process, one) for one in histories]
    except Exception:  # noqa: BLE001 -- whatever a function of the declaration raises is a finding of others
        return None
    for other in others:
        if first.end_state != other.end_state and not first.contradicts and not other.contradicts:
            what = _what(first, other)
            sentence = (
                f"{what} depends on when {deadline.name} was due, which depends on when it was armed:"
                f" {story(first.history, first.history)}"
            )
            return Finding(Kind.DEPENDS_ON_MORE, sentence, first.history, other.history)
    return None


def _what(first: HistoryResult, other: HistoryResult) -> str:
    if first.end_state.outcome is not other.end_state.outcome:
        return f"whether the outcome is {first.end_state.outcome.value} or {other.end_state.outcome.value}"
    return f"what is commanded for {', '.join(differing_effects(first.end_state, other.end_state))}"
