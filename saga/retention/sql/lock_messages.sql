-- The inbox rows of messages without a position that were for these instances. Locks them, in the same order as steps.
-- Indexes: event_log_module_stream_id_stream_version_key, inbox_message_key.
SELECT l.stream_id AS process_id, i.source, i.message_id, i.digest
FROM saga.event_log AS l
JOIN saga.inbox AS i
    ON i.consumer = :process AND i.source = l.metadata ->> 'source' AND i.message_id = l.metadata ->> 'id'
WHERE l.module = :module AND l.stream_id = ANY (CAST(:process_ids AS text[])) AND l.target IS NULL
  AND l.metadata ->> 'position' IS NULL AND i.position IS NULL
ORDER BY i.source, i.message_id
FOR UPDATE OF i
