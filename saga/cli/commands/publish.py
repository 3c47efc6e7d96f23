"""`saga publish`: a test message, as a module would send it; without a broker, through its log."""

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.text import Text

from saga.cli.shell.addresses import amqp_url_unless_pulled
from saga.cli.shell.broker import broker
from saga.cli.shell.database import database
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.logged import append_samples, check_loggable
from saga.cli.shell.processes import OfProcess, choose_processes
from saga.cli.shell.sample import Form, Sample, outgoing, sample_data
from saga.cli.shell.terminal import AsJson, print_json, shown, terminal
from saga.core import DeclarationError, Process
from saga.core.identifier import MAX_BYTES, is_short
from saga.modules.outgoing import Outgoing
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology
from saga.settings import Settings, load_settings


def publish(
    type_: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="Message type, such as OrderPlaced, PaymentReceived or OrderCancelled."),
    ],
    process_id: Annotated[str, typer.Argument(metavar="ID", help="Instance id, such as an order id.")],
    *,
    data: Annotated[
        str | None, typer.Option(metavar="JSON", help="Fields to set or replace in the sample data.")
    ] = None,
    message_id: Annotated[str | None, typer.Option("--id", help="Message id; a new one by default.")] = None,
    duplicate: Annotated[int, typer.Option(min=1, help="Send the same message this many times.")] = 1,
    sequence: Annotated[int | None, typer.Option(help="Position in the module's log.")] = None,
    previous_sequence: Annotated[int | None, typer.Option(help="Position of the public event before it.")] = None,
    source: Annotated[str | None, typer.Option(help="Source; /modules/<module> by default.")] = None,
    module: Annotated[str | None, typer.Option(help="Sending module, for a type that no process consumes.")] = None,
    time: Annotated[str | None, typer.Option(help="Time of the event, ISO 8601; now by default.")] = None,
    correlation_id: Annotated[str | None, typer.Option(help="Correlation id; the instance id by default.")] = None,
    routing_key: Annotated[str | None, typer.Option(help="Routing key; <module>.<TYPE> by default.")] = None,
    structured: Annotated[bool, typer.Option("--structured", help="Send a CloudEvent in structured mode.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Send a plain AMQP message, no CloudEvent.")] = False,
    raw_body: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Send the bytes of this file as the body; - is stdin.")
    ] = None,
    of: OfProcess = None,
    as_json: AsJson = False,
) -> None:
    """Publish one message about an instance, such as an order, as a module would.

    It waits in the queue until a worker runs. Without a broker it is appended to the module's log instead.
    """
    if structured and plain:
        raise WrongUsage("A message is --structured or --plain, not both.")
    if plain and (sequence is not None or previous_sequence is not None or source is not None or time is not None):
        raise WrongUsage("A --plain message has no place for --sequence, --previous-sequence, --source or --time.")
    if raw_body is not None and data is not None:
        raise WrongUsage("With --raw-body there is no --data: the bytes are sent as they are.")
    settings = load_settings()
    processes = choose_processes(settings, of)
    process, sender = _hearer(processes, type_, module)
    now = time or datetime.now(UTC).isoformat().replace("+00:00", "Z")
    sample = Sample(
        type=type_,
        order_id=process_id,
        module=sender,
        id=str(uuid4()) if message_id is None else message_id,
        source=source or f"/modules/{sender}",
        time=now,
        routing_key=routing_key or f"{sender}.{type_}",
        form=Form.STRUCTURED if structured else Form.PLAIN if plain else Form.BINARY,
        data=_said(process, type_, process_id, data, is_sent=raw_body is None),
        raw_body=_bytes(raw_body),
        sequence=sequence,
        previous_sequence=previous_sequence,
        correlation_id=correlation_id,
        correlate=process.correlate,
    )
    url = amqp_url_unless_pulled(settings)
    if url is None:
        _refuse_for_a_log(sample, has_time=time is not None)
        check_loggable(sample, process)
        _report_logged(sample, asyncio.run(_append(settings, [sample] * duplicate)), as_json=as_json)
    else:
        _check_texts(sample)
        message = outgoing(sample, settings.prefix)
        asyncio.run(_publish(url, settings, processes, message, duplicate))
        _report(sample, message, duplicate, as_json=as_json)


def _refuse_for_a_log(sample: Sample, *, has_time: bool) -> None:
    """A log gives each event its place itself, and holds JSON: whoever wants anything else needs a broker."""
    given = {
        "--sequence": sample.sequence is not None,
        "--previous-sequence": sample.previous_sequence is not None,
        "--source": sample.source != f"/modules/{sample.module}",
        "--time": has_time,
        "--routing-key": sample.routing_key != f"{sample.module}.{sample.type}",
        "--structured or --plain": sample.form is not Form.BINARY,
        "--raw-body": sample.raw_body is not None,
    }
    if unfit := [option for option, is_given in given.items() if is_given]:
        raise WrongUsage(
            f"There is no broker, and a log has no place for {', '.join(unfit)}: it gives each event its position,"
            " source and time itself, and holds its data as JSON."
        )


