-- What operators did, newest first, before one of them; how many got each answer is known once it ended.
-- Indexes: operation_pkey backwards, operation_run_pkey.
SELECT
    o.operation_id AS id, o.actor, o.action, o.reason, o.at, cardinality(o.ids) AS size, coalesce(r.state, 'done') AS state,
    CAST(coalesce(r.answers, o.result -> 'answers', '{}') AS text) AS answers
FROM (
    SELECT * FROM saga.operation
    WHERE operation_id < :before
    ORDER BY operation_id DESC
    LIMIT :limit
) AS o
LEFT JOIN saga.operation_run AS r ON r.operation_id = o.operation_id
ORDER BY o.operation_id DESC
