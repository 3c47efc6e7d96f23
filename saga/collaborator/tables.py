"""The tables of a collaborator: ``command``, ``effect`` and ``rejected``, in a schema of the collaborator's name.

The statements are written for a schema ``collaborator`` with a column ``instance_id``. This module replaces both by the
names that the collaborator declares: the audit (saga/verification/audit/) looks for tables in a schema of that name,
and people find the instance under the name that it has in messages. Both names are checked at the declaration.
"""

import re
from typing import Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.postgres import Statements, durable_transaction, reading

CREATE: Final = ("create_command", "create_command_index", "create_effect", "create_rejected")
TABLES: Final = ("command", "effect", "rejected")

_SQL = Statements(__package__)
FIND_TABLES = _SQL["find_tables"]
LOCK_SCHEMA = _SQL["lock_schema"]


class OwnStatements:
    """The statements of this package for one collaborator."""

    def __init__(self, schema: str, instance: str) -> None:
        self.schema = schema
        self._instance = instance

    def __getitem__(self, name: str) -> TextClause:
        written = re.sub(r"\bcollaborator\.", f'"{self.schema}".', _SQL[name].text)
        return text(re.sub(r"\binstance_id\b", f'"{self._instance}"', written))


async def create_tables(engine: AsyncEngine, statements: OwnStatements) -> None:
    """Create the tables that are missing, one caller at a time. Raises Unavailable."""
    schema = {"schema": statements.schema}
    parameters = schema | {"names": list(TABLES)}
    async with reading(engine) as connection:
        if (await connection.execute(FIND_TABLES, parameters)).one().has_all:
            return
    async with durable_transaction(engine) as connection:
        await connection.execute(LOCK_SCHEMA, schema)
        if not (await connection.execute(FIND_TABLES, parameters)).one().has_schema:
            await connection.execute(text(f'CREATE SCHEMA "{statements.schema}"'))
        for name in CREATE:
            await connection.execute(statements[name])
