-- The next entries of a log; ``begins`` marks the first remaining entry of an instance's stream.
-- Index: event_log_pkey.
SELECT
    position, stream_id, target, recorded_at,
    stream_version = 1 OR type = 'InstanceRevived' AS begins
FROM saga.event_log
WHERE module = :module AND position > :after AND position <= :reach
ORDER BY position
LIMIT :limit
