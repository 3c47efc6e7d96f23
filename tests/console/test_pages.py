"""Every page answers, with data and without any, in HTML and as the document that a command prints."""

import re
from asyncio import to_thread
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga import operations
from saga.console.settings import ConsoleSettings
from saga.modules import connect_engine
from saga.operations import NewMessage
from saga.postgres import one_moment
from tests.cli.shell import Saga
from tests.console.conftest import ORDER, Shown, received, shown
from tests.engine.conversation import execute, message, rows

PAGES = (
    "/",
    "/find",
    "/find?q=nothing",
    "/instances/order",
    "/instances/order?outcome=paid&settled=yes&in.payment=paid&since=1h",
    "/instances/order?settled=no",
    "/stuck",
    "/dead-letters",
    "/dead-letters?state=all",
    "/dead-letters?group=0123456789abcdef0123456789abcdef",
    "/modules",
    "/cursors",
    "/timers",
    "/outbox",
    "/processes/order",
    "/processes/order/orders",
)
EVERYTHING = "SELECT CAST(i AS text) FROM saga.instance AS i UNION ALL SELECT CAST(e AS text) FROM saga.event_log AS e"
OF_DATA = (
    "/instances/order/o-1",
    "/instances/order/o-2",
    "/instances/order/o-1?before=2",
    "/dead-letters/1",
    "/modules/order-process",
    "/modules/order-process?internal=yes&after=0",
    "/audit?process=order&id=o-1",
    "/stuck?reason=dead_letter",
    "/timers?due=2026-01-01T00:00Z&process=order&id=o&name=x",
)


async def test_every_page_of_an_empty_system_answers(console: Shown) -> None:
    for path in PAGES:
        assert '<main id="page"' in await console.html(path)
        await console.json(path)


async def test_every_page_of_a_system_with_data_answers_in_both_forms(busy: Shown) -> None:
    for path in (*PAGES, *OF_DATA):
        page = await busy.html(path)
        assert "<h1" in page, path
        await busy.json(path)


async def test_the_instance_page_says_what_it_waits_for_and_what_would_end_that(busy: Shown) -> None:
    page = await busy.html("/instances/order/o-2")
    assert "<b>PaymentReceived</b> would make it" in page and "payment_deadline" in page
    assert "taken in: request unplaced -&gt; placed" in page
    assert "RequestPayment" in page and "is-open" in page


async def test_that_nothing_ends_a_wait_is_said(console: Shown) -> None:
    await console.handle(message("OrderPlaced", "o-1"))
    await execute(console.engine, "DELETE FROM saga.timer")
    page = await console.html("/instances/order/o-1")
    assert "Nothing ends this:" in page and "no deadline will end that" in page


async def test_the_diagram_marks_where_an_instance_is_and_the_way_there(busy: Shown) -> None:
    page = await busy.html("/instances/order/o-1")
    assert len(re.findall(r'class="node[^"]* present"', page)) == 1
    assert len(re.findall(r'class="node[^"]* passed"', page)) == 3  # the start, and two on the way
    assert page.count('class="arrow walked"') == 3
    assert "now at refunded, placed, paid, cancelled" in page
    assert "<style" not in page and "style=" not in page


async def test_what_a_message_would_do_is_decided_and_not_written(busy: Shown) -> None:
    before = await rows(busy.engine, EVERYTHING)
    typed = '{"payment_id": "mine", "amount": 7, "currency": "EUR"}'
    page = await busy.html(f"/instances/order/o-2?type=PaymentReceived&data={typed}")
    assert "payments +mine" in page and "StartFulfilment" in page
    wrong = await busy.html("/instances/order/o-2?type=PaymentReceived&data={}")
    assert "Field required" in wrong
    assert "This is no JSON" in await busy.html("/instances/order/o-2?type=PaymentReceived&data=%7B")
    assert "are a JSON object" in await busy.html("/instances/order/o-2?type=PaymentReceived&data=7")
    assert await rows(busy.engine, EVERYTHING) == before


async def test_an_instance_that_only_dead_letters_name_is_shown_with_them(console: Shown) -> None:
    await console.handle(received("OrderPlaced", "o-9", amount="much"))
    page = await console.html("/instances/order/o-9")
    assert "Nothing is known of order" in page and "/dead-letters/" in page.partition("<main")[2]
    assert "no message about it" in await console.html("/instances/order/o-8", 404)


async def test_find_jumps_to_the_only_thing_that_is_meant(busy: Shown) -> None:
    for asked, place in (
        ("o-3", "/instances/order/o-3"),
        ("order-process/1", "/instances/order/o-1"),
        (" o-2 ", "/instances/order/o-2"),
    ):
        answer = await busy.client.get("/find", params={"q": asked})
        assert (answer.status_code, answer.headers["location"]) == (303, place), asked
    assert "o-3" in await busy.html("/find?q=o-")
    found = await busy.json("/find?q=o-2")
    assert {"instance", "dead letter"} >= {one["kind"] for one in found["found"]}
    assert (await busy.client.get("/find?q=3")).headers["location"] == "/dead-letters/3"


