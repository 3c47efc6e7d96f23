"""Compares what both versions announce: what readers of the old version's announcements would believe for ever."""

from saga.convergence.findings import Kind
from saga.convergence.upgrade.live import Upgrade
from saga.core import Announces


def compare_announces(upgrade: Upgrade) -> None:
    """Report what readers of the old announcements no longer receive, or were given to be final and is not."""
    old, new = upgrade.old.announces, upgrade.new.announces
    if old is None:
        return
    version = upgrade.names[1]
    if new is None:
        sentence = f"{version} announces nothing: readers believe for ever what they received last"
        upgrade.report(Kind.DIVERGES, sentence, instead="keep announces")
        return
    now = {outcome.value: type_ for outcome, type_ in new.types.items()}
    final = {outcome.value for outcome in new.final}
    for outcome, type_ in old.types.items():
        if outcome.value in now and now[outcome.value] != type_:
            sentence = f"{outcome.value} was announced as {type_}, and {version} announces {now[outcome.value]}"
            upgrade.report(
                Kind.DIVERGES, f"{sentence}: who receives only the old one misses it", instead=f"keep {type_}"
            )
        if outcome in old.final and outcome.value not in final:
            sentence = f"{outcome.value} was announced as final, and {version} may leave it"
            upgrade.report(Kind.CANNOT_BE_UNDONE, sentence, instead="keep it final")
    if lost := [name for name in old.fields if name not in new.fields]:
        sentence = f"{version} announces without {', '.join(lost)}"
        upgrade.report(Kind.DIVERGES, f"{sentence}: readers may find their instance by it", instead="keep the fields")


def said_as_not_final(old: Announces | None, new: Announces | None) -> list[str]:
    """Outcomes that are final only under the new version: who received them already is not given."""
    if old is None or new is None:
        return []
    before = {outcome.value for outcome in old.types} - {outcome.value for outcome in old.final}
    return [
        f"an instance that is {outcome.value} already is not announced again as final"
        for outcome in sorted(new.final, key=lambda one: str(one.value))
        if outcome.value in before
    ]
