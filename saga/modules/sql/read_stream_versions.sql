-- The last version of each stream, 0 for a new one; pruned entries count. The caller has locked the module's row, so no
-- other transaction can append in between.
-- Indexes: event_log_module_stream_id_stream_version_key, stream_tombstone_pkey.
SELECT
    s.stream_id,
    greatest((
        SELECT max(l.stream_version) FROM saga.event_log AS l
        WHERE l.module = :module AND l.stream_id = s.stream_id
    ), (
        SELECT t.last_version FROM saga.stream_tombstone AS t
        WHERE t.module = :module AND t.stream_id = s.stream_id
    ), 0) AS last_version
FROM unnest(CAST(:stream_ids AS text[])) AS s (stream_id)
