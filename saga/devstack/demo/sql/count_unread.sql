-- Counts the positions of the logs that the order process still has to read, up to the last public event of each.
SELECT coalesce(sum(m.last_public_position - least(coalesce(c.watermark, 0), m.last_public_position)), 0)
FROM saga.module AS m LEFT JOIN saga.cursor AS c ON c.module = m.name AND c.consumer = 'order'
WHERE m.name <> 'order-process'
