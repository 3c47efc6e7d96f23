-- What should leave each module and has not, by target, among the next :most positions beyond the relay's cursor; one row
-- without a target where nothing waits. Of a module that no relay has begun with there is no row. Read every few seconds,
-- so it reads no more however far the relay is behind.
-- Indexes: cursor_pkey, event_log_pkey from that cursor on.
SELECT
    m.name AS module, waiting.target, coalesce(waiting.not_relayed, 0) AS not_relayed, waiting.oldest_age_seconds
FROM saga.module AS m
JOIN saga.cursor AS c ON c.consumer = 'relay' AND c.module = m.name
LEFT JOIN LATERAL (
    SELECT
        o.target, count(*) AS not_relayed,
        CAST(EXTRACT(epoch FROM now() - min(o.recorded_at)) AS double precision) AS oldest_age_seconds
    FROM saga.outgoing AS o
    WHERE o.module = m.name AND o.position > c.watermark AND o.position <= c.watermark + CAST(:most AS bigint)
    GROUP BY o.target
) AS waiting ON true
ORDER BY m.name, waiting.target
