-- Deadlines that should have fired and have not, by process and name; the oldest :most of them. Read every few seconds.
-- Index: timer_due_idx.
SELECT
    process, name, count(*) AS overdue,
    CAST(EXTRACT(epoch FROM now() - min(due_at)) AS double precision) AS oldest_overdue_seconds
FROM (
    SELECT t.process, t.name, t.due_at
    FROM saga.timer AS t
    WHERE t.fired_at IS NULL AND t.due_at <= now()
    ORDER BY t.due_at
    LIMIT :most
) AS overdue
GROUP BY process, name
ORDER BY process, name
