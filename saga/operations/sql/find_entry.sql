-- The entry at a position of a log.
-- Index: event_log_pkey.
SELECT module, position, stream_id, type, recorded_at
FROM saga.event_log
WHERE module = :module AND position = :position