def _hearer(processes: Sequence[Process], type_: str, given: str | None) -> tuple[Process, str]:
    """The first process that hears this type, and the module that sends it; with a module given, from that one.

    What nobody hears goes to the first process, if a module is given.
    """
    hearers = [
        (process, module)
        for process in processes
        for module, kinds in process.inputs.items()
        if type_ in {kind.__name__ for kind in kinds}
    ]
    if not hearers and given is None:
        heard = "; ".join(f"{process.name} consumes {', '.join(process.kinds)}" for process in processes)
        raise WrongUsage(f"{heard}; to send {shown(type_)!r} all the same, add --module MODULE.")
    if not hearers:
        names = ", ".join(process.name for process in processes)
        typer.echo(
            f"Note: {names} does not consume {shown(type_)}; if the message reaches it, it becomes a dead letter.",
            err=True,
        )
        return processes[0], given or ""
    process, module = next((one for one in hearers if one[1] == given), hearers[0])
    return process, given or module


def _said(process: Process, type_: str, process_id: str, data: str | None, *, is_sent: bool) -> dict[str, Any]:
    """The sample with the given fields. Raises WrongUsage where there can be no sample, and no fields are given."""
    try:
        sample = sample_data(process, type_, process_id)
    except DeclarationError as error:
        if is_sent and data is None:
            raise WrongUsage(f"Give the fields of this type with --data: {error}.") from None
        sample = {process.correlate: process_id}
    return sample | _fields(data)


def _fields(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"--data is not JSON ({error}); to send broken bytes, use --raw-body.") from None
    if not isinstance(fields, dict):
        raise WrongUsage("--data is a JSON object of fields; to send anything else, use --raw-body.")
    return fields


def _check_texts(sample: Sample) -> None:
    """Raise WrongUsage for what no AMQP message can hold; what the service has to refuse may be sent."""
    short = {
        "--id": sample.id,
        "--routing-key": sample.routing_key,
        "TYPE": sample.type,
        "--correlation-id": sample.correlation_id or "",
    }
    for name, value in {**short, "ID": sample.order_id, "--source": sample.source, "--time": sample.time}.items():
        if any("\ud800" <= one <= "\udfff" for one in value):
            raise WrongUsage(f"{name} is not UTF-8.")
        if name in short and not is_short(value):
            raise WrongUsage(f"{name} is longer than the {MAX_BYTES} bytes that AMQP allows.")


def _bytes(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise WrongUsage(f"{shown(path)} can't be read: {error.strerror}.") from None


async def _append(settings: Settings, samples: Sequence[Sample]) -> list[int]:
    async with database(settings) as engine:
        return await append_samples(engine, samples)


async def _publish(url: str, settings: Settings, processes: Sequence[Process], message: Outgoing, copies: int) -> None:
    """One copy after the other: two of one id must never be under way on one channel."""
    with broker(url):
        wanted = topology(settings.prefix, *processes)
        async with Publisher(url, wanted, settings.publish_timeout_seconds) as publisher:
            for _ in range(copies):
                if await publisher.publish([message]):
                    key, hears = shown(message.routing_key), ", ".join(_heard(processes))
                    raise CommandFailed(f"No queue takes {key}: queues are bound to {hears}; see --routing-key.")


def _heard(processes: Sequence[Process]) -> Iterable[str]:
    inputs = [heard for process in processes for heard in process.inputs.items()]
    return dict.fromkeys(f"{module}.{kind.__name__}" for module, kinds in inputs for kind in kinds)


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


def _report_logged(sample: Sample, positions: Sequence[int], *, as_json: bool) -> None:
    body = json.dumps(sample.data).encode()
    if as_json:
        in_a_log = {"form": None, "exchange": None, "routing_key": None, "sequence": positions[0]}
        print_json({**_described(sample, len(positions), len(body)), **in_a_log, "positions": positions})
        return
    place = f"position {positions[0]}" if len(positions) == 1 else f"positions {positions[0]} to {positions[-1]}"
    terminal().print(
        Text.assemble(
            *("Appended ", (shown(sample.type), "bold"), f" for {shown(sample.order_id)} to the log of "),
            f"{sample.module}, {place}",
        ),
        Text(f"  there is no broker: consumers of {sample.module} follow its log", "dim"),
        Text(f"  id           {shown(sample.id)}"),
        Text(f"  body         {_short(body)}"),
        sep="\n",
        soft_wrap=True,
    )


def _short(body: bytes) -> str:
    text = shown(body[:300].decode("utf-8", "backslashreplace"))
    return text if len(body) <= 300 else f"{text}... ({len(body)} bytes)"


def _as_data(sample: Sample, message: Outgoing, copies: int) -> dict[str, Any]:
    return {
        **_described(sample, copies, len(message.body)),
        "form": sample.form.value,
        "exchange": message.exchange,
        "routing_key": sample.routing_key,
        "sequence": sample.sequence,
        "positions": [],
    }


def _described(sample: Sample, copies: int, body_bytes: int) -> dict[str, Any]:
    is_event = sample.form is not Form.PLAIN
    return {
        "id": sample.id,
        "type": sample.type,
        sample.correlate: sample.order_id,
        "process_id": sample.order_id,
        "module": sample.module,
        "source": sample.source if is_event else None,
        "time": sample.time if is_event else None,
        "previous_sequence": sample.previous_sequence,
        "correlation_id": sample.correlation_id,
        "data": sample.data if sample.raw_body is None else None,
        "body_bytes": body_bytes,
        "copies": copies,
    }
