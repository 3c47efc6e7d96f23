"""The broker as commands meet it: sentences for what can be wrong with it."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from aio_pika.exceptions import (
    AMQPConnectionError,
    AMQPError,
    ChannelPreconditionFailed,
    ProbableAuthenticationError,
)
from aiormq.exceptions import InvalidFrameError

from saga.addresses import BrokerAddress
from saga.cli.failure import CommandFailed
from saga.transport.confirms import Refused
from saga.transport.connection import BROKER_ERRORS


@contextmanager
def broker(amqp_url: str) -> Iterator[None]:
    """Turn the broker's errors into CommandFailed, in place of what the client logs about them."""
    logging.getLogger("aiormq").addHandler(logging.NullHandler())
    place = f"The broker at {BrokerAddress.parse(amqp_url)}"
    try:
        yield
    except BROKER_ERRORS as error:
        raise CommandFailed(f"{place} {_complaint(error)}") from error


def _complaint(error: BaseException) -> str:
    match error:
        case ProbableAuthenticationError():
            return "refused the login: correct the user and the password in SAGA_AMQP_URL."
        case InvalidFrameError():
            return "refused to open the connection: correct the vhost, or the user's rights to it, in SAGA_AMQP_URL."
        case ChannelPreconditionFailed():
            return f"has a queue or exchange with other settings ({error}): take another SAGA_PREFIX, or delete it."
        case Refused():
            return f"does not take this message ({_first_line(error)}): make it smaller, or raise the broker's limit."
        case AMQPConnectionError() | OSError():
            return f"can't be reached ({_first_line(error)}): start it, or correct SAGA_AMQP_URL."
        case asyncio.TimeoutError():
            return "did not answer in time: see whether an alarm blocks it, then try again."
        case AMQPError():
            return f"refused: {_first_line(error)}."
        case _:
            return f"closed the channel ({_first_line(error)}): try again."


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
