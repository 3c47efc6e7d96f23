-- What should leave each module and has not: its public events and its commands beyond the relay's cursor, by target. A
-- module of which nothing waits has one row, without a target.
-- Indexes: cursor_pkey, event_log_pkey from that cursor on.
SELECT
    m.name AS module, waiting.target, coalesce(waiting.not_relayed, 0) AS not_relayed, waiting.oldest_age_seconds
FROM saga.module AS m
LEFT JOIN saga.cursor AS c ON c.consumer = 'relay' AND c.module = m.name
LEFT JOIN LATERAL (
    SELECT
        l.target, count(*) AS not_relayed,
        CAST(EXTRACT(epoch FROM now() - min(l.recorded_at)) AS double precision) AS oldest_age_seconds
    FROM saga.event_log AS l
    WHERE l.module = m.name AND l.position > coalesce(c.watermark, 0)
      AND (l.visibility = 'public' OR l.target IS NOT NULL)
    GROUP BY l.target
) AS waiting ON true
ORDER BY m.name, waiting.target
