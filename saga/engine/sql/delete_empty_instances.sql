-- Removes instances that this transaction created and of which no message was taken in.
-- Index: instance_pkey.
DELETE FROM saga.instance
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[])) AND stream_version = 0
