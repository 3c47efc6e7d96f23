"""Processor time of `saga check`: of its help, of a proof, and of a search. `make bench-check` runs it.

A proof is compared with `saga check --help` in the same run, because most of both is the start of the interpreter.
"""

import json
import resource
import subprocess
import sys

TARGETS = {
    "a proof, 30 types": "benchmarks.checking.processes:thirty",
    "a search, 10 types": "benchmarks.checking.processes:ten",
}
TIMES = 3


def seconds(*arguments: str) -> tuple[float, str]:
    """The least processor time of a few runs, and what the last one printed."""
    spent, printed = [], ""
    for _ in range(TIMES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "saga", "check", *arguments]
        made = subprocess.run(command, capture_output=True, text=True, check=True)
        after, printed = resource.getrusage(resource.RUSAGE_CHILDREN), made.stdout
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent), printed


def main() -> None:
    """Print a line for each."""
    help_seconds, _ = seconds("--help")
    print(f"saga check --help: {help_seconds:.2f} s of processor time")
    for name, target in TARGETS.items():
        took, printed = seconds(target, "--json")
        report = json.loads(printed)
        more = f"{took:.2f} s, {took - help_seconds:.2f} s more"
        print(f"{name}: {more}; {report['grade']}, {report['explored']} states explored")


if __name__ == "__main__":
    main()
