-- What is left of a pruned instance.
-- Index: instance_tombstone_pkey.
SELECT outcome, stream_version, CAST(state AS text) AS state, created_at, settled_at, pruned_at
FROM saga.instance_tombstone
WHERE process = :process AND process_id = :process_id
