-- Locks and loads instances in id order. It looks for a tombstone only if this transaction created the row.
-- Once the states together exceed the limit in bytes, further states are null: too much for one transaction.
-- Indexes: instance_pkey, instance_tombstone_pkey.
WITH locked AS MATERIALIZED (
    SELECT
        i.process_id, i.stream_version, CAST(i.state AS text) AS state, i.revived,
        CASE WHEN i.stream_version = 0 THEN coalesce((
            SELECT true FROM saga.instance_tombstone AS t WHERE t.process = i.process AND t.process_id = i.process_id
        ), false) ELSE false END AS is_pruned
    FROM saga.instance AS i
    WHERE i.process = :process AND i.process_id = ANY (CAST(:process_ids AS text[]))
    ORDER BY i.process_id
    FOR UPDATE OF i
), measured AS (
    SELECT l.*, coalesce(sum(octet_length(l.state)) OVER (
        ORDER BY l.process_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS bytes_before
    FROM locked AS l
)
SELECT process_id, stream_version, CASE WHEN bytes_before < :most_bytes THEN state END AS state, revived, is_pruned
FROM measured
ORDER BY process_id
