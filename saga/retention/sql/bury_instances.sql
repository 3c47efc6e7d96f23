-- Replaces instances that this transaction has locked by tombstones.
-- Indexes: instance_pkey, instance_tombstone_pkey.
WITH pruned AS (
    DELETE FROM saga.instance
    WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
    RETURNING process, process_id, process_version, stream_version, outcome, state, created_at, updated_at
)
INSERT INTO saga.instance_tombstone
    (process, process_id, process_version, stream_version, outcome, state, created_at, settled_at)
SELECT process, process_id, process_version, stream_version, outcome, state, created_at, updated_at
FROM pruned
ORDER BY process_id
