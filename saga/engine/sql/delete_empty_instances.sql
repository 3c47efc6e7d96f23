-- Deletes instances that this transaction created and that took in no message.
-- Index: instance_pkey.
DELETE FROM saga.instance
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[])) AND stream_version = 0
