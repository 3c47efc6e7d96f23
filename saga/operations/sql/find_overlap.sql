-- A running operation that has some of these ids among its own.
-- Indexes: operation_run_running_idx, operation_pkey.
SELECT r.operation_id
FROM saga.operation_run AS r
JOIN saga.operation AS o ON o.operation_id = r.operation_id
WHERE r.state = 'running' AND o.ids && CAST(:ids AS text[])
ORDER BY r.operation_id
LIMIT 1
