-- The process has read almost all of what it consumes, with ten holes in each module; the relay is near the end of each log.
INSERT INTO saga.cursor (consumer, module, watermark, handled, hole_since)
SELECT
    'order', m.name, w.watermark,
    (SELECT range_agg(int8range(w.watermark + 20 * n, w.watermark + 20 * n + 10)) FROM generate_series(1, 10) AS n),
    now()
FROM saga.module AS m, LATERAL (SELECT greatest(m.last_public_position - 1000, 0)) AS w (watermark)
WHERE m.name <> 'order-process'
UNION ALL
SELECT 'relay', m.name, greatest(m.last_position - 300, 0), '{}', NULL FROM saga.module AS m
