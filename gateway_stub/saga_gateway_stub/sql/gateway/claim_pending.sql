-- Claims and deletes due rows, the longest due first; skips rows that another gateway has locked.
-- Index: pending_due_idx, pending_pkey.
WITH due AS MATERIALIZED (
    SELECT command_id, number FROM gateway.pending
    WHERE due_at <= clock_timestamp()
    ORDER BY due_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
), claimed AS (
    DELETE FROM gateway.pending AS p
    USING due
    WHERE p.command_id = due.command_id AND p.number = due.number
    RETURNING p.command_id, p.number, p.event_id, p.due_at
)
SELECT command_id, event_id FROM claimed
ORDER BY due_at, command_id, number
