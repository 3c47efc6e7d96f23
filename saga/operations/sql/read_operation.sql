-- One operation: what was asked for, how it is carried out, and how far it is.
-- Indexes: operation_pkey, operation_run_pkey.
SELECT
    o.operation_id AS id, o.actor, o.action, o.reason, o.at, cardinality(o.ids) AS size, CAST(o.result AS text) AS result,
    coalesce(r.state, 'done') AS state, r.note, coalesce(r.ended_at, CASE WHEN r.state IS NULL THEN o.at END) AS ended_at,
    r.batch, r.per_second, r.halt_after, o.ids[1:20] AS ids
FROM saga.operation AS o
LEFT JOIN saga.operation_run AS r ON r.operation_id = o.operation_id
WHERE o.operation_id = :operation_id
