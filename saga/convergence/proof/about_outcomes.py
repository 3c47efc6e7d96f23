"""The obligation of final outcomes: no message leads away from an outcome that is announced as final."""

from collections.abc import Iterator

from saga.convergence.proof.space import Space
from saga.convergence.proof.subject import Obstacle, Subject
from saga.core import Announces
from saga.core.words import is_among


def final_outcomes_stay(subject: Subject) -> Iterator[Obstacle]:
    """What is announced as final stays the outcome, whatever still comes."""
    announces = subject.process.announces
    if announces is None or not announces.final:
        return
    table = subject.process.outcomes
    once = [kind for kind in subject.kinds if kind in subject.once]
    if list(subject.first_met([table], [], lambda space: _left(subject, announces, space))):
        yield from subject.first_met([table], once, lambda space: _left(subject, announces, space))


def _left(subject: Subject, announces: Announces, space: Space) -> Iterator[Obstacle]:
    table = subject.process.outcomes
    outcomes = space.cells(table)
    reported: set[int] = set()
    for state, row in enumerate(space.steps):
        here = outcomes[state]
        if not is_among(here, announces.final) or id(here) in reported:
            continue
        for kind in row:
            if kind in subject.once and kind in space.positions and space.heard(kind, state):
                continue
            if others := [outcomes[after] for after in space.after(state, kind) if outcomes[after] is not here]:
                reported.add(id(here))
                yield Obstacle(
                    "final outcome",
                    f"{here.value} is announced as final, and {kind.__name__} may lead to {others[0].value}:"
                    " leave it out of final",
                )
                break
