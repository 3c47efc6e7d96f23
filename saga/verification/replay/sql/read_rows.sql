-- What is stored of instances; a row that was created for its lock and never written counts for none.
-- Index: instance_pkey.
SELECT process_id, process_version, stream_version, outcome, settled, CAST(state AS text) AS state
FROM saga.instance
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[])) AND outcome IS NOT NULL
