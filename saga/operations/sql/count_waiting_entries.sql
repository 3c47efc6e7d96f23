-- What should leave each module and has not, up to so many: its public events and commands beyond the relay's cursor.
-- Indexes: cursor_pkey, event_log_pkey from that cursor on.
SELECT m.name AS module, waiting.not_relayed, waiting.oldest_age_seconds
FROM saga.module AS m
LEFT JOIN saga.cursor AS c ON c.consumer = 'relay' AND c.module = m.name
CROSS JOIN LATERAL (
    SELECT
        count(*) AS not_relayed,
        CAST(EXTRACT(epoch FROM now() - min(first.recorded_at)) AS double precision) AS oldest_age_seconds
    FROM (
        SELECT l.recorded_at
        FROM saga.event_log AS l
        WHERE l.module = m.name AND l.position > coalesce(c.watermark, 0)
          AND (l.visibility = 'public' OR l.target IS NOT NULL)
        ORDER BY l.position
        LIMIT :most
    ) AS first
) AS waiting
ORDER BY m.name
