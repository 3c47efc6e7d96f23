"""The remedy for each error of the broker: each reply code of AMQP 0-9-1, and errors without a code.

The remedies are those of PostgreSQL's errors (``saga.postgres.sqlstates``), except for the one about single rows.
docs/operations.md has the same tables; a test compares them.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

from aio_pika import exceptions
from aiormq import exceptions as wire

from saga.postgres.sqlstates import Remedy

_OUR_FRAMES: Final = "the client sent what it must not send"
_GARBLED: Final = "frames were garbled on their way"

REPLY_CODES: Final[Mapping[int, tuple[Remedy, str]]] = {
    200: (Remedy.WAIT, "closed in order, as by an operator"),
    311: (Remedy.WAIT, "a message is larger than the broker takes"),
    312: (Remedy.WAIT, "no queue takes the message now"),
    313: (Remedy.WAIT, "nobody consumes now"),
    320: (Remedy.WAIT, "an operator closed the connection, or the broker stops"),
    402: (Remedy.PERSON, "does not have the vhost: create it, or correct it in SAGA_AMQP_URL"),
    403: (Remedy.PERSON, "refuses the login or lacks a right: correct the user, the password or the rights"),
    404: (Remedy.WAIT, "an exchange or queue is not there; the workers declare it"),
    405: (Remedy.WAIT, "a queue belongs to another connection, which may end"),
    406: (Remedy.PERSON, "has a queue or exchange with other settings: take another SAGA_PREFIX, or delete it"),
    501: (Remedy.WAIT, _GARBLED),
    502: (Remedy.BUG, _OUR_FRAMES),
    503: (Remedy.BUG, _OUR_FRAMES),
    504: (Remedy.WAIT, "a channel is not open any more"),
    505: (Remedy.WAIT, _GARBLED),
    506: (Remedy.WAIT, "a resource of the broker is used up"),
    530: (Remedy.PERSON, "refuses the vhost: correct it, or the user's rights to it, in SAGA_AMQP_URL"),
    540: (Remedy.BUG, "the broker can't do that"),
    541: (Remedy.WAIT, "the broker has an error inside, or its vhost is down"),
}

WITHOUT_CODE: Final[Mapping[type[BaseException], tuple[Remedy, str]]] = {
    ssl.SSLCertVerificationError: (
        Remedy.PERSON,
        "has a certificate that can't be verified: correct it, or SAGA_AMQP_URL",
    ),
    wire.AuthenticationError: (Remedy.PERSON, "does not take a login by password: correct its configuration"),
    ssl.SSLError: (Remedy.WAIT, "TLS broke"),
    exceptions.ProtocolSyntaxError: (Remedy.WAIT, _GARBLED),
    exceptions.ChannelInvalidStateError: (Remedy.WAIT, "a channel is not open any more"),
    asyncio.TimeoutError: (Remedy.WAIT, "the broker did not answer in time"),
    OSError: (Remedy.WAIT, "the broker can't be reached, or the connection broke"),
    exceptions.AMQPError: (Remedy.WAIT, "the broker refused or lost it"),
}
"""The first match counts."""

LIMITED: Final = "limit"
"""In the text of an error 530 about the vhost's limit of connections, which is transient."""

_CODES: Final[Mapping[type[BaseException], int]] = {
    wire.ProbableAuthenticationError: 403,
    wire.ChannelAccessRefused: 403,
    wire.ChannelNotFoundEntity: 404,
    wire.ChannelLockedResource: 405,
    wire.ChannelPreconditionFailed: 406,
    wire.ConnectionFrameError: 501,
    wire.ConnectionSyntaxError: 502,
    wire.ConnectionCommandInvalid: 503,
    wire.ConnectionChannelError: 504,
    wire.ConnectionUnexpectedFrame: 505,
    wire.ConnectionResourceError: 506,
    wire.ConnectionNotAllowed: 530,
    wire.DuplicateConsumerTag: 530,
    wire.ConnectionNotImplemented: 540,
    wire.ConnectionInternalError: 541,
}


def reply_code(error: BaseException) -> int | None:
    """The code with which the broker closed a channel or connection; None if it gave none."""
    if (code := _CODES.get(type(error))) is not None:
        return code
    if isinstance(error, wire.ConnectionClosed | wire.ChannelClosed) and error.args and isinstance(error.args[0], int):
        return error.args[0]
    return None


def classified(error: BaseException) -> tuple[Remedy, str]:
    """The remedy for an error, and its meaning. An unknown error is a bug."""
    code = reply_code(error)
    if code == 530 and LIMITED in str(error):
        return REPLY_CODES[506]
    if code is not None and code in REPLY_CODES:
        return REPLY_CODES[code]
    cause = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
    return next((row for kind, row in WITHOUT_CODE.items() if isinstance(cause, kind)), (Remedy.BUG, "unknown"))
