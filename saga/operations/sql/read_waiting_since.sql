-- How long the first entry is in its log that a consumer has not handled, for each of these watermarks and ends.
-- Indexes: event_log_pkey, event_log_public_idx.
SELECT
    c.consumer, c.module,
    CAST(EXTRACT(epoch FROM now() - CASE WHEN c.consumer = 'relay' THEN (
        SELECT l.recorded_at FROM saga.event_log AS l
        WHERE l.module = c.module AND l.position > c.watermark AND l.position <= c.last
        ORDER BY l.position
        LIMIT 1
    ) ELSE (
        SELECT l.recorded_at FROM saga.event_log AS l
        WHERE l.module = c.module AND l.position > c.watermark AND l.position <= c.last AND l.visibility = 'public'
        ORDER BY l.position
        LIMIT 1
    ) END) AS double precision) AS seconds
FROM unnest(
    CAST(:consumers AS text[]), CAST(:modules AS text[]), CAST(:watermarks AS bigint[]), CAST(:lasts AS bigint[])
) AS c (consumer, module, watermark, last)
