-- The modules whose logs go beyond a follower's cursor.
-- Index: cursor_pkey.
SELECT m.name
FROM saga.public_module AS m
LEFT JOIN saga.cursor AS c ON c.consumer = :consumer AND c.module = m.name
WHERE m.last_position > coalesce(c.watermark, 0)
ORDER BY m.name
