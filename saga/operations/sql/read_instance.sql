-- One instance.
-- Index: instance_pkey.
SELECT outcome, settled, stream_version, revived, CAST(state AS text) AS state, created_at, updated_at
FROM saga.instance
WHERE process = :process AND process_id = :process_id
