-- Counts duplicates, and returns what the inbox has under their positions. Locks in key order.
-- Each key has the consumer: as a constant, and before statistics exist, the planner believes it selects few rows.
-- Index: inbox_position_key.
WITH known AS MATERIALIZED (
    SELECT i.consumer, i.module, i.position, m.times
    FROM (
        SELECT CAST(:consumer AS text) AS consumer, module, position, count(*) AS times
        FROM unnest(CAST(:modules AS text[]), CAST(:positions AS bigint[])) AS u (module, position)
        GROUP BY module, position
    ) AS m
    JOIN saga.inbox AS i ON i.consumer = m.consumer AND i.module = m.module AND i.position = m.position
    WHERE i.position IS NOT NULL
    ORDER BY i.module, i.position
    FOR UPDATE OF i
)
UPDATE saga.inbox AS i SET repeats = i.repeats + known.times
FROM known
WHERE i.consumer = known.consumer AND i.module = known.module AND i.position = known.position AND i.position IS NOT NULL
RETURNING i.module, i.position, i.source, i.message_id, i.digest
