"""The private PostgreSQL: what it guarantees, and that no crash keeps it from starting again."""

import asyncio
import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from saga.devstack import children
from saga.devstack.postgres import PostgresServer, _remove_forgotten

NAMES = {"postgres"}


def query(server: PostgresServer, statement: str) -> list[str]:
    async def ask() -> list[str]:
        connection = await asyncpg.connect(server.url, timeout=5)
        try:
            return [str(value) for row in await connection.fetch(statement) for value in row]
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.destroy()
    assert not children.living_in(server.folder, NAMES)
    assert not server.folder.exists()


@pytest.fixture
def kept(server: PostgresServer) -> Iterator[PostgresServer]:
    """With one committed row that has to be there after whatever happens."""
    server.start()
    query(server, "CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS row")
    yield server
    server.start()
    assert query(server, "SELECT row FROM kept") == ["1"]


def test_it_is_durable_speaks_utf8_and_answers_on_loopback_only(server: PostgresServer) -> None:
    names = ("fsync", "server_encoding", "listen_addresses", "unix_socket_directories", "password_encryption")
    assert query(server, "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)) == [
        *("on", "UTF8", "127.0.0.1", "", "scram-sha-256")
    ]


def test_nobody_gets_in_without_the_password(server: PostgresServer) -> None:
    wrong = server.url.replace(server._password(), "guess")
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(asyncpg.connect(wrong))
    assert stat.S_IMODE((server.folder / "password").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_keeps_address_and_data(kept: PostgresServer, mode: str) -> None:
    url, pid = kept.url, kept.pid
    kept.restart("fast" if mode == "fast" else "immediate")
    assert kept.url == url
    assert kept.pid != pid
    assert kept.is_running()


def test_a_stop_leaves_no_process(kept: PostgresServer) -> None:
    kept.stop()
    assert kept.pid is None
    assert not kept.is_running()
    assert not children.living_in(kept._place(), NAMES)


def test_it_starts_again_after_sigkill(kept: PostgresServer) -> None:
    assert kept.pid is not None
    os.kill(kept.pid, signal.SIGKILL)
    kept.start()
    assert kept.is_running()


def test_a_kill_leaves_no_process_and_it_starts_again(kept: PostgresServer) -> None:
    kept.kill()
    assert not children.living_in(kept._place(), NAMES)
    kept.start()
    assert kept.is_running()


def test_it_starts_again_though_its_pid_file_names_another_living_process(kept: PostgresServer) -> None:
    kept.stop("immediate")
    pid_file = kept._place() / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{kept._place() / 'data'}\n1\n1\n\n127.0.0.1\n\nready\n")
    assert kept.pid is None
    kept.start()
    assert kept.is_running()


def test_a_living_server_is_taken_over_rather_than_started_twice(kept: PostgresServer) -> None:
    second = PostgresServer(kept.folder)
    second.start()
    assert (second.pid, second.url) == (kept.pid, kept.url)


def test_a_place_is_removed_only_when_its_folder_is_gone_and_it_was_long_unused(tmp_path: Path) -> None:
    wanted, moved, forgotten = (tmp_path / f"saga-postgres-{name}" for name in ("wanted", "moved", "forgotten"))
    folder = tmp_path / "postgres"
    folder.mkdir()
    for place, unused_seconds in ((wanted, 10 * 86_400), (moved, 60), (forgotten, 10 * 86_400)):
        (place / "data").mkdir(parents=True)
        used = time.time() - unused_seconds
        os.utime(place / "data", (used, used))
        (place / "for").write_text(str(folder if place == wanted else tmp_path / "gone"))
    (folder / "place").write_text(str(wanted))
    _remove_forgotten(tmp_path)
    assert {path for path in (wanted, moved, forgotten) if path.exists()} == {wanted, moved}


def test_a_new_port_is_taken_where_the_old_one_is_in_use(tmp_path: Path, server: PostgresServer) -> None:
    (tmp_path / "port").write_text(server.url.rpartition(":")[2].partition("/")[0])
    other = PostgresServer(tmp_path)
    try:
        other.start()
        assert other.url.rpartition(":")[2] != server.url.rpartition(":")[2]
        assert query(other, "SELECT 1") == ["1"]
    finally:
        other.destroy()
