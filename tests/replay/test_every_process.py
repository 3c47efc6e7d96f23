"""Whatever process runs: its record leads to its rows, a repair restores exactly those, and sends nothing."""

import importlib
import pkgutil
import random
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import examples.gallery
from examples.shop.order import order_process as enlarged
from examples.trip.process import trip
from saga.convergence import check as check_convergence
from saga.convergence import derive_samples
from saga.core import Process
from saga.engine import Step
from saga.messages import Envelope, Raw
from saga.orders import order_process
from saga.verification.audit import audit
from saga.verification.replay import Coverage, check, repair
from tests.audit.evidence import told
from tests.engine.conversation import execute, rows
from tests.replay import shapes

ORDERS = 25


def every_process() -> Iterator[Process]:
    yield from (order_process(), shapes.PROCESS, enlarged(), trip)
    for found in pkgutil.iter_modules(examples.gallery.__path__):
        module = importlib.import_module(f"examples.gallery.{found.name}")
        yield from (one for one in vars(module).values() if isinstance(one, Process))


PROCESSES = {process.name: process for process in every_process()}


def history(process: Process, chance: random.Random) -> list[list[Envelope]]:
    """Any of its inputs about some instances, in any order, repeated as messages and as facts; in batches."""
    samples = derive_samples(process)
    said = [
        told(fact, f"i-{number}", process.correlate)
        for number in range(ORDERS)
        for fact in chance.choices(samples, k=chance.randrange(1, 2 * len(samples)))
    ]
    said += chance.sample(said, len(said) // 5)
    chance.shuffle(said)
    return [said[start : start + 20] for start in range(0, len(said), 20)]


async def stored(engine: AsyncEngine, process: Process) -> list[tuple[object, ...]]:
    """Everything that a repair may write, but the version of the stream."""
    return await rows(
        engine,
        "SELECT process_id, process_version, outcome, settled, CAST(state AS text) FROM saga.instance"
        " WHERE process = :process ORDER BY 1",
        process=process.name,
    )


async def commands(engine: AsyncEngine) -> list[tuple[object, ...]]:
    return await rows(engine, "SELECT event_id, CAST(data AS text) FROM saga.event_log WHERE target IS NOT NULL")


async def differing(engine: AsyncEngine, process: Process) -> dict[str, list[str]]:
    found = [one for page in [page async for page in check(engine, process)] for one in page if one.differences]
    return {one.process_id: [difference.sentence for difference in one.differences] for one in found}


@pytest.fixture(params=sorted(PROCESSES))
async def process(request: pytest.FixtureRequest, engine: AsyncEngine, seed: int) -> Process:
    """A process that has taken much in."""
    process = PROCESSES[request.param]
    for batch in history(process, random.Random(seed)):
        await Step(engine, process).handle(batch)
    return process


async def test_its_record_leads_to_its_rows(engine: AsyncEngine, process: Process) -> None:
    assert len(await stored(engine, process)) == ORDERS
    assert await differing(engine, process) == {}
    if check_convergence(process).converges:
        pages = [page async for page in audit(engine, process)]
        assert {one.process_id: one.differences for page in pages for one in page if one.differences} == {}


async def test_a_repair_restores_exactly_its_rows_and_nothing_is_sent_then_or_later(
    engine: AsyncEngine, process: Process
) -> None:
    before, sent = await stored(engine, process), await commands(engine)
    half = f"process = '{process.name}' AND hashtext(process_id) % 2 = 0"
    await execute(
        engine, f"UPDATE saga.instance SET state = '{{}}', outcome = 'lost', settled = NOT settled WHERE {half}"
    )
    await execute(
        engine, f"DELETE FROM saga.instance WHERE process = '{process.name}' AND hashtext(process_id) % 5 = 1"
    )
    damaged = await differing(engine, process)
    assert damaged
    for process_id in damaged:
        await repair(engine, process, process_id)
    assert await stored(engine, process) == before
    assert await differing(engine, process) == {}
    assert await commands(engine) == sent
    if not check_convergence(process).converges:
        return
    known = await rows(engine, "SELECT data -> 'type', data -> 'fields' FROM saga.event_log WHERE type = 'InputTaken'")
    again = [
        Envelope(type_, f"again-{number}", "/again", fields, raw=Raw(b"%d" % number))
        for number, (type_, fields) in enumerate(known)
    ]
    await Step(engine, process).handle(again)
    assert await commands(engine) == sent, "what was sent is remembered with all that it said"


async def test_one_that_lost_its_last_command_differs_in_that_alone(engine: AsyncEngine, process: Process) -> None:
    """The fold goes on with what was really sent, with all that the other commands said."""
    last = await rows(
        engine,
        "SELECT DISTINCT ON (stream_id) stream_id, stream_version, target, data ->> 'effect'"
        " FROM saga.event_log WHERE stream_id LIKE 'i-%' ORDER BY stream_id, stream_version DESC",
    )
    lost = {stream: (version, target, effect) for stream, version, target, effect in last if target is not None}
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL saga.pruning = 'on'"))
        for stream, (version, *_) in lost.items():
            parameters = {"id": stream, "version": version}
            await connection.execute(
                text("DELETE FROM saga.event_log WHERE stream_id = :id AND stream_version = :version"), parameters
            )
    found = [one for page in [page async for page in check(engine, process)] for one in page]
    for one in found:
        whats = {difference.what for difference in one.differences}
        if one.process_id not in lost:
            assert whats == set()
            continue
        _, target, effect = lost[one.process_id]
        assert f"command.{effect}" in whats
        about = {f"command.{effect}", "stream_version", f"state.commanded.{effect}", f"state.revisions.{target}"}
        assert whats <= about, one.differences


async def test_one_that_was_pruned_and_came_back_is_followed_from_there(engine: AsyncEngine, process: Process) -> None:
    await execute(
        engine,
        "INSERT INTO saga.instance_tombstone SELECT process, process_id, process_version, stream_version, outcome,"
        f" state, created_at, updated_at FROM saga.instance WHERE process = '{process.name}'",
    )
    await execute(engine, "DELETE FROM saga.instance")
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL saga.pruning = 'on'"))
        await connection.execute(text("DELETE FROM saga.event_log WHERE stream_id LIKE 'i-%'"))
    for batch in history(process, random.Random(7)):
        await Step(engine, process).handle(batch)
    found = [one for page in [page async for page in check(engine, process)] for one in page]
    assert {one.coverage for one in found} <= {Coverage.COMPARED, Coverage.PRUNED}
    assert {one.process_id: one.differences for one in found if one.differences} == {}
