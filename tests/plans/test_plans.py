"""Each statement says in its comment which indexes it relies on; here it has to prove that, among a million rows."""

from collections.abc import Mapping

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from saga.modules import read_public
from saga.modules.reader import READ_PUBLIC
from tests.plans.arguments import arguments
from tests.plans.claims import Written, written
from tests.plans.conftest import MANY, Explained
from tests.plans.explained import explain
from tests.plans.filling import BIG_TABLES

pytestmark = pytest.mark.timeout(400)

VIEWS_OF_THE_LOG = ("outgoing", "public_event", "command")

MAY_READ_ALL = {
    "operations/list_stuck": {"instance", "timer"},
    # Once a minute, and only where metrics are on.
    "operations/count_instances": {"instance"},
    # Dead letters are few, and it asks only about events that nobody answered.
    "audit/read_letters": {"dead_letter"},
    "audit/read_given_up": {"dead_letter"},
    "erasure/erase_letters": {"dead_letter"},
    "erasure/read_events": {"dead_letter"},
    # A repair looks at everything that is known of one module.
    "replay/release_false_positions": {"inbox", "event_log"},
    "replay/prove_handled_here": {"inbox", "event_log", "dead_letter"},
    "replay/prove_handled_elsewhere": {"inbox", "dead_letter"},
}
"""For people, who ask for it now and then: what is open may be much of these tables."""

EVERY_FEW_SECONDS = (
    "operations/measure_outbox",
    "operations/measure_overdue",
    "operations/read_cursors",
    "operations/read_modules",
)
"""What schedulers read for the metrics all the time, whoever is behind."""
MOST_PAGES_OF_A_FIGURE = 2_000

HOT = ("engine", "feeds", "modules", "saga_scheduler")
MOST_PAGES = 8_000
"""For 200 keys, or for the widest stretch of a log. The log alone has 56,000 pages with its indexes."""

CONSOLE = dict.fromkeys(
    """
    count_newest_outcomes count_open_instances count_due count_waiting_entries count_open_dead_letters_up_to
    find_entries find_entry find_instances group_dead_letters list_due_timers list_group list_waiting_entries
    read_pulse walk_newest walk_open
    """.split(),
    2_000,
)
"""What is read for one page that many people look at, and how many pages of the database each statement may touch."""

NAMES = sorted(written().keys() & arguments(MANY).keys())
CLAIMING = [name for name in NAMES if written()[name].claimed]
HOT_NAMES = [name for name in NAMES if name.startswith(HOT)]


@pytest.mark.parametrize("table", ["event_log", "inbox", "instance", "timer"])
async def test_there_are_a_million_rows(big: AsyncEngine, table: str) -> None:
    async with big.connect() as connection:
        assert (await connection.execute(text(f"SELECT count(*) FROM saga.{table}"))).scalar_one() == MANY


def test_every_statement_is_tried_here(statements: Mapping[str, Written]) -> None:
    assert set(arguments(MANY)) == set(statements)


def test_every_statement_on_a_big_table_says_which_indexes_it_uses(statements: Mapping[str, Written]) -> None:
    big = {*BIG_TABLES, *VIEWS_OF_THE_LOG}
    silent = [name for name, one in statements.items() if one.relations & big and not one.claimed]
    assert [name for name in silent if statements[name].relations & big - MAY_READ_ALL.get(name, set())] == []


async def test_no_statement_names_an_index_that_does_not_exist(
    big: AsyncEngine, statements: Mapping[str, Written]
) -> None:
    async with big.connect() as connection:
        existing = await _tables_by_index(connection)
    assert {name: wrong for name, one in statements.items() if (wrong := one.claimed - existing.keys())} == {}


@pytest.mark.parametrize("name", CLAIMING)
async def test_a_statement_uses_the_indexes_that_it_names(
    big: AsyncEngine, explained: Explained, statements: Mapping[str, Written], name: str
) -> None:
    plans = await explained(name)
    async with big.connect() as connection:
        tables = await _tables_by_index(connection)
    required = {index for index in statements[name].claimed if tables[index] not in MAY_READ_ALL.get(name, set())}
    unused = {case: missing for case, plan in plans.items() if (missing := required - plan.indexes)}
    for case, missing in unused.items():
        few_rows = {index for index in missing if tables[index] not in BIG_TABLES}
        forced = await _indexes_where_scans_are_dear(big, statements[name], case) if few_rows else frozenset()
        assert missing <= few_rows & forced, f"{case or name}: {missing} not used, but {plans[case].indexes}"


@pytest.mark.parametrize("name", NAMES)
async def test_no_statement_reads_a_big_table_from_end_to_end(explained: Explained, name: str) -> None:
    allowed = MAY_READ_ALL.get(name, set())
    scanned = {case: plan.scanned & set(BIG_TABLES) - allowed for case, plan in (await explained(name)).items()}
    assert not any(scanned.values()), scanned


