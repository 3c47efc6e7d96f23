-- The first holes of every cursor: positions that were not handled although later ones were.
-- Index: event_log_public_idx for the age of each, where the log is kept here.
WITH covered AS MATERIALIZED (
    SELECT
        c.consumer, c.module,
        int8multirange(int8range(1, c.watermark + 1)) + coalesce((
            SELECT range_agg(a.covered) FROM saga.cursor_advance AS a
            WHERE a.consumer = c.consumer AND a.module = c.module
        ), int8multirange()) + c.handled AS covered
    FROM saga.cursor AS c
)
SELECT v.consumer, v.module, hole.first, hole.last, CAST(EXTRACT(epoch FROM now() - (
    SELECT l.recorded_at FROM saga.event_log AS l
    WHERE l.module = v.module AND l.visibility = 'public' AND l.position BETWEEN hole.first AND hole.last
    ORDER BY l.position
    LIMIT 1
)) AS double precision) AS age_seconds
FROM covered AS v
CROSS JOIN LATERAL (
    SELECT lower(r) AS first, upper(r) - 1 AS last
    FROM unnest(int8multirange(int8range(1, upper(v.covered))) - v.covered) AS r
    WHERE NOT isempty(v.covered)
    ORDER BY r
    LIMIT :most
) AS hole
ORDER BY v.consumer, v.module, hole.first
