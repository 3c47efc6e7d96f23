"""A log is looked through in stretches; nobody who reads a page notices."""

from itertools import pairwise

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules import NewEvent, Visibility, append, read_public
from saga.modules.reader import NARROWEST_STRETCH, WIDEST_STRETCH, _stretches


@pytest.mark.parametrize(("after", "horizon"), [(0, 1), (0, 100), (7, 5_007), (0, 1_000_000), (999, 1_000)])
@pytest.mark.parametrize("limit", [1, 500, 50_000])
def test_stretches_leave_nothing_out_and_look_at_nothing_twice(after: int, horizon: int, limit: int) -> None:
    stretches = list(_stretches(after, horizon, limit))
    assert (stretches[0][0], stretches[-1][1]) == (after, horizon)
    assert all(end == begin for (_, end), (begin, _) in pairwise(stretches))
    assert all(0 < end - begin <= max(limit, WIDEST_STRETCH) for begin, end in stretches)


def test_the_first_stretch_is_what_a_page_of_public_events_needs() -> None:
    assert next(_stretches(10, 10_000, 500)) == (10, 510)
    assert next(_stretches(10, 10_000, 1)) == (10, 10 + NARROWEST_STRETCH)


async def test_a_page_goes_on_through_a_long_internal_stretch_until_it_is_full(engine: AsyncEngine) -> None:
    internal = [NewEvent("s", "Scored", f"i-{n}", {}, Visibility.INTERNAL) for n in range(10 * NARROWEST_STRETCH)]
    async with engine.begin() as connection:
        for name in ("a", "b", "c"):
            await append(connection, "orders", [NewEvent("s", "Placed", name, {}), *internal])
    one = 1 + len(internal)
    async with engine.connect() as connection:
        full = await read_public(connection, "orders", 0, limit=2)
        rest = await read_public(connection, "orders", full.horizon, limit=2)
    assert ([entry.event_id for entry in full.entries], full.horizon) == (["a", "b"], one + 1)
    assert ([entry.event_id for entry in rest.entries], rest.horizon) == (["c"], 3 * one)
