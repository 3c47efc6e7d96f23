-- Deadlines that have not fired, by process and name.
-- Index: timer_due_idx.
SELECT process, name, count(*) AS armed
FROM saga.timer
WHERE fired_at IS NULL
GROUP BY process, name
ORDER BY process, name
