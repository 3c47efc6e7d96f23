"""A number is the same after the database has stored it, or each repeat of its message would be a conflict."""

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import DecisionKind, State, decide, dump_state, load_state
from saga.messages.facts import read_fact
from tests.core.test_same import CARRIES, Weighed

NUMBERS = [-0.0, 0.0, 1.0, 1, 0.1, 1e-7, 1e15, 1e16, -1e16, 1.2345678901234568e17, 9.1e18, 1e19, 1e20, 1.5e300, 5e-324]


@pytest.mark.parametrize("number", NUMBERS)
async def test_a_repeat_is_no_conflict_after_the_state_was_stored(engine: AsyncEngine, number: float) -> None:
    fact = read_fact(Weighed, {"house_id": "h", "parcel": "p", "weight": [number]})
    taken = decide(CARRIES, State.start(CARRIES), fact)
    async with engine.connect() as connection:
        stored = await connection.scalar(
            text("SELECT CAST(CAST(:state AS jsonb) AS text)"),
            {"state": orjson.dumps(dump_state(taken.state)).decode()},
        )
    state = load_state(CARRIES, orjson.loads(stored))
    assert decide(CARRIES, state, fact).kind is DecisionKind.IGNORED
