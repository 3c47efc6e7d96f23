-- Locks and loads instances in id order.
-- Index: instance_pkey.
SELECT process_id, stream_version, CAST(state AS text) AS state
FROM saga.instance
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
ORDER BY process_id
FOR UPDATE
