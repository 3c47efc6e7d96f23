-- Modules whose logs go beyond what the relay has published.
-- Index: cursor_pkey.
SELECT m.name
FROM saga.module AS m
LEFT JOIN saga.cursor AS c ON c.consumer = 'relay' AND c.module = m.name
WHERE m.last_position > coalesce(c.watermark, 0)
ORDER BY m.name
