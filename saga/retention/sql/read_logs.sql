-- The logs in this database: for each the process whose own log it is, if any, and its readers, the slowest first.
-- Indexes: instance_pkey, instance_tombstone_pkey; module and cursor are a few rows.
SELECT
    m.name AS module, m.last_position, m.pruned_position,
    CASE WHEN m.name LIKE '%-process' THEN coalesce(
        (
            SELECT i.process FROM saga.instance AS i
            WHERE i.process = left(m.name, -length('-process')) ORDER BY i.process_id LIMIT 1
        ),
        (
            SELECT t.process FROM saga.instance_tombstone AS t
            WHERE t.process = left(m.name, -length('-process')) ORDER BY t.process_id LIMIT 1
        )
    ) END AS process,
    coalesce(c.readers, '{}') AS readers,
    coalesce(c.watermark, 0) AS watermark
FROM saga.module AS m
LEFT JOIN (
    SELECT module, array_agg(consumer ORDER BY watermark, consumer) AS readers, min(watermark) AS watermark
    FROM saga.cursor
    GROUP BY module
) AS c ON c.module = m.name
ORDER BY m.name
