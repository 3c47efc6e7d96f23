"""The kept results of a run: all figures of all rounds, the machine and servers, and the results of the targets."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import aio_pika
import asyncpg
import orjson

from benchmarks.figures import Measured, median
from benchmarks.place import Place
from benchmarks.targets import TargetResult

FOLDER = Path(".bench/results")

Facts = Mapping[str, str | int | float]


async def facts(place: Place) -> Facts:
    """The machine, the servers and the commit."""
    connection = await asyncpg.connect(place.addresses.database_url)
    try:
        postgres = str(await connection.fetchval("SHOW server_version"))
        fsync = str(await connection.fetchval("SHOW fsync"))
    finally:
        await connection.close()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cores": os.cpu_count() or 0,
        "processor": _processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_average_at_start": round(os.getloadavg()[0], 2),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgresql": postgres,
        "fsync": fsync,
        "rabbitmq": await _broker_version(place.amqp_url),
    }


def as_json(known: Facts, measured: Mapping[str, Measured], target_results: Sequence[TargetResult]) -> bytes:
    """All results as JSON."""
    scenarios = {
        name: {
            "title": one.title,
            "notes": one.notes,
            "series": [asdict(series) | {"median": median(series.rounds)} for series in one.series],
        }
        for name, one in measured.items()
    }
    targets = [
        asdict(one.target) | {"held_against": one.against, "measured": one.measured, "reached": one.reached}
        for one in target_results
    ]
    return orjson.dumps(
        {"facts": dict(known), "scenarios": scenarios, "targets": targets},
        default=lambda value: value.value,
        option=orjson.OPT_INDENT_2,
    )


def keep(kept: bytes, known: Facts, folder: Path = FOLDER) -> Path:
    """Write the results to a file that is named by their date."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{str(known['date']).replace(':', '').replace('+0000', 'Z')}.json"
    file.write_bytes(kept)
    return file


def sentence(known: Facts) -> str:
    """The facts in one line, for people."""
    return (
        f"{known['date']}, commit {known['commit']}: {known['cores']} cores ({known['processor']}), "
        f"{known['memory_gb']} GB, Linux {known['kernel']}, Python {known['python']}, PostgreSQL {known['postgresql']} "
        f"(fsync {known['fsync']}), RabbitMQ {known['rabbitmq']}, load {known['load_average_at_start']} at the start"
    )


def _commit() -> str:
    """The commit, with a plus sign if files are changed; "unknown" outside a repository."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"], check=True, capture_output=True, text=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


async def _broker_version(amqp_url: str) -> str:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        wire = await channel.get_underlay_channel()
        version = getattr(wire.connection, "server_properties", {}).get("version", "unknown")
    return version.decode() if isinstance(version, bytes) else str(version)
