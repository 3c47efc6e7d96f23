-- The next entries of an instance's stream; a command is handed on once the relay or its collaborator is past it.
-- Indexes: event_log_module_stream_id_stream_version_key, cursor_pkey.
SELECT
    l.position, l.stream_version, l.type, l.target, CAST(l.data AS text) AS data, CAST(l.metadata AS text) AS metadata,
    l.target IS NULL OR EXISTS (
        SELECT FROM saga.cursor AS c
        WHERE c.module = l.module AND c.consumer IN ('relay', l.target) AND c.watermark >= l.position
    ) AS is_handed_on
FROM saga.event_log AS l
WHERE l.module = :module AND l.stream_id = :process_id AND l.stream_version > :after
ORDER BY l.stream_version
LIMIT :limit
