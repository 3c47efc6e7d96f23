"""Break any one cell of any table of the order process: somebody says so, or there is a reason why it is no break."""

from collections import Counter
from pathlib import Path

import pytest

from saga.convergence import check
from saga.core import Effect
from tests.convergence.mutation import (
    FACTS,
    Noticed,
    is_as_audited,
    judge,
    judged,
    mutants,
    table,
    the_order_process,
    why_equivalent,
)

pytestmark = pytest.mark.system

DOCUMENT = Path(__file__).parents[2] / "docs" / "convergence.md"


def test_the_unbroken_process_passes_all_who_look() -> None:
    process = the_order_process().build()
    assert check(process).converges
    assert check(process, FACTS).converges
    assert is_as_audited(process)


@pytest.mark.long
def test_every_broken_cell_is_noticed_and_what_is_not_is_no_other_process(capsys: pytest.CaptureFixture[str]) -> None:
    found = judged()
    with capsys.disabled():
        print(f"\n{table(found)}")  # noqa: T201 -- the share caught is what this test is read for
    unnoticed = [mutant for mutant, noticed in found if noticed is Noticed.NOBODY]
    assert [mutant.change for mutant in unnoticed if why_equivalent(mutant) is None] == []
    counts = Counter(noticed for _, noticed in found)
    share = (
        f"of {len(found)} mutants the declaration refuses {counts[Noticed.DECLARATION]}, the checker finds"
        f" {counts[Noticed.CHECKER]}, the auditor notices another {counts[Noticed.AUDITOR]}"
    )
    assert share in " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    explained = [mutant for mutant, _ in found if why_equivalent(mutant) is not None]
    assert [mutant.change for mutant in explained if mutant not in unnoticed] == []


def test_every_cell_has_mutants() -> None:
    draft = the_order_process()
    broken = [mutant.change for mutant in mutants()]
    for name, moves in draft.moves.items():
        for state, row in moves.items():
            for kind in row:
                assert any(change.startswith(f"{name} ({state.name}, {kind.__name__})") for change in broken)
    for cell in (*draft.outcomes, *draft.wants):
        assert any(change.startswith(f"({', '.join(state.name for state in cell)})") for change in broken)
    for effect in draft.effects.values():
        assert any(change.startswith(f"{effect.name} ") for change in broken)
        for condition in effect.commands if isinstance(effect, Effect) else ():
            assert any(change.startswith(f"{effect.name} ({condition.name})") for change in broken)


def test_no_broken_move_is_left_to_the_auditor() -> None:
    moves = [mutant for mutant in mutants() if mutant.table == "moves"]
    assert {judge(mutant.draft) for mutant in moves} == {Noticed.DECLARATION, Noticed.CHECKER}
