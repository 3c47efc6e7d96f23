-- Ranges between the watermark and the last handled position in which no public event is missing: what lies there is
-- internal, or was never written.
-- Indexes: cursor_pkey, event_log_public_idx.
SELECT c.module, c.watermark, upper(c.handled) - 1 AS position
FROM saga.cursor AS c
JOIN saga.module AS m ON m.name = c.module
WHERE c.consumer = :consumer AND NOT isempty(c.handled) AND upper(c.handled) - 1 <= m.last_position
  AND NOT EXISTS (
    SELECT FROM saga.event_log AS l
    WHERE l.module = c.module AND l.visibility = 'public'
      AND l.position > c.watermark AND l.position < upper(c.handled) AND NOT c.handled @> l.position
)
