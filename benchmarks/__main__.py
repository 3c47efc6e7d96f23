"""Measures, shows and keeps the results. Only ratios within one run can be compared; nothing fails on a target."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import uvloop
from rich.console import Console

from benchmarks import results
from benchmarks.figures import WIDTH, Measured, table_of
from benchmarks.markdown import tables
from benchmarks.place import Place
from benchmarks.plot import plot
from benchmarks.programs import Checkout
from benchmarks.scenarios.table import SCENARIOS, Scenario
from benchmarks.sizes import FULL, SHORT, Sizes
from benchmarks.targets import judge_all, table_of_results
from saga.devstack.stack import LocalStack
from saga.logging import configure_logging
from saga.postgres.migrations import migrate
from saga.service import collect_rarely


def main() -> None:
    """Measure the chosen scenarios on one private stack."""
    arguments = _arguments()
    console = Console(width=WIDTH, stderr=arguments.json)
    chosen = [
        one for one in SCENARIOS if one.name in (arguments.only or ()) or not (arguments.only or one.is_asked_for)
    ]
    configure_logging("benchmark", "error")
    collect_rarely()
    with tempfile.TemporaryDirectory(prefix="saga-bench-") as logs, LocalStack.temporary(console.print) as stack:
        migrate(stack.addresses.database_url)
        place = Place(stack.addresses, Path(logs))
        known, measured = uvloop.run(_measure(place, _sizes(arguments), chosen, console))
    target_results = judge_all(measured)
    console.print(table_of_results(target_results), results.sentence(known))
    file = results.keep(kept := results.as_json(known, measured, target_results), known)
    picture = arguments.plot or file.with_suffix(".svg")
    picture.write_text(plot(measured, results.sentence(known)), encoding="utf-8")
    if arguments.markdown:
        arguments.markdown.write_text(tables(measured, target_results, results.sentence(known)), encoding="utf-8")
    console.print(f"Kept in {file}, drawn in {picture}")
    if arguments.json:
        sys.stdout.buffer.write(kept)
    if len(measured) < len(chosen):
        raise SystemExit(1)


async def _measure(
    place: Place, sizes: Sizes, chosen: Sequence[Scenario], console: Console
) -> tuple[results.Facts, dict[str, Measured]]:
    """Measure all scenarios and keep the results after each. A failure is printed and does not stop the others."""
    known = await results.facts(place)
    done: dict[str, Measured] = {}
    for scenario in chosen:
        console.print(f"\n[bold]{scenario.name}[/bold]: {scenario.purpose}")
        start = time.monotonic()
        try:
            done[scenario.name] = found = await scenario.measure(place, sizes)
        except Exception:  # noqa: BLE001 -- hours of measurements are not lost for one that fails; the exit code says it
            console.print_exception()
            continue
        for part in (table_of(found), *found.notes, f"{time.monotonic() - start:.0f} s"):
            console.print(part)
        results.keep(results.as_json(known, done, judge_all(done)), known)
    return known, done


def _arguments() -> argparse.Namespace:
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="at full size: some two hours, 30 GB of disk")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"of these: {', '.join(names)}")
    parser.add_argument("--rounds", type=int, help="another number of rounds")
    parser.add_argument("--messages", type=int, help="another number of messages to drain")
    cost = parser.add_argument_group("of the scenario cost")
    cost.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout, in alternating rounds")
    cost.add_argument(
        "--setting", nargs="+", default=(), metavar="SAGA_NAME=VALUE", help="held against having none of them"
    )
    cost.add_argument(
        "--beside", nargs="+", default=(), metavar="MODULE", help="programs, such as 'saga console'; the same"
    )
    parser.add_argument("--json", action="store_true", help="print the kept results; tables go to standard error")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw there, not beside the kept results")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there, for a document")
    return parser.parse_args()


def _sizes(arguments: argparse.Namespace) -> Sizes:
    sizes = FULL if arguments.full else SHORT
    settings = dict(one.split("=", 1) for one in arguments.setting)
    if arguments.against or settings or arguments.beside:
        against = Checkout(arguments.against.resolve()) if arguments.against else Checkout()
        sizes = replace(sizes, against=against, settings=settings, beside=tuple(arguments.beside))
    if arguments.rounds:
        sizes = replace(sizes, rounds=arguments.rounds)
    return replace(sizes, drained=arguments.messages) if arguments.messages else sizes


if __name__ == "__main__":
    main()
