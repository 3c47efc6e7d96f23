-- The inbox rows of messages with a position that were for these instances. Locks them, in the same order as steps.
-- Indexes: event_log_module_stream_id_stream_version_key, inbox_position_key.
SELECT l.stream_id AS process_id, i.module, i.position
FROM saga.event_log AS l
JOIN saga.inbox AS i
    ON i.consumer = :process AND i.module = l.metadata ->> 'module'
    AND i.position = CAST(l.metadata ->> 'position' AS bigint)
WHERE l.module = :module AND l.stream_id = ANY (CAST(:process_ids AS text[])) AND l.target IS NULL
  AND i.position IS NOT NULL
ORDER BY i.module, i.position
FOR UPDATE OF i
