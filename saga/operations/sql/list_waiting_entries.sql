-- The oldest entries of a module that should leave it and have not, after a position.
-- Indexes: cursor_pkey, event_log_pkey from the relay's cursor on.
SELECT
    l.position, l.stream_id, l.event_id, l.type, l.target, l.recorded_at,
    CAST(EXTRACT(epoch FROM now() - l.recorded_at) AS double precision) AS age_seconds
FROM saga.event_log AS l
WHERE l.module = :module
  AND l.position > greatest(:after, coalesce(
      (SELECT c.watermark FROM saga.cursor AS c WHERE c.consumer = 'relay' AND c.module = :module), 0
  ))
  AND (l.visibility = 'public' OR l.target IS NOT NULL)
ORDER BY l.position
LIMIT :limit
