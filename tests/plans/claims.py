"""Claims: what the SQL files say about themselves in their comments."""

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import TextClause, text

ROOT = Path(__file__).parents[2]

FOLDERS = (
    "saga/verification/audit",
    "saga/engine",
    "saga/operations/erasure",
    "saga/heartbeat",
    "saga/modules",
    "saga/postgres",
    "saga/operations",
    "saga/verification/replay",
    "saga/retention",
    "saga/feeds",
    "scheduler/saga_scheduler",
)
"""Not the demo's: it audits whole tables on purpose. The tables of collaborators are in schemas of their own."""

_CLAIM = re.compile(r"^-- Index(?:es)?: (.*?)(?=^[^-]|\Z)", re.MULTILINE | re.DOTALL)
_INDEX = re.compile(r"\b\w+_(?:pkey|idx|key)\b")
_TABLE = re.compile(r"\bsaga\.(\w+)")


@dataclass(frozen=True, slots=True)
class Written:
    """A statement as it is written down; ``claimed`` are the indexes that it says it uses."""

    name: str
    sql: str
    claimed: frozenset[str]

    @property
    def executable(self) -> TextClause:
        """The same for SQLAlchemy."""
        return text(self.sql)

    @property
    def relations(self) -> frozenset[str]:
        """The tables and views that it names."""
        return frozenset(_TABLE.findall(re.sub(r"^--.*$", "", self.sql, flags=re.MULTILINE)))


def written() -> dict[str, Written]:
    """All statements of the services, by name: engine/insert_inbox."""
    found = (_read(path) for folder in FOLDERS for path in sorted((ROOT / folder / "sql").glob("*.sql")))
    return {statement.name: statement for statement in found}


def _read(path: Path) -> Written:
    sql = path.read_text(encoding="utf-8")
    claim = _CLAIM.search(sql)
    return Written(
        name=f"{path.parents[1].name}/{path.stem}",
        sql=sql,
        claimed=frozenset(_INDEX.findall(claim[1])) if claim else frozenset(),
    )
