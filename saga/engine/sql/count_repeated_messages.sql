-- Counts duplicates, and returns what the inbox has under their ids. Locks in key order.
-- Each key has the consumer: as a constant, and before statistics exist, the planner believes it selects few rows.
-- Index: inbox_message_key.
WITH known AS MATERIALIZED (
    SELECT i.consumer, i.source, i.message_id, m.times
    FROM (
        SELECT CAST(:consumer AS text) AS consumer, source, message_id, count(*) AS times
        FROM unnest(CAST(:sources AS text[]), CAST(:message_ids AS text[])) AS u (source, message_id)
        GROUP BY source, message_id
    ) AS m
    JOIN saga.inbox AS i ON i.consumer = m.consumer AND i.source = m.source AND i.message_id = m.message_id
    WHERE i.position IS NULL
    ORDER BY i.source, i.message_id
    FOR UPDATE OF i
)
UPDATE saga.inbox AS i SET repeats = i.repeats + known.times
FROM known
WHERE i.consumer = known.consumer AND i.source = known.source AND i.message_id = known.message_id AND i.position IS NULL
RETURNING i.module, i.position, i.source, i.message_id, i.digest
