"""Checks whether instances that began under an old version of a process continue correctly under a new one.

The problem: at an upgrade there are instances in every state that the old version can reach, and messages and timers
under way. Earlier inputs are not delivered again; the new version gets only the stored state and the later inputs.

The model: what a live instance holds is compared with what the new version would make of it. ``commanded`` compares
what each effect and deadline was commanded with what the new version wants in the same state, and ``declared`` the
declarations of what no sample was commanded. ``announced`` compares what readers were given. ``registers`` compares the
declarations of what is stored. ``messages`` compares how both versions read one message, which may be under way or come
again. ``onward`` lets the new version take in the missing facts in every order: the end state has to be that of the new
version alone with the same facts, the same outcome and the same net effect. ``valued`` makes further samples, for
functions of either version that name a value.

An effect that only the new version wants is commanded with the next input that changes the instance, not before: an
instance without further inputs stays as the old version left it. That is no divergence; ``at_rest`` lists such cases.
"""

from collections.abc import Collection, Sequence

from saga.convergence.exploration import MOST_NODES
from saga.convergence.finality import wanted_of
from saga.convergence.findings import Finding, Kind
from saga.convergence.upgrade.announced import compare_announces, said_as_not_final
from saga.convergence.upgrade.commanded import CommandedComparison
from saga.convergence.upgrade.live import LiveInstance, Upgrade, carried_over, prepare
from saga.convergence.upgrade.messages import compare_messages
from saga.convergence.upgrade.onward import continue_all
from saga.convergence.upgrade.registers import RegisterComparison
from saga.convergence.upgrade.valued import valued
from saga.core import Effect, Fact, Process

__all__ = ["at_rest", "check_upgrade"]


def check_upgrade(
    old: Process,
    new: Process,
    samples: Sequence[Fact] | None = None,
    *,
    most_nodes: int = MOST_NODES,
    no_longer_sent: Collection[str] = (),
) -> list[Finding]:
    """The problems of instances that began under ``old`` and continue under ``new``; empty if there are none.

    Each finding has a ``split``, which says where its history changes the version; its ``other`` is the history of the
    same facts under the new version alone. ``no_longer_sent`` names message classes of which none is under way or in a
    dead letter, so that the new version need not consume them.
    """
    upgrade = prepare(old, new, samples)
    if old.correlate != new.correlate:
        sentence = f"instances are found by {old.correlate}, and {upgrade.names[1]} looks for them by {new.correlate}"
        instead = f"keep {old.correlate}, or declare another process"
        upgrade.report(Kind.CANNOT_BE_READ, sentence, instead=instead)
        return upgrade.findings
    if old.name != new.name:
        sentence = f"the instances belong to {old.name}, and {new.name} does not see them"
        upgrade.report(Kind.CANNOT_BE_READ, sentence, instead=f"keep the name {old.name}")
    carried = _compare(upgrade, most_nodes)
    compare_announces(upgrade)
    compare_messages(upgrade, carried, frozenset(no_longer_sent))
    for few in valued(old, new) if samples is None and not upgrade.findings else ():
        further = prepare(old, new, few)
        _compare(further, most_nodes)
        if further.findings:
            upgrade.findings += further.findings
            break
    return sorted(upgrade.findings, key=lambda one: (list(Kind).index(one.kind), len(one.history)))


def _compare(upgrade: Upgrade, most_nodes: int) -> Sequence[LiveInstance]:
    """Compare all live instances that the samples lead to, and let each go on; returns them."""
    comparison, registers = CommandedComparison(upgrade), RegisterComparison(upgrade)
    carried: list[LiveInstance] = []
    for live in carried_over(upgrade, most_nodes):
        comparison.compare(live)
        registers.compare(live)
        carried.append(live)
    comparison.compare_unreached()
    registers.compare_unreached()
    continue_all(upgrade, carried, most_nodes)
    return carried


def at_rest(old: Process, new: Process, samples: Sequence[Fact] | None = None) -> list[str]:
    """Effects that the new version wants for instances of the old one, and commands only with their next input."""
    sentences: dict[str, None] = {}
    for live in carried_over(prepare(old, new, samples), MOST_NODES):
        state = live.upgraded.configuration.state
        outcome = new.outcomes.value(state.machines, state.registers).value
        for effect in new.effects:
            for name, condition in wanted_of(new, effect, state).items() if isinstance(effect, Effect) else ():
                last = state.commanded.get(name)
                was = last.condition if last is not None else getattr(getattr(effect, "initially", None), "value", None)
                if was != condition:
                    sentence = f"an instance that is {outcome} gets {effect.name} {condition} with its next input only"
                    sentences[sentence] = None
    return [*sentences, *said_as_not_final(old.announces, new.announces)]
