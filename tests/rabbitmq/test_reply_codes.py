"""What an error of the broker leads to: by a table, and for each code as the client raises it."""

import asyncio
import re
import ssl
from pathlib import Path

import aiormq.exceptions as wire
import pytest
from aiormq import channel, connection
from pamqp import commands
from pamqp import exceptions as amqp
from structlog.testing import capture_logs

from saga.postgres import NeedsPerson, Unavailable
from saga.postgres.sqlstates import Remedy
from saga.rabbitmq.connection import broker_errors, connect, is_transient, supervise_at_broker
from saga.rabbitmq.reply_codes import REPLY_CODES, WITHOUT_CODE, classified

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
URL = "amqp://guest:secret@127.0.0.1:1/saga"


def as_raised(code: int) -> list[Exception]:
    """Everything that the client makes of this code, of a channel and of a connection."""
    return [
        channel.exception_by_code(commands.Channel.Close(code, "said so", 0, 0)),
        connection.exception_by_code(commands.Connection.Close(code, "said so", 0, 0)),
    ]


@pytest.mark.parametrize("code", REPLY_CODES)
async def test_each_code_is_answered_as_the_table_says(code: int) -> None:
    remedy, means = REPLY_CODES[code]
    for error in as_raised(code):
        assert classified(error) == (remedy, means)
        assert is_transient(error) is (remedy is not Remedy.BUG)
        expected = {Remedy.BUG: type(error), Remedy.PERSON: NeedsPerson}.get(remedy, Unavailable)
        with pytest.raises(expected) as raised, broker_errors(URL):
            raise error
        if isinstance(raised.value, Unavailable):
            assert raised.value.server == "broker 127.0.0.1:1/saga"


def test_the_table_has_every_code_that_the_protocol_knows() -> None:
    assert {*amqp.CLASS_MAPPING} - {*REPLY_CODES} == set()


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (ConnectionRefusedError(), Remedy.WAIT),
        (TimeoutError(), Remedy.WAIT),
        (wire.AMQPConnectionError(111, "refused"), Remedy.WAIT),
        (wire.InvalidFrameError("garbled"), Remedy.WAIT),
        (wire.ChannelInvalidStateError(), Remedy.WAIT),
        (wire.ProbableAuthenticationError("ACCESS_REFUSED"), Remedy.PERSON),
        (wire.AuthenticationError("EXTERNAL", ["PLAIN"]), Remedy.PERSON),
        (ssl.SSLCertVerificationError(1, "self-signed"), Remedy.PERSON),
        (ssl.SSLError(1, "record layer failure"), Remedy.WAIT),
        (wire.ConnectionClosed(530, "NOT_ALLOWED - vhost connection limit (5) is reached"), Remedy.WAIT),
        (ValueError("a bug"), Remedy.BUG),
    ],
    ids=repr,
)
def test_what_comes_without_a_code_is_answered_too(error: Exception, remedy: Remedy) -> None:
    assert classified(error)[0] is remedy


def test_a_certificate_that_the_client_wraps_is_seen() -> None:
    error = wire.AMQPConnectionError("failed")
    error.__cause__ = ssl.SSLCertVerificationError(1, "self-signed")
    assert classified(error)[0] is Remedy.PERSON


def test_the_operations_page_shows_the_same_tables() -> None:
    written = OPERATIONS.read_text()
    shown = re.findall(r"^\| (\d{3}) \| (\w+) \| (.+) \|$", written, re.MULTILINE)
    assert shown == [(str(code), remedy.value, means) for code, (remedy, means) in REPLY_CODES.items()]
    for kind, (remedy, means) in WITHOUT_CODE.items():
        assert f"| `{kind.__name__}` | {remedy.value} | {means} |" in written


async def test_a_refused_vhost_is_told_by_its_code(amqp_url: str) -> None:
    with pytest.raises(wire.ConnectionClosed) as refused:
        await connect(amqp_url.removesuffix("%2F") + "nowhere", "test")
    assert refused.value.args[0] == 530


@pytest.mark.parametrize("by", ["broker", "us"])
async def test_no_channel_is_opened_on_a_lost_connection(amqp_url: str, by: str) -> None:
    async with await connect(amqp_url, "test") as connection:
        opened = await connection.channel()
        await opened.close()
        assert connection.transport is not None
        await (connection.transport.connection if by == "broker" else connection).close()
        with pytest.raises(Unavailable), broker_errors(amqp_url):
            await opened.reopen()
        with pytest.raises(Unavailable), broker_errors(amqp_url):
            _ = await connection.channel()


@pytest.mark.parametrize("bare", [Exception, StopAsyncIteration])
async def test_what_the_client_raises_bare_is_a_lost_connection(bare: type[Exception]) -> None:
    errors = iter([bare(), bare()])

    async def session() -> None:
        if (error := next(errors, None)) is not None:
            raise error

    with capture_logs() as logs:
        await supervise_at_broker("test", session, asyncio.Event(), URL)
    assert [line["event"] for line in logs] == ["starting_over"] * 2
    with pytest.raises(Unavailable), broker_errors(URL):
        raise bare


async def test_what_somebody_raises_with_a_word_is_a_bug() -> None:
    async def session() -> None:
        raise Exception("a bug")  # noqa: TRY002 -- what the client raises, but with a word

    with pytest.raises(Exception, match="a bug"):
        await supervise_at_broker("test", session, asyncio.Event(), URL)


async def test_a_loop_waits_for_a_person_and_ends_with_a_bug() -> None:
    stop, errors = asyncio.Event(), iter([*as_raised(403), *as_raised(503)])

    async def session() -> None:
        raise next(errors)

    with capture_logs() as logs, pytest.raises(wire.AMQPError) as ended:
        await supervise_at_broker("test", session, stop, URL)
    assert classified(ended.value)[0] is Remedy.BUG
    assert [line["server"] for line in logs] == ["broker 127.0.0.1:1/saga"] * 2