async def test_a_message_is_found_by_its_id(busy: Shown) -> None:
    await busy.handle(message("OrderPlaced", "o-7", message_id="the-one"))
    assert (await busy.client.get("/find?q=the-one")).headers["location"] == "/instances/order/o-7"


async def test_filters_stand_in_the_address_and_pages_go_on_by_keys(console: Shown) -> None:
    await console.handle(*(message("OrderCancelled", f"o-{number}") for number in range(5)))
    await console.handle(message("OrderPlaced", "p-1"), message("OrderPlaced", "p-2"), message("OrderPlaced", "p-3"))
    page = await console.html("/instances/order?outcome=cancelled&limit=3")
    assert page.count("<tr data-row>") == 3 and "p-1" not in page
    assert "outcome=cancelled" in page and "before=" in page
    seen: list[str] = []
    before = None
    while True:
        one = await operations.page_instances(console.engine, ORDER, before=before, limit=3)
        seen += [instance.process_id for instance in one.instances]
        if (before := one.earlier) is None:
            break
    assert sorted(seen) == ["o-0", "o-1", "o-2", "o-3", "o-4", "p-1", "p-2", "p-3"]
    opened = operations.InstanceFilter(settled=False)
    first = await operations.page_instances(console.engine, ORDER, opened, limit=2)
    assert first.earlier is not None
    rest = await operations.page_instances(console.engine, ORDER, opened, before=first.earlier, limit=2)
    ids = [instance.process_id for instance in (*first.instances, *rest.instances)]
    assert sorted(ids) == ["p-1", "p-2", "p-3"] and rest.earlier is None


async def test_dead_letters_of_one_cause_are_one_group_with_what_they_would_be_now(busy: Shown) -> None:
    groups = await operations.group_dead_letters(busy.engine)
    assert sorted(group.dead_letters for group in groups) == [1, 3]
    (many,) = [group for group in groups if group.dead_letters == 3]
    page = await busy.html(f"/dead-letters?group={many.key}")
    assert page.count("<tr data-row>") == 3 and "3 <span" in page
    assert "answer-dead" in page


async def test_a_dead_letter_that_would_be_taken_in_now_is_said_to_be(console: Shown) -> None:
    await console.handle(message("OrderPlaced", "o-1"))
    await console.handle(received("OrderPlaced", "o-1", amount=1))  # contradicts it
    (letter,) = await operations.list_dead_letters(console.engine)
    (dead,) = (await operations.preview_dead_letters(console.engine, [ORDER], [letter.id, 99])).values()
    assert (dead.answer, "already known" in dead.sentence) == ("dead", True)
    await execute(console.engine, "DELETE FROM saga.instance")
    (taken,) = (await operations.preview_dead_letters(console.engine, [ORDER], [letter.id])).values()
    assert (taken.answer, taken.outcome) == ("taken", "awaiting_payment")
    assert [command.type for command in taken.commands] == ["RequestPayment"]


async def test_two_sequences_stand_side_by_side(console: Shown) -> None:
    page = await console.html("/processes/order/orders?a=0.1.2&b=2.1.0")
    assert "The same end:" in page and page.count('class="taken differs"') >= 1
    other = await console.json("/processes/order/orders?a=0.2&b=0.1")
    assert (other["same_facts"], other["same_end"]) == (False, False)
    empty = await console.json("/processes/order/orders?a=.&b=.")
    assert [one["steps"] for one in empty["histories"]] == [[], []]


async def test_a_database_that_is_away_is_a_page_too() -> None:
    engine = connect_engine("postgresql://nobody:verysecret@127.0.0.1:1/saga", "test")
    async with shown(engine) as away:
        page = await away.html("/stuck", 503)
        answer = await away.client.get("/stuck", headers={"Accept": "application/json"})
    await engine.dispose()
    assert "The database did not answer" in page and "verysecret" not in page
    assert answer.json()["exit_code"] == 1


TWINS = (
    ("/instances/order", ("list",)),
    ("/instances/order?outcome=refunded", ("list", "--outcome", "refunded")),
    ("/stuck", ("list", "--stuck")),
    ("/audit?process=order&id=o-1", ("audit", "o-1", "--process", "order")),
    ("/operations", ("operations", "list")),
    ("/dead-letters", ("dead-letters", "list")),
    ("/dead-letters?state=all&type=OrderPlaced", ("dead-letters", "list", "--state", "all", "--type", "OrderPlaced")),
    ("/dead-letters/1", ("dead-letters", "show", "1")),
    ("/instances/order/o-1", ("inspect", "o-1")),
    ("/instances/order/o-1?limit=2", ("inspect", "o-1", "--limit", "2")),
    ("/modules", ("modules",)),
    ("/modules/order-process?internal=yes", ("log", "order-process", "--internal")),
    ("/cursors", ("cursors",)),
    ("/", ("lag",)),
)
MOVING = (
    "age_seconds",
    "behind_seconds",
    "last_age_seconds",
    "oldest_age_seconds",
    "oldest_overdue_seconds",
    "hole_age_seconds",
    "beat",
)


