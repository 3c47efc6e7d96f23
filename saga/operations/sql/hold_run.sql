-- Takes a running operation for so long, or goes on holding it; no row if it ended, or another process holds it.
-- Index: operation_run_running_idx.
UPDATE saga.operation_run
SET runner = :runner, leased_until = clock_timestamp() + make_interval(secs => :seconds)
WHERE
    operation_id = :operation_id AND state = 'running' AND (runner = :runner OR leased_until <= clock_timestamp())
RETURNING batch, per_second, halt_after
