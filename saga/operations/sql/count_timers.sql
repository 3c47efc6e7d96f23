-- Deadlines that have not fired, and those of them that should have.
-- Index: timer_due_idx.
SELECT
    count(*) AS armed,
    count(*) FILTER (WHERE due_at <= now()) AS overdue,
    CAST(EXTRACT(epoch FROM now() - min(due_at) FILTER (WHERE due_at <= now())) AS double precision)
        AS oldest_overdue_seconds
FROM saga.timer
WHERE fired_at IS NULL
