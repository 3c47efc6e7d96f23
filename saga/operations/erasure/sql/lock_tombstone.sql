-- Locks what is left of a pruned instance.
-- Index: instance_tombstone_pkey.
SELECT outcome, true AS settled, stream_version, CAST(state AS text) AS state
FROM saga.instance_tombstone
WHERE process = :process AND process_id = :process_id
FOR UPDATE
