"""What is held against what: this checkout, and another one, or the same without some settings and programs."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aio_pika
from sqlalchemy.engine import make_url

from benchmarks.place import PUBLISH_BATCH, Place, copied
from benchmarks.programs import WORKER, Checkout, inherited, ready
from saga.modules.outgoing import Outgoing
from saga.orders import order_process
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import Topology, topology


@dataclass(frozen=True, slots=True)
class Side:
    """A checkout with settings, and modules of programs that run ``beside`` its services.

    ``prefix`` keeps its queues apart from those of another side: another version may declare them differently.
    """

    name: str
    prefix: str
    checkout: Checkout = field(default_factory=Checkout)
    settings: Mapping[str, str] = field(default_factory=dict)
    beside: Sequence[str] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The settings for its programs."""
        return {"SAGA_PREFIX": self.prefix, **self.settings}

    @property
    def topology(self) -> Topology:
        """The exchanges and queues as its own worker declared them; nothing else declares them."""
        return replace(topology(self.prefix, order_process()), is_ours=False)

    async def python(self, place: Place, *arguments: str) -> bytes:
        """What its Python prints for these arguments. Raises RuntimeError with the errors that it printed."""
        process = await asyncio.create_subprocess_exec(
            self.checkout.python,
            *arguments,
            cwd=self.checkout.folder,
            env=inherited() | self.checkout.environment | place.addresses.environment() | self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(arguments)}\n{errors.decode(errors='replace')}")
        return output

    @asynccontextmanager
    async def prepared(self, place: Place) -> AsyncIterator[Place]:
        """A place with a database that this side's programs have migrated, and with queues that they have declared."""
        template = make_url(place.addresses.database_url).set(database="template1")
        async with copied(template.render_as_string(hide_password=False)) as url:
            mine = _moved(place, url)
            await self.python(mine, "-m", "saga", "migrate")
            async with ready(mine, WORKER, self.environment, self.checkout):
                pass
            yield mine

    @asynccontextmanager
    async def fresh(self, prepared: Place) -> AsyncIterator[Place]:
        """The same with a new database and empty queues."""
        async with await aio_pika.connect(prepared.amqp_url) as connection:
            channel = await connection.channel()
            for queue in self.topology.queues:
                await (await channel.get_queue(queue.name, ensure=False)).purge()
        async with copied(prepared.addresses.database_url) as url:
            yield _moved(prepared, url)

    async def fill(self, place: Place, outgoing: Sequence[Outgoing]) -> None:
        """Publish the messages to its exchange of events, with confirms."""
        mine = [replace(one, exchange=self.topology.events) for one in outgoing]
        async with Publisher(place.amqp_url, self.topology, timeout_seconds=60) as publisher:
            for start in range(0, len(mine), PUBLISH_BATCH):
                await publisher.publish(mine[start : start + PUBLISH_BATCH])


def _moved(place: Place, database_url: str) -> Place:
    return replace(place, addresses=replace(place.addresses, database_url=database_url))
