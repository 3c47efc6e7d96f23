"""Each obligation of the proof is needed: there is a process that breaks it alone, and that is wrong."""

import pytest

from saga.convergence.proof import OBLIGATIONS, prove
from tests.convergence.proof.breaking import BREAKING, CLAIMS_A_LAW, PAY, PAY_MORE, Breaking
from tests.convergence.proof.brute import faults

pytestmark = pytest.mark.pure
each = pytest.mark.parametrize("one", BREAKING, ids=lambda one: one.name.replace(" ", "-"))


@each
def test_a_process_that_breaks_an_obligation_is_not_proved(one: Breaking) -> None:
    assert prove(one.process).obstacles == prove(one.process, [one.obligation]).obstacles != ()


@each
def test_without_that_obligation_it_would_be_proved(one: Breaking) -> None:
    assert prove(one.process, [other for other in OBLIGATIONS if other is not one.obligation]).is_complete


@each
def test_it_is_wrong(one: Breaking) -> None:
    assert one.faulty == any(faults(one.process, one.facts))


def test_a_class_of_the_user_that_claims_laws_is_a_function_of_the_user() -> None:
    assert [one.obligation for one in prove(CLAIMS_A_LAW).obstacles][:1] == ["own function"]
    assert any(faults(CLAIMS_A_LAW, [PAY, PAY_MORE]))


def test_every_obligation_has_one() -> None:
    assert {one.obligation for one in BREAKING} == set(OBLIGATIONS)
