-- Running operations that nobody holds, the oldest first.
-- Index: operation_run_running_idx.
SELECT operation_id FROM saga.operation_run
WHERE state = 'running' AND leased_until <= clock_timestamp()
ORDER BY leased_until
LIMIT 10
