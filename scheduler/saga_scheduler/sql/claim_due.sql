-- Claims due timers, oldest first, and marks them fired; skips those that another sweeper has locked.
-- A query of its own reads the clock once: as a volatile function it would be compared with every armed timer.
-- Indexes: timer_due_idx to find them, timer_pkey to mark them.
WITH due AS MATERIALIZED (
    SELECT process, process_id, name FROM saga.timer
    WHERE fired_at IS NULL AND due_at <= (SELECT clock_timestamp())
    ORDER BY due_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
), fired AS (
    UPDATE saga.timer AS t SET fired_at = clock_timestamp()
    FROM due
    WHERE t.process = due.process AND t.process_id = due.process_id AND t.name = due.name
    RETURNING t.process, t.process_id, t.name, t.emits, t.data, t.metadata, t.due_at, t.fired_at
)
SELECT
    process, process_id, name, emits, CAST(data AS text) AS data, CAST(metadata AS text) AS metadata, due_at,
    CAST(EXTRACT(epoch FROM fired_at - due_at) AS double precision) AS late_seconds
FROM fired
ORDER BY due_at, process_id
