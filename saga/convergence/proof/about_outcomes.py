"""The obligation of final outcomes: no message leads away from an outcome that is announced as final.

A reader who acts on a final announcement can't take it back. So it is not enough that a search found no message that
leads away: without a proof a final outcome is a finding.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from saga.convergence.proof.about_parts import LAW, PART
from saga.convergence.proof.space import Space
from saga.convergence.proof.subject import Obstacle, Subject
from saga.core import Announces, Process
from saga.core.words import is_among

FINAL_OUTCOME: Final = "final outcome"


def unproved_finals(process: Process, obstacles: Sequence[Obstacle]) -> Iterator[str]:
    """Why it is not proved that what is announced as final stays, of a process with these obstacles to its proof.

    A function of the user's may come to any value, which the obligation allows for. What the user's own classes do is
    unknown, and so is what an expression comes to whose laws do not hold.
    """
    if process.announces is None or not process.announces.final:
        return
    left = [one.sentence for one in obstacles if one.obligation == FINAL_OUTCOME]
    yield from left
    if not left and (unknown := next((one for one in obstacles if one.obligation in (PART, LAW)), None)):
        names = ", ".join(sorted(str(one.value) for one in process.announces.final))
        yield f"it is not proved that {names} stays, which is announced as final: {unknown.sentence}"


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
                    FINAL_OUTCOME,
                    f"{here.value} is announced as final, and {kind.__name__} may lead to {others[0].value}:"
                    " leave it out of final",
                )
                break
