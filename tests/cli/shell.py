"""The commands as somebody would call them: against a real database and a real broker."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import aio_pika
from sqlalchemy import text
from typer.testing import CliRunner, Result

from saga.cli import app
from saga.engine import Step, StepResult
from saga.messages import Raw
from saga.messages.cloudevents import decode
from saga.orders import order_process
from saga.postgres import connect_engine
from saga.rabbitmq.topology import declare, topology
from tests.waiting import LIMIT_SECONDS

_numbers = count(1)


def message(
    type_: str, order_id: str, *, message_id: str | None = None, body: bytes | None = None, **data: object
) -> Raw:
    """A message about an order as it came in, with whatever its type needs and the test does not say."""
    known: dict[str, dict[str, object]] = {
        "OrderPlaced": {"amount": 4200, "currency": "EUR"},
        "PaymentReceived": {"payment_id": f"p-{order_id}", "amount": 4200, "currency": "EUR"},
    }
    headers = {"ce-specversion": "1.0", "ce-source": "/tests", "ce-type": type_, "ce-subject": order_id}
    said = json.dumps({"order_id": order_id, **known.get(type_, {}), **data}).encode()
    return Raw(body=said if body is None else body, headers=headers | {"ce-id": message_id or f"m-{next(_numbers)}"})


def at(raw: Raw, module: str, position: int, previous: int | None = None) -> Raw:
    """The same message as one that has a place in the log of a module."""
    place = {"ce-source": f"/modules/{module}", "ce-sequence": str(position)}
    before = {} if previous is None else {"ce-previoussequence": str(previous)}
    return replace(raw, headers={**raw.headers, **place, **before})


class Saga:
    """The command line, in an environment of its own, and the rows and queues that it works on."""

    def __init__(self, database_url: str, amqp_url: str, prefix: str) -> None:
        self.environment = {
            "SAGA_DATABASE_URL": database_url,
            "SAGA_AMQP_URL": amqp_url,
            "SAGA_PREFIX": prefix,
            "COLUMNS": "100",
        }

    def __call__(self, *words: str, stdin: str | bytes | None = None, **environment: str) -> Result:
        return CliRunner().invoke(app, list(words), input=stdin, env=self.environment | environment)

    def refusal(self, *words: str, **environment: str) -> str:
        """Why a service, in a process of its own, does not start: the only line that it says."""
        ended = subprocess.run(
            [sys.executable, "-m", *words],
            env=os.environ | self.environment | environment,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert ended.returncode == 2, ended.stderr
        said = json.loads(ended.stderr)
        assert said["event"] == "cannot_start"
        return str(said["reason"])

    def json(self, *words: str) -> Any:
        """The document that a command prints; it has to succeed."""
        result = self(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def handle(self, *messages: Raw, remote_modules: Collection[str] = ()) -> StepResult:
        """The messages, handled by the durable step as if the exchange of events had brought them."""
        exchange = f"{self.environment['SAGA_PREFIX']}.events"
        delivered = [decode(replace(message, exchange=exchange)) for message in messages]

        async def work() -> StepResult:
            engine = connect_engine(self.environment["SAGA_DATABASE_URL"], "test")
            try:
                return await Step(engine, order_process(), remote_modules=remote_modules).handle(delivered)
            finally:
                await engine.dispose()

        return asyncio.run(work())

    def sql(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """One statement, committed; the rows that it gives."""

        async def work() -> list[tuple[Any, ...]]:
            engine = connect_engine(self.environment["SAGA_DATABASE_URL"], "test")
            try:
                async with engine.begin() as connection:
                    result = await connection.execute(text(statement), values)
                    return [tuple(row) for row in result] if result.returns_rows else []
            finally:
                await engine.dispose()

        return asyncio.run(work())

    def queued(self) -> list[Raw]:
        """What waits for the order process, taken out of its queue."""

        async def work() -> list[Raw]:
            wanted = topology(self.environment["SAGA_PREFIX"], order_process())
            async with await aio_pika.connect(self.environment["SAGA_AMQP_URL"]) as connection:
                channel = await connection.channel()
                await declare(channel, wanted)
                queue = await channel.get_queue(wanted.queue("order"), ensure=False)
                found = []
                while message := await queue.get(no_ack=True, fail=False):
                    raw = Raw(
                        body=message.body,
                        routing_key=message.routing_key or "",
                        content_type=message.content_type,
                        message_id=message.message_id,
                        type=message.type,
                        headers=message.headers,
                    )
                    found.append(raw)
                return found

        return asyncio.run(work())

    @contextmanager
    def running(self, *words: str) -> Iterator[None]:
        """A service of its own process while the block runs."""
        service = subprocess.Popen(
            [sys.executable, "-m", *words], env=os.environ | self.environment, stderr=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(LIMIT_SECONDS)
