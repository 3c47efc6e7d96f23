-- Seconds until the next timer is due, by this database's clock; no row if none is armed.
-- Index: timer_due_idx.
SELECT CAST(extract(epoch FROM due_at - clock_timestamp()) AS double precision)
FROM saga.timer
WHERE fired_at IS NULL
ORDER BY due_at
LIMIT 1
