"""`saga cursors repair` sets a poisoned cursor right, so that what comes behind the lie is taken in, once."""

import asyncio
import getpass
import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import Result

from saga.engine import Step
from saga.feeds.log_feed import AT_ONCE, LogFeed
from saga.messages import Envelope
from saga.modules import NewEvent, append
from saga.orders import order_process
from saga.postgres import durable_transaction
from tests.cli.shell import Saga
from tests.engine.conversation import dead_letters, execute, message, rows, value

PROCESS = order_process()
MANY = range(1, 21)
LIE = 1_000
WHY = "a false claim"
ANSWERS = "SELECT stream_id, count(*) FROM saga.event_log WHERE type LIKE 'Input%' GROUP BY 1 ORDER BY 1"


@pytest.fixture
async def lied_to(engine: AsyncEngine) -> AsyncEngine:
    """What an earlier version left of one message: a position that it invented, and all before it as handled."""
    liar = message("PaymentReceived", "liar", message_id="lie", module="payments", position=LIE, previous=0)
    await Step(engine, PROCESS, remote_modules={"payments"}).handle([liar])
    assert await cursor(engine) == (LIE, "{}")
    return engine


def paid(number: int) -> Envelope:
    place = {"module": "payments", "position": number, "previous": number - 1}
    return message("PaymentReceived", f"o-{number}", message_id=f"e-{number}", **place)  # type: ignore[arg-type]


async def log_payments(engine: AsyncEngine, numbers: range = MANY) -> None:
    events = [NewEvent(f"o-{n}", "PaymentReceived", f"e-{n}", paid(n).data) for n in numbers]
    async with durable_transaction(engine) as connection:
        await append(connection, "payments", events)


async def cursor(engine: AsyncEngine) -> tuple[int, str]:
    (found,) = await rows(
        engine,
        "SELECT watermark, CAST(handled AS text) FROM saga.cursor WHERE (consumer, module) = ('order', 'payments')",
    )
    return found[0], found[1]


async def feed(engine: AsyncEngine, log: AsyncEngine | None = None) -> None:
    elsewhere: Mapping[str, AsyncEngine] = {"payments": log} if log else {}
    step = Step(engine, PROCESS, remote_modules=elsewhere)
    own = LogFeed(engine, step, PROCESS, "saga", grace=AT_ONCE, page_size=7, remote_logs=elsewhere)
    await own.feed_once()


async def call(saga: Saga, *words: str, stdin: str | None = None, **environment: str) -> Result:
    return await asyncio.to_thread(saga, "cursors", *words, "--reason", WHY, stdin=stdin, **environment)


