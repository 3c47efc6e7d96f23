-- What is left of pruned instances; this transaction holds their new rows, so nobody else changes it.
-- Index: instance_tombstone_pkey.
SELECT process_id, stream_version, outcome, CAST(state AS text) AS state
FROM saga.instance_tombstone
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
