"""Test messages where there is no broker: each goes into the log of its module, for those who follow that."""

import json
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.sample import Sample, outgoing
from saga.cli.shell.terminal import shown
from saga.core import Process
from saga.messages import Poison, Raw
from saga.messages.cloudevents import decode
from saga.messages.strict_json import NotStrictJson
from saga.modules import NewEvent, append
from saga.modules.payload import require_readable
from saga.postgres import durable_transaction


def check_loggable(sample: Sample, process: Process) -> None:
    """Raise CommandFailed where nobody follows such an event, and WrongUsage where a log can't hold it."""
    heard = [(module, kind.__name__) for module, kinds in process.inputs.items() for kind in kinds]
    if (sample.module, sample.type) not in heard:
        named = ", ".join(f"{module}.{kind}" for module, kind in heard)
        place = f"{shown(sample.type)} in the log of {shown(sample.module)}"
        raise CommandFailed(f"There is no broker, and nobody follows {place}: {process.name} consumes {named}.")
    message = outgoing(sample, process.name)
    read = decode(Raw(body=message.body, headers=message.headers, content_type=message.content_type))
    if isinstance(read, Poison):
        raise WrongUsage(f"There is no broker, and a log can't hold this: {shown(read.reason)}.")
    try:
        require_readable(json.dumps(sample.data, ensure_ascii=False))
    except NotStrictJson as error:
        raise WrongUsage(f"There is no broker, and a log can't hold this: {shown(error)}.") from None


async def append_samples(engine: AsyncEngine, samples: Sequence[Sample]) -> list[int]:
    """Append samples that were checked, in one transaction; the position of each in its module's log.

    Raises Unavailable or Conflict with nothing appended.
    """
    by_module: defaultdict[str, list[int]] = defaultdict(list)
    for number, sample in enumerate(samples):
        by_module[sample.module].append(number)
    positions: dict[int, int] = {}
    async with durable_transaction(engine) as connection:
        for module, numbers in sorted(by_module.items()):
            last = await append(connection, module, [_event(samples[number]) for number in numbers])
            positions |= dict(zip(numbers, range(last - len(numbers) + 1, last + 1), strict=True))
    return [positions[number] for number in range(len(samples))]


def _event(sample: Sample) -> NewEvent:
    said = {"correlationid": sample.correlation_id} if sample.correlation_id else {}
    return NewEvent(sample.order_id, sample.type, sample.id, sample.data, metadata=said)
