"""Every service, started where something is wrong: a sentence and exit code 2 for what a person has to change, and
further attempts for what comes by itself. Then it is ready, and not before."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from saga.devstack import postgres
from saga.devstack.postgres import PostgresServer
from saga.devstack.stack import Addresses
from saga.postgres.migrations import migrate
from tests.rabbitmq.place import Place
from tests.rabbitmq.wire import channel_at
from tests.system.starting import MODULES, Door, Starting, starting

EVERYBODY = tuple(MODULES)
AT_THE_BROKER = ("worker", "gateway_stub")

Environment = Mapping[str, str]


@pytest.fixture
def healthy(place: Place, database_url: str) -> dict[str, str]:
    return {"SAGA_DATABASE_URL": database_url, "SAGA_AMQP_URL": place.amqp_url, "SAGA_PREFIX": place.prefix}


async def refuse(environment: Environment, *complaint: str, services: tuple[str, ...] = EVERYBODY) -> None:
    """All of them end with code 2 and this one line."""

    async def one(service: str) -> None:
        async with starting(service, environment) as started:
            assert await started.ends() == 2, started.said
            (line,) = [line for line in started.said if line["event"] != "library"]
            assert line["event"] == "cannot_start"
            assert all(part in line["reason"] for part in complaint), line
            assert line["reason"].endswith(".")
            assert "secret" not in str(started.said)

    await asyncio.gather(*map(one, services))


async def administer(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def bare(addresses: Addresses) -> AsyncIterator[str]:
    """The name of a database that the test may create as it likes; gone afterwards."""
    name = f"bare_{uuid4().hex[:12]}"
    yield name
    await administer(addresses.database_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def at(url: str, **changes: object) -> str:
    return make_url(url).set(**changes).render_as_string(hide_password=False)  # type: ignore[arg-type]


async def test_without_tables(healthy: Environment, addresses: Addresses, bare: str) -> None:
    await administer(addresses.database_url, f"CREATE DATABASE {bare}")
    wrong = {**healthy, "SAGA_DATABASE_URL": at(addresses.database_url, database=bare)}
    await refuse(wrong, f"/{bare} does not have the tables of this version: run `saga migrate`")


async def test_with_an_older_schema(healthy: Environment, database_url: str) -> None:
    await administer(database_url, "UPDATE saga.schema_version SET version_num = '0000'")
    await refuse(healthy, "has schema 0000", "run `saga migrate`")


async def test_with_a_wrong_password_or_user_or_database(healthy: Environment, database_url: str) -> None:
    for changes, complaint in (
        ({"password": "a-secret"}, "refuses the login"),
        ({"username": "nobody", "password": "a-secret"}, "refuses the login"),
        ({"database": "nowhere"}, "has no such database"),
    ):
        await refuse({**healthy, "SAGA_DATABASE_URL": at(database_url, **changes)}, complaint, "SAGA_DATABASE_URL")


async def test_without_rights(healthy: Environment, database_url: str) -> None:
    name = f"weak_{uuid4().hex[:12]}"
    await administer(database_url, f"CREATE ROLE {name} LOGIN PASSWORD 'a-secret'")
    try:
        weak = at(database_url, username=name, password="a-secret")
        await refuse({**healthy, "SAGA_DATABASE_URL": weak}, "does not give this user the rights", "42501")
    finally:
        await administer(database_url, f"DROP ROLE {name}")


async def test_with_a_process_that_was_declared_otherwise(healthy: Environment, database_url: str) -> None:
    await administer(database_url, "INSERT INTO saga.declaration VALUES ('order', 1, 1, '{\"process\": \"other\"}')")
    await refuse(healthy, "version 1 was declared otherwise", "another version", services=("worker",))


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_with_another_encoding(healthy: Environment, addresses: Addresses, bare: str, encoding: str) -> None:
    await administer(
        addresses.database_url,
        f"CREATE DATABASE {bare} TEMPLATE template0 ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'",
    )
    await refuse({**healthy, "SAGA_DATABASE_URL": at(addresses.database_url, database=bare)}, encoding, "UTF8")


async def test_with_a_wrong_login_or_vhost_at_the_broker(healthy: Environment, amqp_url: str) -> None:
    login, _, place = amqp_url.removeprefix("amqp://").rpartition("@")
    user, host = login.partition(":")[0], place.partition("/")[0]
    wrong_password = {**healthy, "SAGA_AMQP_URL": f"amqp://{user}:a-secret@{place}"}
    await refuse(wrong_password, f"broker {host}", "refuses the login", services=AT_THE_BROKER)
    wrong_vhost = {**healthy, "SAGA_AMQP_URL": f"amqp://{login}@{host}/nowhere"}
    await refuse(wrong_vhost, "vhost nowhere not found", "SAGA_AMQP_URL", services=AT_THE_BROKER)


async def test_with_a_queue_that_has_other_settings(healthy: Environment, place: Place) -> None:
    prefix = f"{place.prefix}x"
    async with channel_at(place) as channel:
        queue = await channel.declare_queue(f"{prefix}.order", durable=True, arguments={"x-queue-type": "quorum"})
        await refuse({**healthy, "SAGA_PREFIX": prefix}, "other settings", "SAGA_PREFIX", services=("worker",))
        await queue.delete(if_unused=False, if_empty=False)
        for exchange in ("events", "commands", "undelivered"):
            await channel.exchange_delete(f"{prefix}.{exchange}")
        await channel.queue_delete(f"{prefix}.undelivered")


async def test_the_servers_come_later_and_the_log_names_what_is_away(healthy: Environment, place: Place) -> None:
    database, broker = Door(healthy["SAGA_DATABASE_URL"]), Door(healthy["SAGA_AMQP_URL"])
    behind = {**healthy, "SAGA_DATABASE_URL": database.url, "SAGA_AMQP_URL": broker.url}
    async with AsyncExitStack() as running:
        started = {name: await running.enter_async_context(starting(name, behind)) for name in EVERYBODY}
        for one in started.values():
            away = await one.event("not_ready")
            assert away["server"].startswith(f"database 127.0.0.1:{database.port}/")
        await database.open()
        running.push_async_callback(database.close)
        await started["scheduler"].event("ready")
        for name in AT_THE_BROKER:
            await started[name].hears(
                lambda line: str(line.get("server")).startswith(f"broker 127.0.0.1:{broker.port}/")
            )
            assert not [line for line in started[name].said if line["event"] == "ready"]
        await broker.open()
        running.push_async_callback(broker.close)
        for name in AT_THE_BROKER:
            await started[name].event("ready")
        await broker.close()
        for name in AT_THE_BROKER:
            lost = await started[name].event("starting_over")
            assert lost["server"].startswith(f"broker 127.0.0.1:{broker.port}/")
        await broker.open()
        await database.close()
        lost = await started["worker"].hears(
            lambda line: line["event"] == "starting_over" and str(line.get("server")).startswith("database")
        )
        assert str(database.port) in lost["server"]
        await database.open()
        await stop_well(*started.values())


async def stop_well(*started: Starting) -> None:
    for one in started:
        one.process.terminate()
    assert [await one.ends() for one in started] == [0 for _ in started]


async def test_a_read_only_database_is_waited_for(healthy: Environment, database_url: str) -> None:
    name = make_url(database_url).database
    async with AsyncExitStack() as running:
        await administer(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        started = [await running.enter_async_context(starting(service, healthy)) for service in EVERYBODY]
        for one in started:
            assert "read-only" in (await one.event("not_ready"))["error"]
        await administer(
            database_url,
            "SET default_transaction_read_only = off",
            f"ALTER DATABASE {name} RESET default_transaction_read_only",
        )
        for one in started:
            await one.event("ready")
        await stop_well(*started)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server whose settings the test may change."""
    folder = tmp_path_factory.mktemp("own")
    folder.chmod(0o711)
    server = PostgresServer(folder / "postgres")
    server.start()
    yield server
    server.destroy()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_may_lose_what_it_confirmed_is_refused_unless_that_is_allowed(
    healthy: Environment, own: PostgresServer, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setitem(postgres._SETTINGS, setting, "off")
    await asyncio.to_thread(own.restart)
    await asyncio.to_thread(migrate, own.url, allow_unsafe=True)
    unsafe = {**healthy, "SAGA_DATABASE_URL": own.url}
    await refuse(unsafe, f"{setting} off", "SAGA_ALLOW_UNSAFE_DATABASE=true")
    async with starting("scheduler", {**unsafe, "SAGA_ALLOW_UNSAFE_DATABASE": "true"}) as allowed:
        await allowed.event("ready")
        await stop_well(allowed)


async def test_a_standby_is_waited_for_until_it_is_promoted(healthy: Environment, own: PostgresServer) -> None:
    await asyncio.to_thread(own.restart)
    await asyncio.to_thread(migrate, own.url)
    await asyncio.to_thread(own.stop)
    signal_file = Path(own._place()) / "data" / "standby.signal"
    signal_file.touch()
    await asyncio.to_thread(own.start)
    pulling = {**healthy, "SAGA_DATABASE_URL": own.url, "SAGA_FEED": "pull", "SAGA_AMQP_URL": ""}
    async with AsyncExitStack() as running:
        started = [await running.enter_async_context(starting(service, pulling)) for service in EVERYBODY]
        for one in started:
            assert "standby" in (await one.event("not_ready"))["error"]
        await administer(own.url, "SELECT pg_promote()")
        for one in started:
            await one.event("ready")
        await stop_well(*started)
