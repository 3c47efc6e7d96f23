-- By how many seconds the oldest deadline is overdue; no row if none is.
-- Index: timer_due_idx.
SELECT CAST(EXTRACT(epoch FROM clock_timestamp() - due_at) AS double precision)
FROM saga.timer
WHERE fired_at IS NULL AND due_at <= (SELECT clock_timestamp())
ORDER BY due_at
LIMIT 1
