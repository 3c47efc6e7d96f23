"""Probes say whether loops go round, from memory, and whether servers are in reach, without asking them too often."""

import asyncio

import pytest
from structlog.testing import capture_logs

from saga.endpoint import Probes, listening
from saga.heartbeat import Loops
from saga.postgres import NeedsPerson, Unavailable
from saga.service import CannotStart
from saga.settings import Settings
from tests.endpoint.asking import asked


async def well() -> None:
    """A server that is in reach."""


async def test_a_service_that_waits_is_healthy_and_not_ready() -> None:
    stop = asyncio.Event()
    with capture_logs() as logs:
        async with listening(("127.0.0.1", 0), stop) as probes:
            port = logs[0]["port"]
            assert (await asked(port, "/healthz"))[0] == 200
            assert (await asked(port, "/readyz"))[0] == 503
            begun = asyncio.Event()
            probes.watch(Loops(), [well], [begun])
            assert (await asked(port, "/readyz"))[0] == 503
            begun.set()
            assert (await asked(port, "/readyz"))[0] == 200
            stop.set()
            assert await asked(port, "/readyz") == (503, "it stops\n")
            assert (await asked(port, "/healthz"))[0] == 200


async def test_a_loop_that_stands_still_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    loops, probes = Loops(), Probes(asyncio.Event())
    standing, resting = loops.begin("stands"), loops.begin("rests")
    probes.watch(loops, [])
    with resting.rests():
        assert probes.standing_loops() == []
        monkeypatch.setattr("saga.endpoint.probes.SILENT_SECONDS", 0.0)
        assert [line.partition(" ")[0] for line in probes.standing_loops()] == ["stands"]
        loops.end(standing)
        assert probes.standing_loops() == []


@pytest.mark.parametrize("error", [Unavailable("it is away", "database x"), NeedsPerson("refuses the login", "broker")])
async def test_a_server_out_of_reach_is_an_obstacle(error: Unavailable) -> None:
    async def look() -> None:
        raise error

    probes = Probes(asyncio.Event())
    probes.watch(Loops(), [look, well])
    assert await probes.obstacles() == [f"{error.server}: {error}"]
    assert probes.standing_loops() == []


async def test_a_server_that_never_answers_is_an_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saga.endpoint.probes.LOOK_SECONDS", 0.02)
    probes = Probes(asyncio.Event())
    probes.watch(Loops(), [asyncio.Event().wait])  # type: ignore[list-item]
    assert "answered within" in (await probes.obstacles())[0]


async def test_many_questions_are_one_look() -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1

    probes = Probes(asyncio.Event())
    probes.watch(Loops(), [look])
    await asyncio.gather(*(probes.obstacles() for _ in range(20)))
    assert looks == 1


async def test_a_port_in_use_is_a_sentence() -> None:
    stop = asyncio.Event()
    with capture_logs() as logs:
        async with listening(("127.0.0.1", 0), stop):
            with pytest.raises(CannotStart, match=r"SAGA_METRICS_LISTEN names 127\.0\.0\.1:\d+, which can't be"):
                async with listening(("127.0.0.1", logs[0]["port"]), stop):
                    pass


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("", None),
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:1", ("0.0.0.0", 1)),  # noqa: S104 -- what somebody may write
        ("[::1]:9464", ("::1", 9464)),
        ("here:0", ("here", 0)),
    ],
)
def test_an_address_without_a_host_is_this_machine_only(given: str, meant: tuple[str, int] | None) -> None:
    assert Settings.model_validate({"metrics_listen": given}).metrics_address == meant


@pytest.mark.parametrize("given", ["here", "here:port", "here:70000", "http://here:1/", "a b:1"])
def test_another_address_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        Settings.model_validate({"metrics_listen": given})