async def test_a_program_gets_what_the_command_prints(busy: Shown, database_url: str) -> None:
    saga = Saga(database_url, "", "saga")
    saga.environment["SAGA_FEED"] = "pull"
    await operations.append_message(busy.engine, [ORDER], an_order())
    for path, words in TWINS:
        printed = await to_thread(saga.json, *words)
        assert still(await busy.json(path)) == still(printed), path


def an_order() -> NewMessage:
    return NewMessage("OrderPlaced", "o-8", module="orders", data={"order_id": "o-8", "amount": 1, "currency": "EUR"})


def still(document: Any) -> Any:
    """A document without what is older a moment later."""
    if isinstance(document, dict):
        return {name: still(value) for name, value in document.items() if name not in MOVING}
    return [still(one) for one in document] if isinstance(document, list) else document


async def test_a_page_reads_one_moment_and_writes_nothing(engine: AsyncEngine) -> None:
    async with operations.snapshot(engine, statement_seconds=0.5):
        assert await operations.list_modules(engine) == ()
        async with engine.begin() as other:
            await other.execute(text("INSERT INTO saga.module (name) VALUES ('orders')"))
        assert await operations.list_modules(engine) == ()
        async with one_moment(engine) as connection:
            said = (await connection.execute(text("SELECT current_setting('transaction_read_only')"))).scalar_one()
            assert said == "on"
        with pytest.raises(operations.Unavailable, match="statement timeout"):
            async with one_moment(engine) as connection:
                await connection.execute(text("SELECT pg_sleep(5)"))
    assert [one.name for one in await operations.list_modules(engine)] == ["orders"]


async def test_a_page_of_instances_is_a_table_for_spreadsheets_in_which_no_id_is_a_formula(console: Shown) -> None:
    await console.handle(message("OrderCancelled", "=1+1"), message("OrderPlaced", "o-1"))
    answer = await console.client.get("/instances/order?as=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    heading, *lines = answer.text.splitlines()
    assert heading.startswith("order_id,outcome,settled,") and heading.endswith(",updated_at,stuck")
    assert sorted(line.partition(",")[0] for line in lines) == ["'=1+1", "o-1"]


async def test_what_is_stuck_is_in_groups_with_what_to_do(busy: Shown) -> None:
    await execute(busy.engine, "DELETE FROM saga.timer")
    page = await busy.html("/stuck")
    assert "A dead letter waits for a person" in page and "It waits, and nothing will end that" in page
    assert "The timer is missing" in page
    only = await busy.html("/stuck?reason=no_deadline")
    assert "The timer is missing" in only and "A dead letter waits" not in only
    assert "Nothing is stuck for this reason." in await busy.html("/stuck?reason=deadline_overdue")
    await busy.html("/stuck?reason=mood", 400)


async def test_an_audit_says_what_differs(busy: Shown) -> None:
    assert "Nothing differs." in await busy.html("/audit?process=order&id=o-1")
    await execute(busy.engine, "UPDATE saga.instance SET outcome = 'shipped' WHERE process_id = 'o-1'")
    assert "health bad" in await busy.html("/audit?process=order&id=o-1")
    await busy.html("/audit?process=order&id=nobody", 404)
    await busy.html("/audit?process=order", 400)


async def test_a_message_links_its_trace_if_that_is_recorded_and_a_tool_is_named(engine: AsyncEngine) -> None:
    given = f"00-{'ab' * 16}-{'cd' * 8}-0"
    recorded = replace(message("OrderPlaced", "o-1"), traceparent=f"{given}1")
    other = replace(message("PaymentReceived", "o-1"), traceparent=f"{given}0")
    async with shown(engine, trace_url="https://tool.example/{trace_id}?from=saga&to=it") as named:
        await named.handle(recorded, other)
        page = await named.html("/instances/order/o-1")
        document = await named.json("/instances/order/o-1")
    assert page.count("https://tool.example/") == 1
    assert f'href="https://tool.example/{"ab" * 16}?from=saga&amp;to=it"' in page
    assert [one["trace_id"] for one in document["messages"]] == ["ab" * 16, None]
    async with shown(engine) as unnamed:
        assert "ab" * 16 not in await unnamed.html("/instances/order/o-1")


@pytest.mark.parametrize(
    "given", ["javascript:alert('{trace_id}')", "https://tool.example/", "tool.example/{trace_id}"]
)
def test_a_trace_is_linked_over_http_alone_and_by_its_id(given: str) -> None:
    with pytest.raises(ValueError, match="trace_url"):
        ConsoleSettings(trace_url=given)
