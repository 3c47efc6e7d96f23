-- One stream of a module, oldest first, for the module itself.
-- A time that Python can't represent is returned as the nearest one that it can.
-- Index: event_log_module_stream_id_stream_version_key.
SELECT
    module, position, previous_public_position, stream_id, stream_version, event_id, type, target,
    CAST(data AS text) AS data, CAST(metadata AS text) AS metadata,
    greatest(least(recorded_at, '9999-12-30Z'), '0001-01-02Z') AS recorded_at
FROM saga.event_log
WHERE module = :module AND stream_id = :stream_id
ORDER BY stream_version
