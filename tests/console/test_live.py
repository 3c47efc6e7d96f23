"""Live updates: one question for all who watch, names for what changed, and an end."""

import asyncio
from collections.abc import Mapping

import pytest

from saga import operations
from saga.console import live
from saga.console.live import Live
from saga.operations import Unavailable
from tests.console.conftest import Shown
from tests.engine.conversation import message


async def test_all_who_watch_get_the_names_of_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.01)
    now = {"logs": "1", "timers": "1"}
    looks: asyncio.Queue[None] = asyncio.Queue()

    async def look() -> Mapping[str, str]:
        looks.put_nowait(None)
        if now["logs"] == "away":
            raise Unavailable("gone")
        return dict(now)

    one = Live()
    task = asyncio.create_task(one.run(look))
    first, second = one.events(), one.events()
    assert [await anext(first), await anext(second)] == [b": watching\n\n"] * 2
    for name in (b"logs", b"timers"):  # the page may be older than the first look
        assert [await anext(first), await anext(second)] == [b"event: " + name + b"\ndata: changed\n\n"] * 2
    await looks.get()
    now["logs"] = "2"
    assert [await anext(first), await anext(second)] == [b"event: logs\ndata: changed\n\n"] * 2
    third = one.events()
    assert [await anext(third), await anext(third)] == [b": watching\n\n", b"event: logs\ndata: changed\n\n"]
    now["logs"] = "away"
    assert await anext(first) == b"event: database\ndata: changed\n\n"
    one.stopping.set()
    assert len([rest async for rest in first]) <= 1
    task.cancel()


async def test_nobody_is_asked_while_nobody_watches() -> None:
    asked = 0

    async def look() -> Mapping[str, str]:
        nonlocal asked
        asked += 1
        return {}

    task = asyncio.create_task(Live().run(look))
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    assert asked == 0


async def test_a_client_that_does_not_keep_up_holds_nobody_up() -> None:
    one = Live()
    slow = one.events()
    await anext(slow)
    for number in range(100):
        one.say(f"name-{number}")
    assert await anext(slow) == b"event: name-0\ndata: changed\n\n"


async def test_what_happens_moves_the_pulse(console: Shown) -> None:
    before = await operations.read_pulse(console.engine)
    await console.handle(message("OrderPlaced", "o-1"), message("OrderPlaced", "o-2", amount="much"))
    after = await operations.read_pulse(console.engine)
    assert {name for name in after if after[name] != before[name]} >= {"logs", "dead_letters", "timers"}
    assert await operations.read_pulse(console.engine) == after
