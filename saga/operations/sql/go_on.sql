-- Lets an operation go on that was stopped, or stopped by itself; no row if it is running or done.
-- Index: operation_run_pkey.
UPDATE saga.operation_run
SET state = 'running', note = NULL, ended_at = NULL, runner = NULL, leased_until = clock_timestamp()
WHERE operation_id = :operation_id AND state IN ('halted', 'stopped')
RETURNING operation_id
