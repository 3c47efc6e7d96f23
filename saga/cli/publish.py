"""`saga publish`: a test message, as a module would send it."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.text import Text

from saga.cli.addresses import amqp_url
from saga.cli.broker import broker
from saga.cli.failure import CommandFailed, WrongUsage
from saga.cli.sample import SHORT_STRING_BYTES, Form, Sample, outgoing, sample_data
from saga.cli.terminal import AsJson, print_json, shown, terminal
from saga.core import Process
from saga.orders import order_process
from saga.settings import Settings, load_settings
from saga.transport.codec import Outgoing
from saga.transport.publisher import Publisher
from saga.transport.topology import topology


def publish(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="OrderPlaced, PaymentReceived, OrderCancelled ...")],
    order_id: Annotated[str, typer.Argument(metavar="ORDER_ID")],
    *,
    data: Annotated[str | None, typer.Option(metavar="JSON", help="Fields to set or replace in the sample.")] = None,
    message_id: Annotated[str | None, typer.Option("--id", help="The message's id; a new one by default.")] = None,
    duplicate: Annotated[int, typer.Option(min=1, help="Send the same message this often in all.")] = 1,
    sequence: Annotated[int | None, typer.Option(help="Its position in the module's log.")] = None,
    previous_sequence: Annotated[int | None, typer.Option(help="The public position before it.")] = None,
    source: Annotated[str | None, typer.Option(help="/modules/<module> by default.")] = None,
    module: Annotated[str | None, typer.Option(help="The module that sends it, for a type nobody hears.")] = None,
    time: Annotated[str | None, typer.Option(help="When it happened, ISO 8601; now by default.")] = None,
    correlation_id: Annotated[str | None, typer.Option(help="Constant along a conversation.")] = None,
    routing_key: Annotated[str | None, typer.Option(help="<module>.<TYPE> by default.")] = None,
    structured: Annotated[bool, typer.Option("--structured", help="CloudEvents in structured mode.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="No CloudEvent: a plain AMQP message.")] = False,
    raw_body: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Send these bytes as the body, whatever they are; - is stdin.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish one message about an order, as a module would. It waits in the queue until a worker runs."""
    if structured and plain:
        raise WrongUsage("A message is --structured or --plain, not both.")
    if plain and (sequence is not None or previous_sequence is not None or source is not None or time is not None):
        raise WrongUsage("A --plain message has no place for --sequence, --previous-sequence, --source or --time.")
    if raw_body is not None and data is not None:
        raise WrongUsage("With --raw-body there is no --data: the bytes are sent as they are.")
    settings = load_settings()
    process = order_process(settings.payment_timeout)
    sender = _module(process, type_, module)
    now = time or datetime.now(UTC).isoformat().replace("+00:00", "Z")
    sample = Sample(
        type=type_,
        order_id=order_id,
        module=sender,
        id=str(uuid4()) if message_id is None else message_id,
        source=source or f"/modules/{sender}",
        time=now,
        routing_key=routing_key or f"{sender}.{type_}",
        form=Form.STRUCTURED if structured else Form.PLAIN if plain else Form.BINARY,
        data=sample_data(type_, order_id) | _fields(data),
        raw_body=_bytes(raw_body),
        sequence=sequence,
        previous_sequence=previous_sequence,
        correlation_id=correlation_id,
    )
    _check_lengths(sample)
    message = outgoing(sample, settings.prefix)
    asyncio.run(_publish(settings, process, message, duplicate))
    _report(sample, message, duplicate, as_json=as_json)


def _module(process: Process, type_: str, given: str | None) -> str:
    """The module that sends this type, or the one that was given."""
    senders = [name for name, kinds in process.inputs.items() if type_ in {kind.__name__ for kind in kinds}]
    if not senders and given is None:
        heard = ", ".join(process.kinds)
        raise WrongUsage(f"{process.name} hears {heard}; to send {shown(type_)!r} all the same, add --module MODULE.")
    if not senders:
        typer.echo(
            f"Note: {process.name} does not hear {shown(type_)}; what takes it will make a dead letter of it.", err=True
        )
    return given or senders[0]


def _fields(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise WrongUsage(f"--data is not JSON ({error}); to send broken bytes, use --raw-body.") from None
    if not isinstance(fields, dict):
        raise WrongUsage("--data is a JSON object of fields; to send anything else, use --raw-body.")
    return fields


def _check_lengths(sample: Sample) -> None:
    for name, value in (("--id", sample.id), ("--routing-key", sample.routing_key), ("TYPE", sample.type)):
        if len(value.encode("utf-8", "surrogatepass")) > SHORT_STRING_BYTES:
            raise WrongUsage(f"{name} is longer than the {SHORT_STRING_BYTES} bytes that AMQP allows.")


def _bytes(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise WrongUsage(f"{shown(path)} can't be read: {error.strerror}.") from None


async def _publish(settings: Settings, process: Process, message: Outgoing, copies: int) -> None:
    """One copy after the other: two of one id must never be under way on one channel."""
    url = amqp_url(settings)
    with broker(url):
        async with Publisher(url, topology(settings.prefix, process), settings.publish_timeout_seconds) as publisher:
            for _ in range(copies):
                if await publisher.publish([message]):
                    key, hears = shown(message.routing_key), ", ".join(_heard(process))
                    raise CommandFailed(f"No queue takes {key}: a queue here hears {hears}; see --routing-key.")


def _heard(process: Process) -> list[str]:
    return [f"{module}.{kind.__name__}" for module, kinds in process.inputs.items() for kind in kinds]


def _report(sample: Sample, message: Outgoing, copies: int, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_data(sample, message, copies))
        return
    times = "" if copies == 1 else f" {copies} times"
    place = "" if sample.sequence is None else f", position {sample.sequence} of {sample.source}"
    terminal().print(
        Text.assemble("Sent ", (shown(sample.type), "bold"), f" for {shown(sample.order_id)}{times}{place}"),
        Text(f"  id           {shown(message.id)}"),
        Text(f"  routing key  {shown(message.routing_key)} on {message.exchange}"),
        Text(f"  body         {_short(message.body)}"),
        sep="\n",
        soft_wrap=True,
    )


def _short(body: bytes) -> str:
    text = shown(body[:300].decode("utf-8", "backslashreplace"))
    return text if len(body) <= 300 else f"{text}... ({len(body)} bytes)"


def _as_data(sample: Sample, message: Outgoing, copies: int) -> dict[str, Any]:
    is_event = sample.form is not Form.PLAIN
    return {
        "id": sample.id,
        "type": sample.type,
        "order_id": sample.order_id,
        "exchange": message.exchange,
        "routing_key": sample.routing_key,
        "module": sample.module,
        "source": sample.source if is_event else None,
        "time": sample.time if is_event else None,
        "sequence": sample.sequence,
        "previous_sequence": sample.previous_sequence,
        "correlation_id": sample.correlation_id,
        "form": sample.form.value,
        "data": sample.data if sample.raw_body is None else None,
        "body_bytes": len(message.body),
        "copies": copies,
    }
