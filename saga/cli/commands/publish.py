"""`saga publish`: send a test message as a module would; without a broker, through the module's log."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from saga.cli.shell.addresses import amqp_url_unless_pulled
from saga.cli.shell.broker import broker
from saga.cli.shell.database import operate
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.cli.shell.processes import OfProcess, choose_processes
from saga.cli.shell.terminal import AsJson, print_json, terminal
from saga.core import DeclarationError, Process
from saga.core.identifier import MAX_BYTES, is_short
from saga.core.routing import routing_key
from saga.documents.sample import sample_data
from saga.documents.text import shown
from saga.operations import (
    Form,
    MissingFields,
    NewMessage,
    NoConsumer,
    NotLoggable,
    Published,
    UnknownFields,
    append_message,
    publish,
)
from saga.operations.publishing import only_for_a_broker
from saga.settings import Settings, load_settings

Data = Annotated[str | None, typer.Option(metavar="JSON", help="The fields of the message, except the instance id.")]
Sample = Annotated[
    bool, typer.Option("--sample", help="Fill in the fields that --data does not give, with the same values each time.")
]
AllowUnknown = Annotated[
    bool, typer.Option("--allow-unknown", help="Send fields that the message class does not know, too.")
]
RawBody = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Send the bytes of this file as the body; - is stdin.")
]
Copies = Annotated[int, typer.Option(min=1, help="Send the same message this many times.")]
NOT_PLAIN = ("sequence", "previous_sequence", "source", "time")
"""The options that need CloudEvents attributes."""


def publish_message(
    type_: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="Message type: the name of a message class that the process consumes."),
    ],
    process_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the instance that the message is about.")],
    *,
    data: Data = None,
    sample: Sample = False,
    allow_unknown: AllowUnknown = False,
    message_id: Annotated[str | None, typer.Option("--id", help="Message id; a new one by default.")] = None,
    duplicate: Copies = 1,
    sequence: Annotated[int | None, typer.Option(help="Position in the module's log.")] = None,
    previous_sequence: Annotated[int | None, typer.Option(help="Position of the public event before it.")] = None,
    source: Annotated[str | None, typer.Option(help="Source; /modules/<module> by default.")] = None,
    module: Annotated[str | None, typer.Option(help="Sending module, for a type that no process consumes.")] = None,
    time: Annotated[str | None, typer.Option(help="Time of the event, ISO 8601; now by default.")] = None,
    correlation_id: Annotated[str | None, typer.Option(help="Correlation id; the instance id by default.")] = None,
    routing_key: Annotated[str | None, typer.Option(help="Routing key; <module>.<TYPE> by default.")] = None,
    structured: Annotated[bool, typer.Option("--structured", help="Send a CloudEvent in structured mode.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Send a plain AMQP message, no CloudEvent.")] = False,
    raw_body: RawBody = None,
    of: OfProcess = None,
    as_json: AsJson = False,
) -> None:
    """Publish one message about an instance, as a module would.

    The message waits in the queue until a worker runs. Without a broker it is appended to the module's log.
    """
    given = {"id": message_id, "sequence": sequence, "previous_sequence": previous_sequence, "source": source}
    given |= {"time": time, "correlation_id": correlation_id, "routing_key": routing_key}
    form = _form(given, structured=structured, plain=plain)
    settings = load_settings()
    processes = choose_processes(settings, of)
    process, sender = _consumer_of(processes, type_, module)
    body = _body(process, type_, process_id, data, raw_body, sample=sample)
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    message = NewMessage(type_, process_id, sender, **body, form=form, **options)
    sent = _send(settings, processes, message, duplicate, allow_unknown=allow_unknown, has_time=time is not None)
    _report(process, sent, duplicate, as_json=as_json)


def _form(given: Mapping[str, Any], *, structured: bool, plain: bool) -> Form:
    """The form of the message. Raises WrongUsage for options that exclude each other."""
    if structured and plain:
        raise WrongUsage("A message is --structured or --plain, not both.")
    if plain and any(given[name] is not None for name in NOT_PLAIN):
        raise WrongUsage("A --plain message has no place for --sequence, --previous-sequence, --source or --time.")
    return Form.STRUCTURED if structured else Form.PLAIN if plain else Form.BINARY


def _body(
    process: Process, type_: str, process_id: str, data: str | None, raw_body: Path | None, *, sample: bool
) -> dict[str, Any]:
    """The content of the message. Raises WrongUsage if it can't be read, or for options that exclude each other."""
    if raw_body is not None and (data is not None or sample):
        raise WrongUsage("With --raw-body there is no --data and no --sample: the bytes are sent as they are.")
    fields = _sampled(process, type_, process_id) if sample else {process.correlate: process_id}
    return {"data": fields | _fields(data), "raw_body": _bytes(raw_body)}


