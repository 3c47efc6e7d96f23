-- Which instances were pruned, including those that have come back since.
-- Indexes: instance_tombstone_pkey, event_log_module_stream_id_stream_version_key.
SELECT process_id
FROM saga.instance_tombstone
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
UNION
SELECT stream_id
FROM saga.event_log
WHERE module = :own AND stream_id = ANY (CAST(:process_ids AS text[])) AND type = 'InstanceRevived'
