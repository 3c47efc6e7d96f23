"""Rows of a log as an old version or another program may have written them: nothing checks them but PostgreSQL."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

INSERT = text("""
    INSERT INTO saga.event_log
        (module, position, previous_public_position, stream_id, stream_version, event_id, type, visibility, target,
        data, metadata, recorded_at)
    SELECT
        r.module, r.position, CASE WHEN r.target IS NULL THEN r.position - 1 END, r.stream_id,
        (SELECT count(*) + 1 FROM saga.event_log AS l WHERE l.module = r.module AND l.stream_id = r.stream_id),
        r.event_id, r.type, CASE WHEN r.target IS NULL THEN 'public' ELSE 'internal' END, r.target,
        CASE WHEN r.bytes IS NULL THEN r.data ELSE jsonb_build_object('x', repeat('x', r.bytes)) END,
        CAST(CAST(:metadata AS text) AS jsonb), r.recorded_at
    FROM jsonb_to_record(CAST(:row AS jsonb)) AS r (
        module text, position bigint, stream_id text, event_id text, type text, target text, bytes int, data jsonb,
        recorded_at timestamptz
    )
""")
APPENDED = text("""
    INSERT INTO saga.module AS m (name, last_position, last_public_position)
    VALUES (:module, CAST(:position AS bigint), CAST(:public AS bigint))
    ON CONFLICT (name) DO UPDATE SET last_position = excluded.last_position,
        last_public_position = greatest(m.last_public_position, excluded.last_public_position)
""")


@dataclass(frozen=True)
class Row:
    """One row; ``bytes`` is the size of the data, if that is all that matters."""

    module: str = "payments"
    stream_id: str = "o-1"
    event_id: str = ""
    type: str = "PaymentReceived"
    target: str | None = None
    data: Any = field(default_factory=dict)
    bytes: int | None = None
    metadata: str = '{"correlationid": "c-1"}'
    recorded_at: str = "2026-01-31T12:00:00Z"

    def saying(self, **metadata: Any) -> "Row":
        return replace(self, metadata=orjson.dumps(metadata).decode())


async def write(engine: AsyncEngine, rows: list[Row]) -> None:
    """Write rows to their modules' logs, and number them in their data."""
    positions: Counter[str] = Counter()
    async with engine.begin() as connection:
        for number, row in enumerate(rows, 1):
            positions[row.module] += 1
            position = positions[row.module]
            data = {"number": number} | row.data
            said = vars(row) | {"position": position, "event_id": row.event_id or f"e-{number}", "data": data}
            await connection.execute(INSERT, {"row": orjson.dumps(said).decode(), "metadata": row.metadata})
            public = position if row.target is None else 0
            await connection.execute(APPENDED, {"module": row.module, "position": position, "public": public})
