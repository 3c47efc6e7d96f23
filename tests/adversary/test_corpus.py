"""The corpus is complete, and brute force confirms a part of it. `make adversary` runs the check over all of it."""

import pytest

from tests.adversary.brute import brute
from tests.adversary.brute_upgrades import confirm_upgrade
from tests.adversary.kit import CASES, UPGRADES, load
from tests.adversary.planted.table_effects import left_standing

load()

PLANTED = {target: case for target, case in CASES.items() if ".planted." in target}
HONEST = {target: case for target, case in CASES.items() if ".honest." in target}


def test_there_are_enough_of_each_and_each_says_what_it_is() -> None:
    assert len(PLANTED) >= 70
    assert len(HONEST) >= 70
    assert len(UPGRADES) >= 20
    reasons = [one.why for one in CASES.values()] + [one.why for one in UPGRADES.values()]
    assert all(why.endswith(".") for why in reasons)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("machines:first_wins", "diverges"),
        ("machines:a_counter_of_deliveries", "a repeat changes something"),
        ("table_deadlines:nothing_ends_the_wait", "waits"),
        ("table_deadlines:a_settled_outcome_that_a_deadline_leaves", "diverges"),
        ("table_effects:final_and_called_back", "undone"),
        ("table_effects:said_by_two", "sent twice"),
        ("raises:divided_by_zero_at_250", "fails"),
    ],
)
def test_brute_force_finds_what_is_planted(name: str, kind: str) -> None:
    case = CASES[f"tests.adversary.planted.{name}"]
    assert kind in brute(case.process, case.facts)


@pytest.mark.parametrize(
    "name", ["tables:made_and_voided", "business:an_order", "functions:the_best_three_by_amount_and_id"]
)
def test_brute_force_finds_nothing_in_what_is_honest(name: str) -> None:
    case = CASES[f"tests.adversary.honest.{name}"]
    assert brute(case.process, case.facts) == {}


def test_a_fact_that_is_no_input_is_refused() -> None:
    with pytest.raises(ValueError, match="no inputs"):
        brute(left_standing, CASES["tests.adversary.planted.folds:a_running_mean"].facts)


def test_that_an_upgrade_is_harmful_or_harmless_is_confirmed() -> None:
    pairs = list(UPGRADES.values())
    assert [bool(confirm_upgrade(pair)) for pair in pairs] == [pair.is_harmful for pair in pairs]
