"""The tables of events, commands and announcements in docs/wire.md are those of the order process's contract.

They stand between markers; what is around them is written by hand.

Usage: python .ci/contract.py          check
       python .ci/contract.py --write  make the tables anew
"""

import re
import sys
from pathlib import Path
from typing import Final

from saga.contract import contract_of
from saga.contract.markdown import announcements, commands, events
from saga.orders import order_process

PAGE: Final = Path("docs/wire.md")
TABLES: Final = {"events": events, "commands": commands, "announcements": announcements}
PLACE: Final = re.compile(r"(<!-- contract: (\w+) -->\n).*?(<!-- end of contract -->\n)", re.DOTALL)


def made_anew(text: str) -> str:
    """The page with each table as the contract has it. Raises ValueError for a place that is missing or unknown."""
    contract = contract_of(order_process(), "saga")
    places = [name for _, name, _ in PLACE.findall(text)]
    if missing := [name for name in TABLES if name not in places]:
        raise ValueError(f"there is no <!-- contract: {missing[0]} -->")
    if unknown := [name for name in places if name not in TABLES]:
        raise ValueError(f"<!-- contract: {unknown[0]} --> is none of {', '.join(TABLES)}")
    return PLACE.sub(lambda place: f"{place[1]}\n{TABLES[place[2]](contract)}\n{place[3]}", text)


def main(arguments: list[str]) -> int:
    """Make the tables, or compare them; 1 if they are others."""
    text = PAGE.read_text(encoding="utf-8")
    try:
        wanted = made_anew(text)
    except ValueError as error:
        print(f"contract: {PAGE}: {error}", file=sys.stderr)
        return 1
    if arguments == ["--write"]:
        PAGE.write_text(wanted, encoding="utf-8")
    elif text != wanted:
        print(f"contract: {PAGE} is not what the contract says: `python .ci/contract.py --write`", file=sys.stderr)
        return 1
    print(f"contract: {PAGE} is what the contract says")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
