-- How an operation is carried out, and by whom for the first time, if anybody. The same request twice gives no row.
-- Index: operation_run_request_key.
INSERT INTO saga.operation_run (operation_id, request, batch, per_second, halt_after, runner, leased_until)
VALUES (
    :operation_id, :request, :batch, :per_second, :halt_after, CAST(:runner AS uuid),
    clock_timestamp() + make_interval(secs => :seconds)
)
ON CONFLICT (request) DO NOTHING
RETURNING operation_id