def _send(
    settings: Settings,
    processes: Sequence[Process],
    message: NewMessage,
    copies: int,
    *,
    allow_unknown: bool,
    has_time: bool,
) -> Published:
    """Send it to the broker or, where there is none, to the log of its module."""
    url = amqp_url_unless_pulled(settings)
    try:
        if url is None:
            _refuse_for_a_log(message, has_time=has_time)
            return operate(
                settings,
                partial(
                    append_message, processes=processes, message=message, copies=copies, allow_unknown=allow_unknown
                ),
            )
        _check_texts(message)
        return asyncio.run(_publish(url, settings, processes, message, copies, allow_unknown=allow_unknown))
    except MissingFields as error:
        raise WrongUsage(f"{shown(error)}: give them with --data, or add --sample for a sample message.") from None
    except UnknownFields as error:
        raise WrongUsage(f"{shown(error)}: correct --data, or add --allow-unknown to send it all the same.") from None
    except NotLoggable as error:
        raise WrongUsage(f"There is no broker, and {shown(error)}.") from None
    except NoConsumer as error:
        if url is None:
            raise CommandFailed(f"There is no broker, and {shown(error)}.") from None
        bound, key = ", ".join(_consumed(processes)), shown(message.routing_key)
        raise CommandFailed(f"No queue takes {key}: queues are bound to {bound}; see --routing-key.") from None


def _refuse_for_a_log(message: NewMessage, *, has_time: bool) -> None:
    """Raise WrongUsage for options that need a broker: a log assigns positions itself, and holds JSON only."""
    named = {"form": "--structured or --plain"}
    options = [named.get(name, f"--{name.replace('_', '-')}") for name in only_for_a_broker(message)]
    if unfit := [*options, *(["--time"] if has_time else [])]:
        raise WrongUsage(
            f"There is no broker, and a log has no place for {', '.join(unfit)}: it gives each event its position,"
            " source and time itself, and holds its data as JSON."
        )


def _consumer_of(processes: Sequence[Process], type_: str, given: str | None) -> tuple[Process, str]:
    """The first process that consumes this type, and the module that sends it: the given one, if that does.

    With a module given, a type that no process consumes goes to the first process.
    """
    consumers = [
        (process, module)
        for process in processes
        for module, kinds in process.inputs.items()
        if type_ in {kind.__name__ for kind in kinds}
    ]
    if not consumers and given is None:
        consumed = "; ".join(f"{process.name} consumes {', '.join(process.message_types)}" for process in processes)
        raise WrongUsage(f"{consumed}; to send {shown(type_)!r} all the same, add --module MODULE.")
    if not consumers:
        names = ", ".join(process.name for process in processes)
        typer.echo(
            f"Note: {names} does not consume {shown(type_)}; if the message reaches it, it becomes a dead letter.",
            err=True,
        )
        return processes[0], given or ""
    process, module = next((one for one in consumers if one[1] == given), consumers[0])
    return process, given or module


def _sampled(process: Process, type_: str, process_id: str) -> dict[str, Any]:
    """A sample message. Raises WrongUsage where there can be none."""
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
    """Raise WrongUsage for what no AMQP message can hold. What a service has to refuse may be sent."""
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


async def _publish(
    url: str,
    settings: Settings,
    processes: Sequence[Process],
    message: NewMessage,
    copies: int,
    *,
    allow_unknown: bool,
) -> Published:
    with broker(url):
        return await publish(
            url,
            processes,
            message,
            prefix=settings.prefix,
            copies=copies,
            allow_unknown=allow_unknown,
            timeout_seconds=settings.publish_timeout_seconds,
        )


def _consumed(processes: Sequence[Process]) -> Iterable[str]:
    inputs = [item for process in processes for item in process.inputs.items()]
    return dict.fromkeys(routing_key(module, kind.__name__) for module, kinds in inputs for kind in kinds)


def _report(process: Process, sent: Published, copies: int, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_data(process, sent, copies))
    else:
        terminal().print(*(_logged(sent) if sent.exchange is None else _sent(sent, copies)), sep="\n", soft_wrap=True)


def _sent(sent: Published, copies: int) -> Iterator[Text]:
    message = sent.message
    times = "" if copies == 1 else f" {copies} times"
    place = "" if message.sequence is None else f", position {message.sequence} of {message.source}"
    yield Text.assemble("Sent ", (shown(message.type), "bold"), f" for {shown(message.process_id)}{times}{place}")
    yield Text(f"  id           {shown(message.id)}")
    yield Text(f"  routing key  {shown(message.routing_key)} on {sent.exchange}")
    yield Text(f"  body         {_short(sent.body)}")


def _logged(sent: Published) -> Iterator[Text]:
    message, positions = sent.message, sent.positions
    place = f"position {positions[0]}" if len(positions) == 1 else f"positions {positions[0]} to {positions[-1]}"
    yield Text.assemble(
        *("Appended ", (shown(message.type), "bold"), f" for {shown(message.process_id)} to the log of "),
        f"{message.module}, {place}",
    )
    yield Text(f"  there is no broker: consumers of {message.module} follow its log", "dim")
    yield Text(f"  id           {shown(message.id)}")
    yield Text(f"  body         {_short(sent.body)}")


def _short(body: bytes) -> str:
    text = shown(body[:300].decode("utf-8", "backslashreplace"))
    return text if len(body) <= 300 else f"{text}... ({len(body)} bytes)"


def _as_data(process: Process, sent: Published, copies: int) -> dict[str, Any]:
    message, is_logged = sent.message, sent.exchange is None
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
        "body_bytes": len(sent.body),
        "copies": copies,
        "form": None if is_logged else message.form.value,
        "exchange": sent.exchange,
        "routing_key": None if is_logged else message.routing_key,
        "sequence": sent.positions[0] if is_logged else message.sequence,
        "positions": list(sent.positions),
    }
