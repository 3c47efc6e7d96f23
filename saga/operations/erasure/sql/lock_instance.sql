-- Locks an instance, as a step does.
-- Index: instance_pkey.
SELECT outcome, settled, stream_version, CAST(state AS text) AS state
FROM saga.instance
WHERE process = :process AND process_id = :process_id
FOR UPDATE
