"""Processor time of the worker's own stages, in memory: `python -m benchmarks.stages`, which prints JSON.

New orders go through the stages one after the other, in batches, by the functions that the worker calls. Sockets and
statements are left out: what a worker needs beyond these is the client of PostgreSQL, acknowledgements and the loop.
"""

import argparse
import gc
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from benchmarks.messages import Kind, inputs
from saga.core import Process, State
from saga.engine.answers import answer
from saga.engine.instances import Instance
from saga.engine.intake import AdmittedMessage, admit
from saga.engine.turns import in_one_go
from saga.messages import Envelope, Poison
from saga.messages.cloudevents import decode
from saga.modules.outgoing import Outgoing
from saga.orders import order_process
from saga.rabbitmq import frames
from saga.rabbitmq.admission import Events
from saga.rabbitmq.deliveries import Deliveries, Delivery, glance_for

FRAMES, DECODE, ADMIT, ANSWER = "frames", "decode", "admit", "answer"
BATCH = 500

Frame = tuple[int, bytes]
"""The kind of a frame, and its payload."""
Result = TypeVar("Result")


class Stages:
    """The stages of a process's worker, and the seconds of processor time that each took so far."""

    def __init__(self, process: Process, prefix: str) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._process = process
        self._judge = Events(process, prefix)
        self._deliveries = Deliveries(BATCH, glance=glance_for(process.correlate))

    def run(self, delivered: Sequence[Frame]) -> int:
        """Take one batch through all stages; returns the number of messages that were taken in."""
        batch = self._timed(FRAMES, lambda: self._assembled(delivered))
        messages = self._timed(DECODE, lambda: [self._judge(decode(one.message)) for one in batch])
        admitted = self._timed(ADMIT, lambda: self._admitted(messages))
        start = State.start(self._process)
        locked = {one.process_id: Instance(one.process_id, 0, start) for one in admitted}
        return self._timed(ANSWER, lambda: in_one_go(answer(self._process, locked, admitted))).taken

    def _assembled(self, delivered: Sequence[Frame]) -> list[Delivery]:
        for kind, payload in delivered:
            self._deliveries.handle_frame(kind, payload, 0, len(payload))
        return self._deliveries.others.batch(BATCH)

    def _admitted(self, messages: Sequence[Envelope | Poison]) -> list[AdmittedMessage]:
        admitted = [admit(self._process, one) for one in messages if isinstance(one, Envelope)]
        return [one for one in admitted if isinstance(one, AdmittedMessage)]

    def _timed(self, stage: str, work: Callable[[], Result]) -> Result:
        begin = time.process_time()
        result = work()
        self.seconds[stage] += time.process_time() - begin
        return result


def delivered(tag: int, message: Outgoing) -> list[Frame]:
    """The frames with which a broker delivers this message."""
    method = b"".join(
        (
            frames.DELIVER,
            _short("consumer"),
            tag.to_bytes(8),
            bytes(1),
            _short(message.exchange),
            _short(message.routing_key),
        )
    )
    header = frames.write_header(
        len(message.body),
        message.content_type,
        message.headers,
        correlation_id=message.correlation_id,
        message_id=message.id,
        type_=message.type,
    )
    return [(frames.METHOD, method), (frames.HEADER, header), (frames.BODY, message.body)]


def measure(count: int) -> dict[str, float]:
    """Microseconds of processor time for each new order, by stage. Raises ValueError if an order was not taken in."""
    process = order_process()
    stages, outgoing = Stages(process, "saga"), inputs(Kind.NEW, count)
    gc.disable()
    for begin in range(0, count, BATCH):
        part = outgoing[begin : begin + BATCH]
        taken = stages.run([frame for tag, one in enumerate(part, begin + 1) for frame in delivered(tag, one)])
        if taken != len(part):
            raise ValueError(f"{len(part) - taken} of {len(part)} orders were not taken in")
    return {stage: seconds * 1e6 / count for stage, seconds in stages.seconds.items()}


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    json.dump(measure(parser.parse_args().orders), sys.stdout)


def _short(text: str) -> bytes:
    return bytes((len(text),)) + text.encode()


if __name__ == "__main__":
    main()
