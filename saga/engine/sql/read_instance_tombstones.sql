-- The tombstones of pruned instances; this transaction holds their new rows, so no other one changes the tombstones.
-- Index: instance_tombstone_pkey.
SELECT process_id, stream_version, outcome, CAST(state AS text) AS state
FROM saga.instance_tombstone
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
