"""Errors of the broker, as sentences that commands print."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from aio_pika.exceptions import AMQPConnectionError, AMQPError

from saga.addresses import BrokerAddress
from saga.cli.shell.failure import CommandFailed, WrongUsage
from saga.operations import BrokerBlocked
from saga.postgres import NeedsPerson, Unavailable
from saga.postgres.sqlstates import Remedy
from saga.rabbitmq.confirms import PublishRefused
from saga.rabbitmq.connection import BROKER_ERRORS, loss_is_said
from saga.rabbitmq.reply_codes import classified


@contextmanager
def broker(amqp_url: str) -> Iterator[None]:
    """Turn the broker's errors into CommandFailed, in place of what the client logs about them.

    Raises WrongUsage instead where a person has to change something.
    """
    logging.getLogger("aiormq").addHandler(logging.NullHandler())
    place = f"The broker at {BrokerAddress.parse(amqp_url)}"
    try:
        with loss_is_said():
            yield
    except BrokerBlocked as error:
        raise CommandFailed(f"The {str(error).removeprefix('the ')}: see to its alarm.") from error
    except Unavailable as error:
        # Of the database as well: what is done with the broker may be done with both.
        if isinstance(error.__cause__, BROKER_ERRORS) and (error.server or "").startswith("broker"):
            raise _failed(place, error.__cause__) from error
        if isinstance(error, NeedsPerson):
            raise WrongUsage(error.sentence) from error
        raise
    except BROKER_ERRORS as error:
        raise _failed(place, error) from error


def _failed(place: str, error: BaseException) -> CommandFailed:
    remedy, means = classified(error)
    if remedy is Remedy.PERSON:
        return WrongUsage(f"{place} {means} ({_first_line(error)}).")
    return CommandFailed(f"{place} {_problem(error)}")


def _problem(error: BaseException) -> str:
    match error:
        case PublishRefused():
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
