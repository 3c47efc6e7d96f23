"""The logins of the console: PostgreSQL keeps who looks from acting, and who acts from changing what was recorded."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.engine import Step
from saga.operations import Pace
from saga.orders import order_process
from tests.console.conftest import fill, received, shown
from tests.console.test_acting import MENDED, WHY
from tests.engine.conversation import execute, message
from tests.visibility.logins import Logins
from tests.visibility.records import refused

ORDER = order_process()
OPERATOR = ("saga_operator", f"saga_module_{ORDER.module}")
PAGES = ("/", "/instances/order", "/instances/order/o-1", "/stuck", "/dead-letters", "/dead-letters/1", "/operations")
WRITES = (
    "UPDATE saga.dead_letter SET state = 'discarded', closed_at = now()",
    "DELETE FROM saga.dead_letter",
    "INSERT INTO saga.operation (actor, action, reason, ids, result) VALUES ('eve', 'discard', 'why', '{}', '{}')",
    "INSERT INTO saga.operation_item (operation_id, item, answer) VALUES (1, '1', 'taken')",
    "UPDATE saga.operation_run SET state = 'running', ended_at = NULL",
    "UPDATE saga.instance SET outcome = 'paid'",
    "UPDATE saga.cursor SET watermark = 9",
)


@pytest.fixture
async def letters(engine: AsyncEngine) -> list[int]:
    """Dead letters that a redrive takes in."""
    await Step(engine, ORDER).handle([received("OrderPlaced", f"o-{number}", amount="much") for number in range(3)])
    await execute(engine, MENDED)
    return [letter.id for letter in await operations.list_dead_letters(engine)]


async def test_who_looks_sees_every_page_and_can_change_nothing(logins: Logins, engine: AsyncEngine) -> None:
    viewer = await logins.engine("saga_viewer")
    async with shown(engine) as owners:
        await fill(owners)
    async with shown(viewer) as console:
        for page in PAGES:
            assert "<h1" in await console.html(page), page
    for write in WRITES:
        await refused(viewer, write)


async def test_even_a_console_that_would_let_a_viewer_act_can_not(
    logins: Logins, engine: AsyncEngine, letters: list[int]
) -> None:
    viewer = await logins.engine("saga_viewer")
    for act in (
        operations.redrive(viewer, [ORDER], letters, **WHY),
        operations.discard(viewer, letters, **WHY),
        operations.erase(viewer, ORDER, "o-1", **WHY),
        operations.begin_redrive(viewer, [ORDER], letters, **WHY, pace=Pace()),
    ):
        with pytest.raises(Exception, match="permission denied"):
            await act
    assert await operations.list_operations(engine) == ()
    assert len(await operations.list_dead_letters(engine)) == 3


async def test_an_operator_acts_and_can_not_change_the_record(
    logins: Logins, engine: AsyncEngine, letters: list[int]
) -> None:
    operator = await logins.engine(*OPERATOR)
    begun = await operations.begin_redrive(operator, [ORDER], letters[:2], **WHY, pace=Pace(batch=1))
    assert await operations.carry_out(operator, [ORDER], begun) == "done"
    assert await operations.discard(operator, letters[2:], **WHY) == tuple(letters[2:])
    assert dict((await operations.read_operation(operator, begun)).answers) == {"taken": 2}
    for write in (
        "UPDATE saga.operation SET actor = 'nobody'",
        "DELETE FROM saga.operation",
        "UPDATE saga.operation_item SET answer = 'taken'",
        "DELETE FROM saga.operation_item",
        "DELETE FROM saga.operation_run",
        "DELETE FROM saga.dead_letter",
        "UPDATE saga.event_log SET data = '{}'",
    ):
        await refused(operator, write)
    await Step(engine, ORDER).handle([message("OrderCancelled", "settled")])
    with pytest.raises(Exception, match="permission denied"):
        await operations.erase(operator, ORDER, "settled", **WHY)


async def test_not_even_the_owner_changes_an_answer(engine: AsyncEngine, letters: list[int]) -> None:
    await operations.discard(engine, letters, **WHY)
    for write in ("UPDATE saga.operation_item SET answer = 'taken'", "TRUNCATE saga.operation_item"):
        with pytest.raises(Exception, match="append-only"):
            await execute(engine, write)
