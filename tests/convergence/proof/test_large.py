"""A large process is proved without exploring anything; what it costs is measured by `make bench-check`."""

import pytest

from benchmarks.checking.processes import ten, thirty
from saga.convergence import Grade, check
from saga.convergence.proof import prove
from tests.convergence.proof.soundness import look

pytestmark = pytest.mark.pure


def test_a_process_with_thirty_types_and_nested_tables_is_proved_and_nothing_explored() -> None:
    assert len(thirty.message_types) == 30
    report = check(thirty)
    assert (report.grade, report.nodes, report.findings) == (Grade.PROVED, 0, ())


def test_one_with_a_function_of_its_own_is_not() -> None:
    assert [one.obligation for one in prove(ten).obstacles] == ["own function"]


@pytest.mark.parametrize("first", [0, 1_000, 2_000])
def test_no_random_process_that_is_proved_has_a_history_that_shows_the_opposite(first: int, seed: int) -> None:
    """Some hundred processes; `make soundness` looks at as many as one likes."""
    seen = [look(10_000 * seed + first + number) for number in range(100)]
    assert [fault for what, fault in seen if what == "refuted"] == []
    assert sum(what == "held" for what, _ in seen) > 3
