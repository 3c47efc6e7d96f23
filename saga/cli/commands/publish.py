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
from saga.cli.shell.processes import OfProcess, choose_processes
from saga.cli.shell.sample import sample_data
from saga.cli.shell.terminal import AsJson, print_json, shown, terminal
from saga.core import DeclarationError, Process
from saga.core.identifier import MAX_BYTES, is_short
from saga.modules.outgoing import Outgoing
from saga.operations import (
    Form,
    MissingFields,
    NewMessage,
    NoConsumer,
    NotLoggable,
    UnknownFields,
    append_messages,
    publish,
    require_fields,
    require_loggable,
)
from saga.rabbitmq.publisher import Publisher
from saga.rabbitmq.topology import topology
from saga.settings import Settings, load_settings


def publish_message(
    type_: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="Message type, such as OrderPlaced, PaymentReceived or OrderCancelled."),
    ],
    process_id: Annotated[str, typer.Argument(metavar="ID", help="Instance id, such as an order id.")],
    *,
    data: Annotated[str | None, typer.Option(metavar="JSON", help="The fields of the message, but for its id.")] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Invent the fields that --data does not give, the same each time.")
    ] = False,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Send fields that the message class does not know, too.")
    ] = False,
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
    if raw_body is not None and (data is not None or sample):
        raise WrongUsage("With --raw-body there is no --data and no --sample: the bytes are sent as they are.")
    settings = load_settings()
    processes = choose_processes(settings, of)
    process, sender = _hearer(processes, type_, module)
    message = NewMessage(
        type=type_,
        process_id=process_id,
        module=sender,
        id=str(uuid4()) if message_id is None else message_id,
        source=source or f"/modules/{sender}",
        time=time or datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        routing_key=routing_key or f"{sender}.{type_}",
        form=Form.STRUCTURED if structured else Form.PLAIN if plain else Form.BINARY,
        data=_said(process, type_, process_id, sample=sample) | _fields(data),
        raw_body=_bytes(raw_body),
        sequence=sequence,
        previous_sequence=previous_sequence,
        correlation_id=correlation_id,
    )
    _check_fields(process, message, allow_unknown=allow_unknown)
    url = amqp_url_unless_pulled(settings)
    if url is None:
        _refuse_for_a_log(message, has_time=time is not None)
        _check_loggable(process, message)
        positions = asyncio.run(_append(settings, [message] * duplicate))
        _report_logged(process, message, positions, as_json=as_json)
    else:
        _check_texts(message)
        sent = asyncio.run(_publish(url, settings, processes, message, duplicate))
        _report(process, message, sent, duplicate, as_json=as_json)


def _check_fields(process: Process, message: NewMessage, *, allow_unknown: bool) -> None:
    try:
        require_fields(process, message, allow_unknown=allow_unknown)
    except MissingFields as error:
        raise WrongUsage(f"{shown(error)}: give them with --data, or add --sample for a sample message.") from None
    except UnknownFields as error:
        raise WrongUsage(f"{shown(error)}: correct --data, or add --allow-unknown to send it all the same.") from None


def _check_loggable(process: Process, message: NewMessage) -> None:
    try:
        require_loggable(process, message)
    except NoConsumer as error:
        raise CommandFailed(f"There is no broker, and {shown(error)}.") from None
    except NotLoggable as error:
        raise WrongUsage(f"There is no broker, and {shown(error)}.") from None


