-- The next old operations by id, and whether each has ended.
-- Indexes: operation_pkey, operation_run_pkey.
SELECT o.operation_id, coalesce(r.state, 'done') <> 'running' AS has_ended
FROM saga.operation AS o
LEFT JOIN saga.operation_run AS r ON r.operation_id = o.operation_id
WHERE o.operation_id > :after AND o.at < :before
ORDER BY o.operation_id
LIMIT :limit
