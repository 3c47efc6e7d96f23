-- The rows of instances, without rows that were created for their lock and never written.
-- Index: instance_pkey.
SELECT process_id, process_version, stream_version, outcome, settled, CAST(state AS text) AS state
FROM saga.instance
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[])) AND outcome IS NOT NULL