def _refuse_for_a_log(message: NewMessage, *, has_time: bool) -> None:
    """A log gives each event its place itself, and holds JSON: whoever wants anything else needs a broker."""
    given = {
        "--sequence": message.sequence is not None,
        "--previous-sequence": message.previous_sequence is not None,
        "--source": message.source != f"/modules/{message.module}",
        "--time": has_time,
        "--routing-key": message.routing_key != f"{message.module}.{message.type}",
        "--structured or --plain": message.form is not Form.BINARY,
        "--raw-body": message.raw_body is not None,
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
    consumers = [
        (process, module)
        for process in processes
        for module, kinds in process.inputs.items()
        if type_ in {kind.__name__ for kind in kinds}
    ]
    if not consumers and given is None:
        heard = "; ".join(f"{process.name} consumes {', '.join(process.message_types)}" for process in processes)
        raise WrongUsage(f"{heard}; to send {shown(type_)!r} all the same, add --module MODULE.")
    if not consumers:
        names = ", ".join(process.name for process in processes)
        typer.echo(
            f"Note: {names} does not consume {shown(type_)}; if the message reaches it, it becomes a dead letter.",
            err=True,
        )
        return processes[0], given or ""
    process, module = next((one for one in consumers if one[1] == given), consumers[0])
    return process, given or module


def _said(process: Process, type_: str, process_id: str, *, sample: bool) -> dict[str, Any]:
    """What the message says before --data. Raises WrongUsage where there can be no sample, and one is asked for."""
    if not sample:
        return {process.correlate: process_id}
    try:
        return sample_data(process, type_, process_id)
    except DeclarationError as error:
        raise WrongUsage(f"There is no sample of this type, so give its fields with --data: {error}.") from None


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


def _check_texts(message: NewMessage) -> None:
    """Raise WrongUsage for what no AMQP message can hold; what the service has to refuse may be sent."""
    short = {
        "--id": message.id,
        "--routing-key": message.routing_key,
        "TYPE": message.type,
        "--correlation-id": message.correlation_id or "",
    }
    for name, value in {**short, "ID": message.process_id, "--source": message.source, "--time": message.time}.items():
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


async def _append(settings: Settings, messages: Sequence[NewMessage]) -> list[int]:
    async with database(settings) as engine:
        return await append_messages(engine, messages)


async def _publish(
    url: str, settings: Settings, processes: Sequence[Process], message: NewMessage, copies: int
) -> Outgoing:
    with broker(url):
        wanted = topology(settings.prefix, *processes)
        async with Publisher(url, wanted, settings.publish_timeout_seconds) as publisher:
            try:
                return await publish(publisher, settings.prefix, message, copies=copies)
            except NoConsumer:
                bound = ", ".join(_heard(processes))
                key = shown(message.routing_key)
                raise CommandFailed(f"No queue takes {key}: queues are bound to {bound}; see --routing-key.") from None


def _heard(processes: Sequence[Process]) -> Iterable[str]:
    inputs = [heard for process in processes for heard in process.inputs.items()]
    return dict.fromkeys(f"{module}.{kind.__name__}" for module, kinds in inputs for kind in kinds)


def _report(process: Process, message: NewMessage, sent: Outgoing, copies: int, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_data(process, message, sent, copies))
        return
    times = "" if copies == 1 else f" {copies} times"
    place = "" if message.sequence is None else f", position {message.sequence} of {message.source}"
    terminal().print(
        Text.assemble("Sent ", (shown(message.type), "bold"), f" for {shown(message.process_id)}{times}{place}"),
        Text(f"  id           {shown(sent.id)}"),
        Text(f"  routing key  {shown(sent.routing_key)} on {sent.exchange}"),
        Text(f"  body         {_short(sent.body)}"),
        sep="\n",
        soft_wrap=True,
    )


def _report_logged(process: Process, message: NewMessage, positions: Sequence[int], *, as_json: bool) -> None:
    body = json.dumps(message.data).encode()
    if as_json:
        in_a_log = {"form": None, "exchange": None, "routing_key": None, "sequence": positions[0]}
        print_json({**_described(process, message, len(positions), len(body)), **in_a_log, "positions": positions})
        return
    place = f"position {positions[0]}" if len(positions) == 1 else f"positions {positions[0]} to {positions[-1]}"
    terminal().print(
        Text.assemble(
            *("Appended ", (shown(message.type), "bold"), f" for {shown(message.process_id)} to the log of "),
            f"{message.module}, {place}",
        ),
        Text(f"  there is no broker: consumers of {message.module} follow its log", "dim"),
        Text(f"  id           {shown(message.id)}"),
        Text(f"  body         {_short(body)}"),
        sep="\n",
        soft_wrap=True,
    )


def _short(body: bytes) -> str:
    text = shown(body[:300].decode("utf-8", "backslashreplace"))
    return text if len(body) <= 300 else f"{text}... ({len(body)} bytes)"


def _as_data(process: Process, message: NewMessage, sent: Outgoing, copies: int) -> dict[str, Any]:
    return {
        **_described(process, message, copies, len(sent.body)),
        "form": message.form.value,
        "exchange": sent.exchange,
        "routing_key": message.routing_key,
        "sequence": message.sequence,
        "positions": [],
    }


def _described(process: Process, message: NewMessage, copies: int, body_bytes: int) -> dict[str, Any]:
    is_event = message.form is not Form.PLAIN
    return {
        "id": message.id,
        "type": message.type,
        process.correlate: message.process_id,
        "process_id": message.process_id,
        "module": message.module,
        "source": message.source if is_event else None,
        "time": message.time if is_event else None,
        "previous_sequence": message.previous_sequence,
        "correlation_id": message.correlation_id,
        "data": message.data if message.raw_body is None else None,
        "body_bytes": body_bytes,
        "copies": copies,
    }
