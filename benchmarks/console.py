"""How long the console's pages take among many instances: one client, page after page, on a private PostgreSQL.

The database is the one in which tests hold the plan of each statement, larger: as many instances, timers, messages and
log entries as asked for, dead letters and operations. The console is a process of its own. The figure is the time from
the request to the last byte, over HTTP on this machine.

    .venv/bin/python -m benchmarks.console [--instances 10000000] [--requests 40] [--json FILE]
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from saga.devstack.stack import LocalStack
from saga.postgres.migrations import migrate
from tests.plans.filling import analyze, fill

REACH_MS: Final = 200.0
"""What the 95th percentile of every page should stay under."""
PAGES: Final = (
    "/",
    "/find?q={settled}",
    "/find?q=o-99",
    "/instances/order",
    "/instances/order?settled=no",
    "/instances/order?outcome=paid&settled=yes&in.payment=paid",
    "/instances/order?as=csv&limit=200",
    "/instances/order/{settled}",
    "/instances/order/{open}",
    "/audit?process=order&id={settled}",
    "/stuck",
    "/dead-letters",
    "/dead-letters?state=all",
    "/dead-letters?group={group}",
    "/dead-letters/{letter}",
    "/dead-letters/confirm?do=redrive&group={group}",
    "/modules",
    "/modules/order-process?internal=yes",
    "/cursors",
    "/timers",
    "/outbox",
    "/operations",
    "/operations/1000",
    "/processes/order",
    "/processes/order/orders",
)
NAMES: Final = {
    "settled": "SELECT process_id FROM saga.instance WHERE settled ORDER BY process_id DESC LIMIT 1",
    "open": "SELECT process_id FROM saga.instance WHERE NOT settled LIMIT 1",
    "letter": "SELECT max(dead_letter_id) FROM saga.dead_letter WHERE state = 'open'",
}


@contextmanager
def console_on(database_url: str) -> Iterator[str]:
    """A console of its own process; gives its address."""
    names = {"SAGA_DATABASE_URL": database_url, "SAGA_AMQP_URL": "", "SAGA_FEED": "pull"}
    names["SAGA_CONSOLE_OPERATOR_DATABASE_URL"] = database_url
    command = [sys.executable, "-m", "saga", "console", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, env=os.environ | names, stderr=subprocess.PIPE, text=True) as child:
        try:
            assert child.stderr is not None
            yield next(said["address"] for line in child.stderr if (said := json.loads(line))["event"] == "ready")
        finally:
            child.terminate()


async def named(database_url: str) -> dict[str, str]:
    """What the addresses of pages name."""
    connection = await asyncpg.connect(database_url)
    try:
        return {name: str(await connection.fetchval(statement)) for name, statement in NAMES.items()}
    finally:
        await connection.close()


def measured(address: str, names: dict[str, str], requests: int) -> dict[str, list[float]]:
    """Milliseconds of each page; the first answer is not counted. A page that fails is said at once."""
    taken: dict[str, list[float]] = {}
    with httpx.Client(base_url=address, headers={"Accept": "text/html"}, timeout=60) as client:
        while "note" in client.get("/processes/order?as=json").json():
            pass  # the process is being checked, which takes the processor
        names = names | {"group": client.get("/dead-letters").text.partition("group=")[2][:32]}
        for page in PAGES:
            path, times = page.format(**names), []
            status = client.get(path).status_code
            for _ in range(requests):
                began = time.perf_counter()
                client.get(path)
                times.append((time.perf_counter() - began) * 1_000)
            taken[page if status == httpx.codes.OK else f"{page} ({status})"] = times
    return taken


def shown(taken: dict[str, list[float]], instances: int, gigabytes: float) -> Table:
    """The table for people, the slowest page first."""
    table = Table(title=f"Console: {instances:,} instances, {gigabytes:.1f} GB", title_justify="left")
    for column in ("page", "median ms", "95th percentile ms", ""):
        table.add_column(column, justify="left" if column in {"page", ""} else "right")
    for page, times in sorted(taken.items(), key=lambda one: -_p95(one[1])):
        missed = "" if _p95(times) < REACH_MS else f"more than {REACH_MS:.0f}"
        table.add_row(page, f"{statistics.median(times):.1f}", f"{_p95(times):.1f}", missed)
    return table


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--instances", type=int, default=10_000_000)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    asked = parser.parse_args()
    say = Console(stderr=True).print
    with LocalStack.temporary(say, broker=False) as stack:
        url = stack.addresses.database_url
        migrate(url)
        say(f"Filling {asked.instances:,} instances and what belongs to them")
        asyncio.run(fill(url, asked.instances))
        asyncio.run(analyze(url))
        gigabytes = asyncio.run(_gigabytes(url))
        with console_on(url) as address:
            taken = measured(address, asyncio.run(named(url)), asked.requests)
    Console(width=110).print(shown(taken, asked.instances, gigabytes))
    if asked.json:
        asked.json.write_text(json.dumps({"instances": asked.instances, "gigabytes": gigabytes, "pages": taken}))


async def _gigabytes(database_url: str) -> float:
    connection = await asyncpg.connect(database_url)
    try:
        return float(await connection.fetchval("SELECT pg_database_size(current_database()) / 1e9"))
    finally:
        await connection.close()


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


if __name__ == "__main__":
    main()
