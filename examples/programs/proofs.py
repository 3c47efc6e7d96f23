"""What the tests of a process may ask beside `assert_converges`: here as a program, to see what comes of it.

python -m examples.programs.proofs
"""

from dataclasses import replace

from hypothesis import given

from examples.gallery.first_event_wins import diverging, mended
from saga import Fact
from saga.testing import (
    assert_same_everywhere,
    check,
    check_upgrade,
    counterexample,
    derive_samples,
    pairs_of_orders,
    run_history,
)


@given(pairs_of_orders(mended))
def two_orders_come_to_the_same(pair: tuple[tuple[Fact, ...], tuple[Fact, ...]]) -> None:
    """Two histories of the same facts, as hypothesis finds them."""
    one, other = (run_history(mended, history) for history in pair)
    assert one.outcomes[-1] == other.outcomes[-1]


def main() -> None:
    """Ask it of a process that converges, and of one that does not."""
    two_orders_come_to_the_same()
    assert_same_everywhere("examples.gallery.first_event_wins:mended")
    print(f"upgrade: {check_upgrade(mended, replace(mended, version=2))}")
    report = check(diverging, derive_samples(diverging))
    first = report.findings[0]
    print(f"{first.kind.value}: {first.sentence}")
    print(counterexample(first, report.process, report.samples))


if __name__ == "__main__":
    main()
