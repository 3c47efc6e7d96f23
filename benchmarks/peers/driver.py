"""How fast each peer takes messages from a filled queue, round by round.

Each run is a process of its own in the peers' environment, on a queue of its own. Rounds alternate over all peers, so
that other load on the machine affects all of them.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.peers.environment import ensure_environment
from benchmarks.peers.filling import INPUTS, filled_queue

HERE = Path(__file__).parent
SLOWEST_SECONDS = 180


class Addresses(Protocol):
    """What of a local stack's addresses is needed here."""

    @property
    def database_url(self) -> str:
        """PostgreSQL."""

    @property
    def amqp_url(self) -> str | None:
        """RabbitMQ."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A script, the number of transactions that it has open at once, and its share of the messages."""

    script: str
    at_once: int
    share: float


PEERS = {
    "asyncpg, 1 at once": Peer("hand_asyncpg", 1, 0.7),
    "asyncpg, 8 at once": Peer("hand_asyncpg", 8, 1.0),
    "asyncpg, 32 at once": Peer("hand_asyncpg", 32, 1.0),
    "SQLAlchemy Core, 1 at once": Peer("hand_core", 1, 0.5),
    "SQLAlchemy Core, 8 at once": Peer("hand_core", 8, 0.7),
    "SQLAlchemy Core, 32 at once": Peer("hand_core", 32, 0.7),
    "SQLAlchemy ORM, 1 at once": Peer("hand_orm", 1, 0.3),
    "SQLAlchemy ORM, 8 at once": Peer("hand_orm", 8, 0.4),
    "SQLAlchemy ORM, 32 at once": Peer("hand_orm", 32, 0.4),
    "FastStream + Core, 8 at once": Peer("faststream_core", 8, 0.6),
    "FastStream + Core, 32 at once": Peer("faststream_core", 32, 0.6),
    "eventsourcing": Peer("eventsourcing_app", 1, 0.4),
    "DBOS Transact": Peer("dbos_transact", 8, 0.2),
    "Protean": Peer("protean_app", 1, 0.1),
}
ALL = tuple(PEERS)
MESSAGES = 3_000
"""For the fastest peers, which take one to three seconds; the others take two to six with their share."""


class PeerFailed(RuntimeError):
    """A peer did not complete its task; the message is its own."""


async def rates(
    addresses: Addresses, *, count: int = MESSAGES, rounds: int, peers: Sequence[str] = ALL
) -> dict[str, list[float]]:
    """Messages per second of each of these peers, one figure a round; ``count`` is for the fastest peers."""
    python = await asyncio.to_thread(ensure_environment)
    measured: dict[str, list[float]] = {name: [] for name in peers}
    for number in range(rounds):
        for name in peers if number % 2 == 0 else reversed(peers):
            measured[name].append(await _rate(python, addresses, PEERS[name], count))
    return measured


async def _rate(python: Path, addresses: Addresses, peer: Peer, count: int) -> float:
    if addresses.amqp_url is None:
        raise PeerFailed("There is no broker: start a stack with one.")
    messages = max(1, int(count * peer.share) // len(INPUTS)) * len(INPUTS)
    async with filled_queue(addresses.amqp_url, messages) as queue:
        asked = {
            "amqp-url": addresses.amqp_url,
            "database-url": addresses.database_url,
            "queue": queue,
            "count": messages,
            "at-once": peer.at_once,
        }
        options = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
        result = json.loads(await _last_line(python, peer.script, options))
    return float(result["messages"] / result["seconds"])


async def _last_line(python: Path, script: str, options: list[str]) -> str:
    """Of what the script prints. Raises PeerFailed if it fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        python, HERE / f"{script}.py", *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(SLOWEST_SECONDS):
            output, errors = await process.communicate()
    except TimeoutError:
        raise PeerFailed(f"{script} was not done after {SLOWEST_SECONDS} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise PeerFailed(f"{script}: {errors.decode(errors='replace').strip()[-2_000:]}")
    return output.decode().strip().splitlines()[-1]
