-- Entries with this id, or that answer the message with this id, among the last ones of every log that is kept here.
-- Index: event_log_pkey backwards.
SELECT l.module, l.position, l.stream_id, l.type, l.recorded_at
FROM saga.module AS m
CROSS JOIN LATERAL (
    SELECT e.module, e.position, e.stream_id, e.type, e.recorded_at, e.event_id, e.metadata
    FROM saga.event_log AS e
    WHERE e.module = m.name
    ORDER BY e.position DESC
    LIMIT :looked
) AS l
WHERE l.event_id = :text OR l.metadata ->> 'id' = :text
ORDER BY l.recorded_at DESC
LIMIT :limit
