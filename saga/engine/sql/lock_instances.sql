-- Locks and loads instances in id order. A tombstone is looked for only where this transaction has created the row.
-- Indexes: instance_pkey, instance_tombstone_pkey.
SELECT
    i.process_id, i.stream_version, CAST(i.state AS text) AS state, i.revived,
    CASE WHEN i.stream_version = 0 THEN coalesce((
        SELECT true FROM saga.instance_tombstone AS t WHERE t.process = i.process AND t.process_id = i.process_id
    ), false) ELSE false END AS is_pruned
FROM saga.instance AS i
WHERE i.process = :process AND i.process_id = ANY (CAST(:process_ids AS text[]))
ORDER BY i.process_id
FOR UPDATE OF i
