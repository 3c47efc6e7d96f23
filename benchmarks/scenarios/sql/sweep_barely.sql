-- The smallest possible sweep: claims a batch of due timers and logs them, in a log without other writers.
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
    RETURNING t.process_id, t.emits, t.data, t.metadata
)
INSERT INTO saga.event_log
    (module, position, previous_public_position, stream_id, stream_version, event_id, type, visibility, data, metadata)
SELECT
    CAST(:log AS text), CAST(:after AS bigint) + row_number() OVER (),
    CAST(:after AS bigint) + row_number() OVER () - 1, process_id, 1, 'timer-' || process_id, emits, 'public', data,
    metadata
FROM fired
