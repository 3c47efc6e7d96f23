-- What should leave each module and has not: its public events and commands beyond the relay's cursor.
-- Indexes: cursor_pkey, event_log_pkey from that cursor on.
SELECT
    m.name AS module,
    count(l.position) AS not_relayed,
    CAST(EXTRACT(epoch FROM now() - min(l.recorded_at)) AS double precision) AS oldest_age_seconds
FROM saga.module AS m
LEFT JOIN saga.cursor AS c ON c.consumer = 'relay' AND c.module = m.name
LEFT JOIN saga.event_log AS l
    ON l.module = m.name AND l.position > coalesce(c.watermark, 0)
    AND (l.visibility = 'public' OR l.target IS NOT NULL)
GROUP BY m.name
ORDER BY m.name
