"""Each role has the rights that are declared here, and no other; the script that gives them can be run again."""

import asyncio
from collections import defaultdict

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.modules.reader import read_commands
from tests.engine.conversation import execute, rows, value
from tests.visibility.logins import Logins, run_script
from tests.visibility.records import RELATIONS, event, record, refused

Privileges = dict[str, str]
_READER: Privileges = {"public_event": "SELECT", "public_module": "SELECT"}
_RELAY: Privileges = {
    "cursor": "SELECT INSERT(consumer,module) UPDATE(updated_at,watermark)",
    "dead_letter": "SELECT(attempts,consumer,fingerprint,kind,reason)"
    " INSERT(attempts,body,consumer,fingerprint,kind,message_id,module,position,"
    "process_id,properties,reason,source,type)"
    " UPDATE(attempts,closed_at,kind,last_seen_at,reason,state)",
    "outgoing": "SELECT",
    "public_module": "SELECT",
}
_COMMITTING: Privileges = {"commit_proof": "SELECT INSERT(slot,token) UPDATE(token,written_at) DELETE"}
_MODULE: Privileges = _COMMITTING | {
    "event_log": "SELECT INSERT(data,event_id,metadata,module,position,previous_public_position,stream_id,"
    "stream_version,target,type,visibility)",
    "module": "SELECT INSERT(name) UPDATE(last_position,last_public_position)",
    "public_module": "SELECT",
    "stream_tombstone": "SELECT",
}
_SERVICE: Privileges = {"service": "SELECT INSERT(beat,host,loop,pid,reason,service) UPDATE(beat,reason) DELETE"}
_COLLABORATOR: Privileges = (
    _COMMITTING
    | _SERVICE
    | {
        "command": "SELECT",
        "cursor": "SELECT INSERT(consumer,module) UPDATE(updated_at,watermark)",
        "public_module": "SELECT",
        "schema_version": "SELECT",
        "timer": "SELECT(due_at,fired_at)",
    }
)
_MONITOR: Privileges = {
    "cursor": "SELECT",
    "cursor_advance": "SELECT",
    "dead_letter": "SELECT(consumer,kind,state)",
    "instance": "SELECT(outcome,process)",
    "module": "SELECT",
    "outgoing": "SELECT(module,position,recorded_at,target)",
    "schema_version": "SELECT",
    "timer": "SELECT(due_at,fired_at,name,process)",
}
_WORKER: Privileges = (
    _READER
    | _COMMITTING
    | _SERVICE
    | {
        "cursor": "SELECT INSERT UPDATE",
        "cursor_advance": "SELECT INSERT DELETE",
        "dead_letter": "SELECT INSERT UPDATE(attempts,closed_at,kind,last_seen_at,reason,state)",
        "declaration": "SELECT INSERT(digests,form,process,version) UPDATE(digests,form)",
        "event_log": "SELECT",
        "inbox": "SELECT INSERT UPDATE(repeats) DELETE",
        "inbox_tombstone": "SELECT",
        "instance": "SELECT INSERT"
        " UPDATE(created_at,outcome,process_version,revived,settled,state,stream_version,updated_at) DELETE",
        "instance_tombstone": "SELECT DELETE",
        "module": "SELECT",
        "outgoing": "SELECT",
        "schema_version": "SELECT",
        "timer": "SELECT(due_at,fired_at,process,process_id) INSERT",
    }
)
_AUDITOR: Privileges = dict.fromkeys(RELATIONS, "SELECT")
ALLOWED: dict[str, Privileges] = {
    "saga_reader": _READER,
    "saga_relay": _RELAY,
    "saga_module": _MODULE,
    "saga_module_orders": _MODULE,
    "saga_module_payments": _MODULE,
    "saga_module_scheduler": _MODULE,
    "saga_module_order-process": _MODULE,
    "saga_collaborator": _COLLABORATOR,
    "saga_collaborator_gateway": _COLLABORATOR,
    "saga_collaborator_fulfilment": _COLLABORATOR,
    "saga_monitor": _MONITOR,
    "saga_scheduler": _MONITOR | _MODULE | _SERVICE | {"timer": "SELECT UPDATE(fired_at)"},
    "saga_worker": _WORKER,
    "saga_auditor": _AUDITOR,
    "saga_viewer": _AUDITOR,
    "saga_operator": _AUDITOR
    | _WORKER
    | {
        "operation": "SELECT INSERT(action,actor,ids,reason,result)",
        "operation_item": "SELECT INSERT(answer,item,operation_id,process,process_id)",
        "operation_run": "SELECT INSERT(batch,halt_after,leased_until,operation_id,per_second,request,runner)"
        " UPDATE(answers,ended_at,leased_until,note,runner,state)",
        "service": _SERVICE["service"],
        "timer": "SELECT INSERT",
    },
    "saga_pruner": dict.fromkeys(RELATIONS, "SELECT")
    | _COMMITTING
    | {
        "dead_letter": "SELECT UPDATE(last_seen_at) DELETE",
        "event_log": "SELECT DELETE",
        "inbox": "SELECT UPDATE(repeats) DELETE",
        "inbox_tombstone": "SELECT INSERT",
        "instance": "SELECT UPDATE(updated_at) DELETE",
        "instance_tombstone": "SELECT INSERT",
        "module": "SELECT UPDATE(pruned_position)",
        "operation_item": "SELECT DELETE",
        "stream_tombstone": "SELECT INSERT UPDATE(last_version)",
        "timer": "SELECT DELETE",
    },
}


