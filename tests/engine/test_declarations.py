"""A worker does not start if workers of the same version of its process declared something else."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.core import DeclarationError, Process
from saga.engine.declarations import declare, require_same_declaration
from saga.orders import order_process
from saga.settings import Feed
from saga.worker import Worker
from tests.engine.conversation import execute, value

PROCESS = order_process()
OTHER = replace(PROCESS, settled=frozenset([*PROCESS.settled][:1]))
"""The same version, after somebody edited it."""


async def test_the_first_worker_of_a_version_says_what_it_is(engine: AsyncEngine) -> None:
    await asyncio.gather(*(declare(engine, PROCESS) for _ in range(4)))
    with pytest.raises(DeclarationError, match=r"'order': version 1 was declared otherwise .* \(process\): give what"):
        await declare(engine, OTHER)
    await declare(engine, PROCESS)
    assert await value(engine, "SELECT count(*) FROM saga.declaration") == 1


async def test_another_version_is_another_declaration_and_the_old_one_is_still_known(engine: AsyncEngine) -> None:
    await declare(engine, PROCESS)
    await declare(engine, replace(OTHER, version=2))
    await declare(engine, PROCESS)
    with pytest.raises(DeclarationError, match="version 2 was declared otherwise"):
        await declare(engine, replace(PROCESS, version=2))


async def test_digests_of_another_form_are_replaced(engine: AsyncEngine) -> None:
    await declare(engine, OTHER)
    await execute(engine, "UPDATE saga.declaration SET form = form - 1")
    await require_same_declaration(engine, PROCESS)
    await declare(engine, PROCESS)
    with pytest.raises(DeclarationError):
        await declare(engine, OTHER)


async def test_many_parts_that_differ_are_counted(engine: AsyncEngine) -> None:
    await execute(engine, "INSERT INTO saga.declaration VALUES ('order', 1, 1, '{}')")
    with pytest.raises(DeclarationError, match=r"\(process, message OrderPlaced, .* and 13 more\)"):
        await declare(engine, PROCESS)


async def test_a_worker_of_a_program_refuses_too(engine: AsyncEngine) -> None:
    await declare(engine, PROCESS)
    ready = asyncio.Event()
    with pytest.raises(DeclarationError, match="another version"):
        await Worker(engine, OTHER, feed=Feed.PULL).run(asyncio.Event(), ready)
    assert not ready.is_set()


Writes = Callable[[AsyncEngine, Process], Any]


@pytest.mark.parametrize(
    "writes",
    [
        lambda engine, process: operations.redrive(engine, [process], actor="somebody", reason="it is mended"),
        lambda engine, process: operations.replay(engine, [process], repair=True),
    ],
    ids=["redrive", "repair"],
)
async def test_people_can_not_change_instances_by_another_declaration(engine: AsyncEngine, writes: Writes) -> None:
    await writes(engine, OTHER)
    assert await value(engine, "SELECT count(*) FROM saga.declaration") == 0, "only workers say what a version is"
    await declare(engine, PROCESS)
    await writes(engine, PROCESS)
    with pytest.raises(DeclarationError, match="declared otherwise"):
        await writes(engine, OTHER)
    await operations.replay(engine, [OTHER])
