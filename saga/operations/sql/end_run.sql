-- Ends a running operation, whoever holds it, and counts its answers; no row if it ended before.
-- Indexes: operation_run_running_idx, operation_item_pkey.
UPDATE saga.operation_run AS r
SET
    state = :state, note = :note, ended_at = clock_timestamp(), leased_until = clock_timestamp(),
    answers = (
        SELECT jsonb_object_agg(a.answer, a.items)
        FROM (
            SELECT answer, count(*) AS items FROM saga.operation_item
            WHERE operation_id = :operation_id
            GROUP BY answer
        ) AS a
    )
WHERE operation_id = :operation_id AND state = 'running'
RETURNING operation_id
