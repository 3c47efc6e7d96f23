-- Creates the row of an instance that has none, as old as its record, so that it can be locked.
-- Indexes: instance_pkey, event_log_module_stream_id_stream_version_key.
INSERT INTO saga.instance (process, process_id, process_version, created_at, revived)
SELECT
    :process, :process_id, :process_version,
    coalesce(first.recorded_at, clock_timestamp()), coalesce(first.type = 'InstanceRevived', false)
FROM (VALUES (true)) AS always
LEFT JOIN LATERAL (
    SELECT l.recorded_at, l.type FROM saga.event_log AS l
    WHERE l.module = :module AND l.stream_id = :process_id
    ORDER BY l.stream_version
    LIMIT 1
) AS first ON true
ON CONFLICT DO NOTHING
