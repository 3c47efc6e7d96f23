-- When an instance that was pruned came back; then its stream begins with that, for what was before is gone.
-- Index: event_log_module_stream_id_stream_version_key.
SELECT recorded_at FROM saga.event_log
WHERE module = :module AND stream_id = :stream_id AND type = 'InstanceRevived'
ORDER BY stream_version
LIMIT 1
