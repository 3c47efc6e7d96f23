"""Plans: what PostgreSQL does for a statement with these arguments, and what that touches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

Node = Mapping[str, Any]

UNIQUE_INDEXES = text("""
SELECT t.relname AS table, array_agg(CAST(x.relname AS text)) AS indexes
FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_class AS t ON t.oid = i.indrelid
WHERE i.indisunique AND t.relnamespace = CAST('saga' AS regnamespace)
GROUP BY t.relname
""")


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was carried out; ``blocks`` counts the pages that this read, found in memory or not."""

    nodes: tuple[Node, ...]
    arbiters: frozenset[str]
    blocks: int

    @property
    def indexes(self) -> frozenset[str]:
        """The indexes that it looks things up in, also to find what an insert would double."""
        return frozenset(node["Index Name"] for node in self.nodes if "Index Name" in node) | self.arbiters

    @property
    def scanned(self) -> frozenset[str]:
        """The tables that it reads from beginning to end."""
        return frozenset(node["Relation Name"] for node in self.nodes if node["Node Type"].endswith("Seq Scan"))

    def conditions(self, index: str) -> str:
        """What is looked up in an index."""
        return " ".join(str(node.get("Index Cond", "")) for node in self.nodes if node.get("Index Name") == index)


async def explain(connection: AsyncConnection, statement: TextClause, arguments: Mapping[str, Any]) -> Plan:
    """The plan of a statement, which is carried out: roll back afterwards."""
    asked = text(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF, FORMAT JSON) {statement.text}")
    (root,) = (await connection.execute(asked, arguments)).scalar_one()
    top = root["Plan"]
    nodes = tuple(_nodes(top))
    unique = {row.table: row.indexes for row in await connection.execute(UNIQUE_INDEXES)}
    arbiters = frozenset(index for node in nodes for index in _arbiters(node, unique))
    return Plan(nodes, arbiters, top["Shared Hit Blocks"] + top["Shared Read Blocks"])


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _arbiters(node: Node, unique: Mapping[str, list[str]]) -> list[str]:
    """Where an insert looks for what it would double: in all unique indexes, if it does not say in which."""
    if node.get("Operation") != "Insert":
        return []
    named: list[str] = node.get("Conflict Arbiter Indexes", unique[node["Relation Name"]])
    return named
