-- The last entries of one stream before a version, newest first.
-- Index: event_log_module_stream_id_stream_version_key.
SELECT
    module, position, previous_public_position, stream_id, stream_version, event_id, type, target,
    CAST(data AS text) AS data, CAST(metadata AS text) AS metadata, recorded_at
FROM saga.event_log
WHERE module = :module AND stream_id = :stream_id AND stream_version < :before
ORDER BY stream_version DESC
LIMIT :limit
