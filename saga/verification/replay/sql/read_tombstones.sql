-- Which instances were pruned, and of which streams entries were pruned.
-- Indexes: instance_tombstone_pkey, stream_tombstone_pkey.
SELECT 'instance' AS kind, process_id
FROM saga.instance_tombstone
WHERE process = :process AND process_id = ANY (CAST(:process_ids AS text[]))
UNION ALL
SELECT 'stream' AS kind, stream_id
FROM saga.stream_tombstone
WHERE module = :module AND stream_id = ANY (CAST(:process_ids AS text[]))
