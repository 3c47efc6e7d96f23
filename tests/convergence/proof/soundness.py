"""Draws random processes, and runs those that are proved through every history: none may show a fault.

python -m tests.convergence.proof.soundness COUNT [SEED]
"""

import sys
from collections import Counter
from collections.abc import Sequence
from random import Random

from saga.convergence.proof import OBLIGATIONS, prove
from saga.convergence.proof.prove import Obligation
from tests.convergence.proof.brute import faults
from tests.convergence.proof.drawn import drawn_process, facts_of


def look(seed: int, obligations: Sequence[Obligation] = OBLIGATIONS) -> tuple[str, str]:
    """What became of the process with this seed: refused, not proved, held or refuted; and the fault, if any."""
    draw = Random(seed)
    process = drawn_process(draw)
    if process is None:
        return "refused", ""
    is_proved = prove(process, obligations).is_complete
    found = None
    for _ in range(2):
        found = found or next(faults(process, facts_of(draw, process)), None)
    if is_proved:
        return ("refuted", found) if found else ("held", "")
    return ("not proved, faulty", found) if found else ("not proved, nothing found", "")


def main(count: str, first: str = "0") -> int:
    """Look at as many; print how many were what."""
    counts: Counter[str] = Counter()
    for seed in range(int(first), int(first) + int(count)):
        what, fault = look(seed)
        counts[what] += 1
        if what == "refuted":
            print(f"seed {seed}: proved, and {fault}", flush=True)
    print(dict(counts))
    return 1 if counts["refuted"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
