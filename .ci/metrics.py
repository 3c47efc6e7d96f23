"""The table of docs/metrics.md is that of the code.

It stands between markers; what is around it is written by hand.

Usage: python .ci/metrics.py          check
       python .ci/metrics.py --write  make the table anew
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from saga.metrics.instruments import Metric
from saga.metrics.table import TABLE

PAGE: Final = Path("docs/metrics.md")
PLACE: Final = re.compile(r"(<!-- metrics -->\n).*?(<!-- end of metrics -->\n)", re.DOTALL)


def rows() -> Iterator[str]:
    """The lines of the table."""
    yield "| metric | type | labels | meaning |"
    yield "|---|---|---|---|"
    yield from map(_row, TABLE)


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} |"


def main(arguments: list[str]) -> int:
    """Make the table, or compare it; 1 if it is another."""
    text = PAGE.read_text(encoding="utf-8")
    if not PLACE.search(text):
        print(f"metrics: {PAGE}: there is no <!-- metrics -->", file=sys.stderr)
        return 1
    table = "\n".join(rows())
    wanted = PLACE.sub(lambda place: f"{place[1]}\n{table}\n\n{place[2]}", text)
    if arguments == ["--write"]:
        PAGE.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        print(f"metrics: {PAGE} is not what the code says: `python .ci/metrics.py --write`", file=sys.stderr)
        return 1
    print(f"metrics: {PAGE} is what the code says")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