@pytest.mark.parametrize("name", HOT_NAMES)
async def test_a_hot_statement_touches_no_more_pages_than_its_keys_need(explained: Explained, name: str) -> None:
    pages = {case: plan.blocks for case, plan in (await explained(name)).items()}
    assert max(pages.values()) < MOST_PAGES, pages


@pytest.mark.parametrize("name", EVERY_FEW_SECONDS)
async def test_a_figure_touches_few_pages(explained: Explained, name: str) -> None:
    pages = {case: plan.blocks for case, plan in (await explained(name)).items()}
    assert max(pages.values()) <= MOST_PAGES_OF_A_FIGURE, pages


async def test_what_waits_is_read_as_cheaply_while_nobody_relays_and_nothing_fires(
    big: AsyncEngine, statements: Mapping[str, Written]
) -> None:
    """The relay has stopped at the beginning of each log, and all deadlines are overdue."""
    async with big.connect() as connection:
        await connection.execute(text("UPDATE saga.cursor SET watermark = 0 WHERE consumer = 'relay'"))
        await connection.execute(text("UPDATE saga.timer SET due_at = due_at - interval '1 y' WHERE fired_at IS NULL"))
        for name in ("operations/measure_outbox", "operations/measure_overdue"):
            given = arguments(MANY)[name][""]
            plan = await explain(connection, statements[name].executable, given)
            assert plan.blocks <= MOST_PAGES_OF_A_FIGURE, name
            assert not plan.scanned & set(BIG_TABLES), name
        await connection.rollback()


@pytest.mark.parametrize("name", CONSOLE)
async def test_a_page_of_the_console_touches_few_pages(explained: Explained, name: str) -> None:
    pages = {case: plan.blocks for case, plan in (await explained(f"operations/{name}")).items()}
    assert max(pages.values()) <= CONSOLE[name], pages


@pytest.mark.parametrize("name", ["read_all", "read_commands", "read_outgoing", "read_public"])
async def test_a_reader_goes_straight_to_its_position(explained: Explained, name: str) -> None:
    for case, plan in (await explained(f"modules/{name}")).items():
        conditions = plan.conditions("event_log_public_idx") + plan.conditions("event_log_pkey")
        assert '"position" >' in conditions and '"position" <=' in conditions, case


@pytest.mark.parametrize("after", [0, MANY // 10])
async def test_a_page_of_a_long_log_costs_a_page(big: AsyncEngine, after: int) -> None:
    async with big.connect() as connection:
        before = await _fetched(connection)
        page = await read_public(connection, "orders", after, limit=500)
        fetched = await _fetched(connection) - before
    assert len(page.entries) == 500
    assert 500 <= fetched < 2_500


async def test_a_foreign_reader_goes_straight_to_its_position_too(big: AsyncEngine) -> None:
    calls = arguments(MANY)["modules/read_public"]
    async with big.connect() as connection:
        await connection.execute(text("CREATE ROLE foreign_reader"))
        await connection.execute(text("GRANT USAGE ON SCHEMA saga TO foreign_reader"))
        await connection.execute(text("GRANT SELECT ON saga.public_event TO foreign_reader"))
        await connection.execute(text("SET LOCAL ROLE foreign_reader"))
        for case, given in calls.items():
            plan = await explain(connection, READ_PUBLIC, given)
            conditions = plan.conditions("event_log_public_idx") + plan.conditions("event_log_pkey")
            assert '"position" >' in conditions and '"position" <=' in conditions, case
            assert plan.blocks < 1_000, case
        await connection.rollback()


async def _fetched(connection: AsyncConnection) -> int:
    """Rows of the log that this connection has fetched and not reported yet."""
    fetched: int = (
        await connection.execute(
            text("SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_all_tables WHERE relname = 'event_log'")
        )
    ).scalar_one()
    return fetched


async def _tables_by_index(connection: AsyncConnection) -> dict[str, str]:
    found = await connection.execute(text("SELECT indexname, tablename FROM pg_indexes WHERE schemaname = 'saga'"))
    return {row.indexname: row.tablename for row in found}


async def _indexes_where_scans_are_dear(big: AsyncEngine, statement: Written, case: str) -> frozenset[str]:
    """A table of a few rows is one page: its index counts once there are more."""
    async with big.connect() as connection:
        await connection.execute(
            text("SELECT set_config('saga.pruning', 'on', true), set_config('enable_seqscan', 'off', true)")
        )
        plan = await explain(connection, statement.executable, arguments(MANY)[statement.name][case])
        await connection.rollback()
    return plan.indexes
