"""The check against the corpus: what it catches, and what it says wrongly. `make adversary` runs it."""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from saga.testing import Grade, assert_same_everywhere, check, check_upgrade
from tests.adversary.brute import confirm
from tests.adversary.brute_upgrades import confirm_upgrade
from tests.adversary.kit import CASES, UPGRADES, load

SECONDS: Final = 60
"""Of processor time, for one case."""
_SECONDS_ON_THE_CLOCK: Final = 600.0
AT_ONCE: Final = 2
LEAST_CAUGHT: Final = 0.95

Answer = dict[str, Any]


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def examine(target: str) -> Answer:
    """What the check says of one case."""
    load(target)
    if target in UPGRADES:
        pair = UPGRADES[target]
        found = check_upgrade(pair.old, pair.new)
        return {"findings": [f"{one.kind.value}: {one.sentence}" for one in found], "is_proved": False}
    process = CASES[target].process
    report = check(process)
    findings = [f"{one.kind.value}: {one.sentence}" for one in report.findings]
    if not findings:
        try:
            assert_same_everywhere(target)
        except AssertionError as error:
            findings.append(f"other interpreters: {str(error).splitlines()[0]}")
    return {
        "findings": findings,
        "is_proved": report.grade is Grade.PROVED and not findings,
        "grade": report.grade.value,
    }


def in_child(target: str) -> Answer:
    """The answer of a process of its own, which is stopped when its time is over."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.adversary", "--one", target],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    answer: Answer = {"findings": [], "is_proved": False}
    try:
        out, error = child.communicate(timeout=_SECONDS_ON_THE_CLOCK)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        answer["trouble"] = f"no answer within {_SECONDS_ON_THE_CLOCK:.0f} s on the clock"
    else:
        if child.returncode == -signal.SIGXCPU:
            answer["trouble"] = f"no answer within {SECONDS} s of processor time"
        elif child.returncode:
            answer["trouble"] = (error.strip().splitlines() or ["?"])[-1]
        else:
            answer |= json.loads(out.splitlines()[-1])
    return answer


def part_of(target: str) -> str:
    """planted, honest or upgrades."""
    return target.split(".")[2]


def why(target: str) -> str:
    """The sentence of a case."""
    return UPGRADES[target].why if target in UPGRADES else CASES[target].why


def is_right(target: str, answer: Answer) -> bool:
    """Whether the answer is what it has to be; no answer is never right."""
    is_wrong = bool(answer["findings"])
    if "trouble" in answer:
        return False
    if target in UPGRADES:
        return is_wrong == UPGRADES[target].is_harmful
    return is_wrong == (part_of(target) == "planted")


def _chosen(only: str | None) -> list[str]:
    load()
    return [one for one in (*CASES, *UPGRADES) if only is None or only in one]


def _summary(answers: dict[str, Answer]) -> bool:
    starts = [one for one in answers if one in CASES and CASES[one].shown_by == "starts"]

    def of(part: str) -> list[str]:
        return [one for one in answers if part_of(one) == part and one not in starts]

    def right(part: str) -> int:
        return sum(is_right(one, answers[one]) for one in of(part))

    alarms = [one for one in of("honest") if answers[one]["findings"]]
    proved = [one for one in of("planted") if answers[one]["is_proved"]]
    silent = [one for one in answers if "trouble" in answers[one]]
    say(f"caught of planted: {right('planted')} of {len(of('planted'))}")
    say(f"false alarms of honest: {len(alarms)} of {len(of('honest'))}")
    say(f"answers right of upgrades: {right('upgrades')} of {len(of('upgrades'))}")
    say(f"graded proved but divergent: {len(proved)}")
    say(f"no answer: {len(silent)}")
    say(f"declared otherwise at another start, which a worker refuses: {len(starts)}")
    planted = of("planted")
    return not alarms and not proved and (not planted or right("planted") >= LEAST_CAUGHT * len(planted))


def _answered(target: str) -> Answer:
    """The answer about a case, which is printed at once if it is wrong."""
    answer = in_child(target)
    if not is_right(target, answer):
        said = answer.get("trouble") or "; ".join(answer["findings"])[:160] or "nothing found"
        grade = " (as a proof)" if answer["is_proved"] else ""
        say(f"{part_of(target)} {target.partition('.')[2]}: {why(target)}\n    {said}{grade}")
    return answer


def _in_parallel(examine_one: Callable[[str], Answer], targets: Iterable[str]) -> dict[str, Answer]:
    listed = list(targets)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(listed, pool.map(examine_one, listed), strict=True))


def _confirmed(targets: Iterable[str]) -> bool:
    """Whether brute force says of each case what the corpus does."""
    is_right_of_all = True
    for target in targets:
        if target in UPGRADES:
            problems, is_expected = confirm_upgrade(UPGRADES[target]), UPGRADES[target].is_harmful
        else:
            problems, is_expected = confirm(target), part_of(target) == "planted"
        is_as_said = bool(problems) == is_expected
        is_right_of_all = is_right_of_all and is_as_said
        shown = "; ".join(f"{kind}: {what}" for kind, what in problems.items())
        say(f"{'as said' if is_as_said else 'NOT AS SAID'}: {target} {shown[:200]}")
    return is_right_of_all


def main() -> int:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.adversary", description=__doc__)
    parser.add_argument("--only", help="the cases whose names have this in them")
    parser.add_argument("--list", action="store_true", help="name the cases, and check nothing")
    parser.add_argument("--brute", action="store_true", help="confirm by brute force what the corpus says of the cases")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, resource.RLIM_INFINITY))
        say(json.dumps(examine(arguments.one)))
        return 0
    targets = _chosen(arguments.only)
    if arguments.list:
        for target in targets:
            say(f"{target}: {why(target)}")
        return 0
    if arguments.brute:
        return 0 if _confirmed(targets) else 1
    return 0 if _summary(_in_parallel(_answered, targets)) else 1


if __name__ == "__main__":
    sys.exit(main())
