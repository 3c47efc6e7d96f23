-- Deletes the tombstones of instances that have rows again, and gives the rows their former age and a mark.
-- Indexes: instance_tombstone_pkey, instance_pkey.
WITH risen AS (
    DELETE FROM saga.instance_tombstone
    WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
    RETURNING process, process_id, created_at
)
UPDATE saga.instance AS i SET revived = true, created_at = r.created_at
FROM risen AS r
WHERE i.process = r.process AND i.process_id = r.process_id