async def operations(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    return await rows(engine, "SELECT actor, action, reason, ids FROM saga.operation ORDER BY operation_id")


async def repair(saga: Saga, *words: str, **environment: str) -> dict[str, Any]:
    result = await call(saga, "repair", "payments", "--yes", "--json", *words, **environment)
    assert result.exit_code == 0, result.stderr
    (repaired,) = json.loads(result.stdout)["repaired"]
    return dict(repaired)


async def each_once(engine: AsyncEngine, *others: str) -> bool:
    return await rows(engine, ANSWERS) == sorted([(f"o-{n}", 1) for n in MANY] + [(one, 1) for one in others])


async def test_all_that_was_taken_for_repeats_behind_a_lie_is_taken_in_once(lied_to: AsyncEngine, saga: Saga) -> None:
    engine, deliveries = lied_to, [paid(number) for number in MANY]
    await log_payments(engine)
    assert (await Step(engine, PROCESS).handle(deliveries)).repeated == len(MANY)
    repaired = await repair(saga)
    assert repaired["before"] == {"watermark": LIE, "handled": "{}"}
    assert repaired["after"] == {"watermark": 0, "handled": "{}"}
    assert (repaired["changed"], repaired["released"]) == (True, 1)
    await feed(engine)
    assert await cursor(engine) == (20, "{}")
    assert await each_once(engine, "liar")
    assert (await Step(engine, PROCESS).handle(deliveries)).repeated == len(MANY)
    assert await each_once(engine, "liar")
    assert await dead_letters(engine) == []


async def test_what_was_handled_behind_a_lie_stays_handled(lied_to: AsyncEngine, saga: Saga) -> None:
    engine = lied_to
    await log_payments(engine)
    step = Step(engine, PROCESS)
    await execute(engine, "DELETE FROM saga.cursor")
    await step.handle([paid(3), paid(4)])
    await execute(engine, "UPDATE saga.cursor SET watermark = 1000, handled = '{}', hole_since = NULL")
    assert (await repair(saga))["after"] == {"watermark": 0, "handled": "{[3,5)}"}
    await feed(engine)
    assert await each_once(engine, "liar")


async def test_the_true_event_at_an_invented_position_is_taken_in_when_it_comes(
    lied_to: AsyncEngine, saga: Saga
) -> None:
    engine = lied_to
    await log_payments(engine)
    await repair(saga)
    await feed(engine)
    await log_payments(engine, range(21, LIE + 1))
    assert (await Step(engine, PROCESS).handle([paid(LIE)])).taken == 1
    assert await dead_letters(engine) == []


async def test_a_lie_that_comes_again_after_the_repair_is_refused_or_known(lied_to: AsyncEngine, saga: Saga) -> None:
    engine = lied_to
    await log_payments(engine)
    await repair(saga)
    liar = message("PaymentReceived", "liar", message_id="lie", module="payments", position=LIE, previous=0)
    assert (await Step(engine, PROCESS).handle([liar])).dead == 1
    assert (await cursor(engine))[0] == 0


async def test_ranges_that_nobody_has_folded_do_not_bring_the_lie_back(lied_to: AsyncEngine, saga: Saga) -> None:
    engine = lied_to
    await log_payments(engine)
    await execute(
        engine, "INSERT INTO saga.cursor_advance (consumer, module, covered) VALUES ('order', 'payments', '{[1,900)}')"
    )
    await repair(saga)
    await feed(engine)
    assert await each_once(engine, "liar")


async def test_positions_that_say_nothing_to_the_process_count_as_handled(engine: AsyncEngine, saga: Saga) -> None:
    async with durable_transaction(engine) as connection:
        await append(connection, "payments", [NewEvent("o-1", "PaymentPraised", "e-1", {"order_id": "o-1"})])
    await execute(engine, "INSERT INTO saga.cursor (consumer, module, watermark) VALUES ('order', 'payments', 7)")
    assert (await repair(saga))["after"] == {"watermark": 1, "handled": "{}"}


async def test_what_is_pruned_counts_as_handled_and_a_person_may_vouch_for_more(
    lied_to: AsyncEngine, saga: Saga
) -> None:
    engine = lied_to
    await log_payments(engine)
    await execute(engine, "UPDATE saga.module SET pruned_position = 5 WHERE name = 'payments'")
    assert (await repair(saga))["after"] == {"watermark": 5, "handled": "{}"}
    assert (await repair(saga, "--handled-up-to", "8"))["after"] == {"watermark": 8, "handled": "{}"}
    beyond = await call(saga, "repair", "payments", "--handled-up-to", "21", "--yes")
    assert beyond.exit_code == 2
    assert "beyond the end of the log, which is 20" in beyond.stderr


async def test_a_kept_dead_letter_is_handled_and_a_refused_claim_is_not(lied_to: AsyncEngine, saga: Saga) -> None:
    engine = lied_to
    await log_payments(engine)
    false = message("PaymentReceived", "o-2", message_id="false", module="payments", position=2, previous=1)
    await Step(engine, PROCESS).handle([false])
    await execute(
        engine,
        "INSERT INTO saga.dead_letter (consumer, fingerprint, kind, reason, message_id, module, position, body,"
        " properties) VALUES ('order', '1', 'failed', 'a bug', 'e-1', 'payments', 1, '', '{}')",
    )
    assert (await repair(saga))["after"] == {"watermark": 1, "handled": "{}"}


async def test_a_log_in_another_database_that_can_be_asked_is_read_again(
    lied_to: AsyncEngine, elsewhere: AsyncEngine, elsewhere_url: str, saga: Saga
) -> None:
    engine = lied_to
    await log_payments(elsewhere)
    repaired = await repair(saga, SAGA_LOG_URLS=json.dumps({"payments": elsewhere_url}))
    assert (repaired["after"], repaired["released"]) == ({"watermark": 0, "handled": "{}"}, 1)
    await feed(engine, elsewhere)
    assert await cursor(engine) == (20, "{}")
    assert await each_once(engine, "liar")


async def test_a_log_in_another_database_that_cannot_be_asked_is_delivered_again(
    lied_to: AsyncEngine, saga: Saga
) -> None:
    """Nobody can say that the position was invented, so it stays; but nothing before it is covered any more."""
    engine = lied_to
    elsewhere = json.dumps({"payments": None})
    assert (await repair(saga, SAGA_LOG_URLS=elsewhere))["after"] == {
        "watermark": 0,
        "handled": f"{{[{LIE},{LIE + 1})}}",
    }
    step = Step(engine, PROCESS, remote_modules={"payments"})
    assert (await step.handle([paid(number) for number in MANY])).taken == len(MANY)
    vouched = await repair(saga, "--handled-up-to", "1500", SAGA_LOG_URLS=elsewhere)
    assert vouched["after"] == {"watermark": 1500, "handled": "{}"}


async def test_a_module_without_a_log_here_has_to_be_named_before_its_cursor_is_touched(
    lied_to: AsyncEngine, saga: Saga
) -> None:
    result = await call(saga, "repair", "payments", "--yes")
    assert result.exit_code == 1
    assert "name it in SAGA_LOG_URLS" in result.stderr
    assert await cursor(lied_to) == (LIE, "{}")
    assert await value(lied_to, "SELECT position FROM saga.inbox") == LIE


async def test_a_cursor_is_shown_and_asked_about_before_it_is_changed(lied_to: AsyncEngine, saga: Saga) -> None:
    await log_payments(lied_to)
    result = await call(saga, "repair", "payments", stdin="n\n", COLUMNS="140")
    assert result.exit_code == 1
    assert "1000" in result.stdout
    assert await cursor(lied_to) == (LIE, "{}")
    assert (await call(saga, "repair", "payments", "--json")).exit_code == 2
    assert (await call(saga, "repair", "payments", stdin="y\n")).exit_code == 0
    assert await cursor(lied_to) == (0, "{}")


async def test_a_cursor_that_is_right_stays_as_it_is(engine: AsyncEngine, saga: Saga) -> None:
    await log_payments(engine)
    await feed(engine)
    assert not (await repair(saga))["changed"]
    assert "Nothing is wrong here" in (await call(saga, "repair", "payments")).stdout
    assert await cursor(engine) == (20, "{}")


async def test_what_nobody_hears_or_has_read_is_said(engine: AsyncEngine, saga: Saga) -> None:
    unheard = await call(saga, "repair", "paymentz", "--yes")
    assert unheard.exit_code == 2
    assert "they consume orders, payments, scheduler" in unheard.stderr
    await log_payments(engine)
    unread = await call(saga, "repair", "payments", "--yes")
    assert unread.exit_code == 1
    assert "Nobody has a cursor in payments" in unread.stderr


async def test_cursors_in_modules_that_nobody_hears_are_removed(engine: AsyncEngine, saga: Saga) -> None:
    await log_payments(engine)
    await feed(engine)
    await execute(
        engine,
        "INSERT INTO saga.cursor (consumer, module, watermark, alarm)"
        " SELECT 'order', 'invented-' || n, n, 'no log' FROM generate_series(1, 2000) AS n"
        " UNION ALL SELECT 'relay', 'payments', 20, NULL",
    )
    assert (await call(saga, "forget", stdin="n\n")).exit_code == 1
    assert await value(engine, "SELECT count(*) FROM saga.cursor") == 2002
    result = await call(saga, "forget", "--yes", "--json")
    assert len(json.loads(result.stdout)["forgotten"]["order"]) == 2000
    left = await rows(engine, "SELECT consumer, module FROM saga.cursor ORDER BY 1, 2")
    assert left == [("order", "payments"), ("relay", "payments")]
    assert "There is no cursor" in (await call(saga, "forget", "--yes")).stdout


async def test_a_repair_is_recorded_with_what_came_of_it_and_one_that_was_taken_back_is_not(
    lied_to: AsyncEngine, saga: Saga
) -> None:
    await log_payments(lied_to)
    assert (await call(saga, "repair", "payments", stdin="n\n")).exit_code == 1
    assert await operations(lied_to) == []
    await repair(saga, "--actor", "jo")
    assert await operations(lied_to) == [("jo", "repair_cursors", WHY, ["order/payments"])]
    result = json.loads(await value(lied_to, "SELECT CAST(result AS text) FROM saga.operation"))
    before, after = {"watermark": LIE, "handled": "{}"}, {"watermark": 0, "handled": "{}"}
    moved = {"consumer": "order", "before": before, "after": after, "released": 1}
    assert result == {"module": "payments", "handled_up_to": None, "cursors": [moved]}


async def test_what_can_not_be_recorded_is_not_repaired(lied_to: AsyncEngine, saga: Saga) -> None:
    await log_payments(lied_to)
    await execute(lied_to, "ALTER TABLE saga.operation ADD CHECK (actor <> 'nobody')")
    assert (await call(saga, "repair", "payments", "--yes", "--actor", "nobody")).exit_code != 0
    assert await cursor(lied_to) == (LIE, "{}")


async def test_cursors_that_are_forgotten_are_recorded(engine: AsyncEngine, saga: Saga) -> None:
    await execute(engine, "INSERT INTO saga.cursor (consumer, module) VALUES ('order', 'invented')")
    assert (await call(saga, "forget", "--yes")).exit_code == 0
    assert await operations(engine) == [(getpass.getuser(), "forget_cursors", WHY, ["order/invented"])]


@pytest.mark.parametrize("words", [("repair", "payments"), ("forget",)], ids=" ".join)
def test_without_a_reason_no_cursor_is_touched(saga: Saga, words: tuple[str, ...]) -> None:
    assert saga("cursors", *words, "--yes").exit_code == 2
    refused = saga("cursors", *words, "--yes", "--reason", " ")
    assert (refused.exit_code, "--reason is empty" in refused.stderr) == (2, True)