EFFECTIVE = """
    SELECT
        r.rolname, c.relname, p.privilege, has_table_privilege(r.oid, c.oid, p.privilege) AS whole,
        ARRAY(
            SELECT CAST(a.attname AS text) FROM pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND p.by_column
              AND has_column_privilege(r.oid, c.oid, a.attnum, p.privilege)
            ORDER BY a.attname
        ) AS columns
    FROM pg_roles AS r
    CROSS JOIN pg_class AS c
    CROSS JOIN (VALUES
        (1, 'SELECT', true), (2, 'INSERT', true), (3, 'UPDATE', true), (4, 'DELETE', false), (5, 'TRUNCATE', false),
        (6, 'REFERENCES', true), (7, 'TRIGGER', false)
    ) AS p (number, privilege, by_column)
    WHERE c.relnamespace = CAST('saga' AS regnamespace) AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND starts_with(r.rolname, 'saga_')
    ORDER BY r.rolname, c.relname, p.number
"""


async def effective(engine: AsyncEngine) -> dict[str, Privileges]:
    """What every role may do with every table, view and sequence, by itself or through another role."""
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for role, relation, privilege, whole, columns in await rows(engine, EFFECTIVE):
        if whole:
            found[role][relation].append(privilege)
        elif columns:
            found[role][relation].append(f"{privilege}({','.join(columns)})")
    return {role: {name: " ".join(held) for name, held in relations.items()} for role, relations in found.items()}


async def test_every_role_may_do_what_is_declared_here_and_nothing_else(logins: Logins, engine: AsyncEngine) -> None:
    assert await effective(engine) == ALLOWED


async def test_no_role_can_log_in_or_make_anything(logins: Logins, engine: AsyncEngine) -> None:
    powerful = await rows(
        engine,
        """
        SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'saga_') AND (
            rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
            OR has_schema_privilege(oid, 'saga', 'CREATE') OR has_database_privilege(oid, current_database(), 'CREATE')
        )
        """,
    )
    assert powerful == []


async def test_a_login_in_no_group_sees_nothing(logins: Logins) -> None:
    stranger = await logins.engine()
    for relation in RELATIONS:
        await refused(stranger, f"SELECT FROM saga.{relation}")


async def test_the_script_can_be_run_again_and_by_several_at_once(
    logins: Logins, database_url: str, engine: AsyncEngine
) -> None:
    await execute(engine, "GRANT SELECT ON saga.event_log TO saga_reader")
    await asyncio.gather(*(run_script(database_url) for _ in range(4)))
    assert await effective(engine) == ALLOWED
    ((policies,),) = await rows(engine, "SELECT count(DISTINCT (tablename, policyname)) FROM pg_policies")
    assert await value(engine, "SELECT count(*) FROM pg_policies") == policies > 10


async def test_the_script_makes_roles_for_other_modules_and_collaborators(
    logins: Logins, database_url: str, engine: AsyncEngine
) -> None:
    names = ("saga_module_stock", "saga_collaborator_bank")
    await run_script(database_url, "SET saga.modules = 'stock'", "SET saga.collaborators = 'bank'")
    try:
        stock, bank = [await logins.engine(name) for name in names]
        await record(stock, "stock", event("counted"))
        await record(engine, "order-process", event("pay", target="bank"))
        async with bank.connect() as connection:
            assert len((await read_commands(connection, "order-process", "bank", 0)).entries) == 1
    finally:
        await logins.remove()
        for name in names:
            await execute(engine, f"DROP OWNED BY {name}")
            await execute(engine, f"DROP ROLE {name}")


async def test_the_script_refuses_a_name_that_is_none(logins: Logins, database_url: str) -> None:
    with pytest.raises(asyncpg.RaiseError, match="is no name for a module"):
        await run_script(database_url, "SET saga.modules = 'Stock; drop'")
