-- The operation that a request asked for.
-- Index: operation_run_request_key.
SELECT operation_id FROM saga.operation_run WHERE request = :request
