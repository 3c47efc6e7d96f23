-- How far every consumer got, with what its steps have covered and nobody has folded into the cursor yet.
-- ``behind`` counts positions up to the last that the consumer can read now: the relay reads internal ones as well, and
-- a log without anything public is read for its commands.
WITH covered AS MATERIALIZED (
    SELECT
        c.consumer, c.module, c.updated_at, c.hole_since, c.alarm,
        int8multirange(int8range(1, c.watermark + 1)) + coalesce((
            SELECT range_agg(a.covered) FROM saga.cursor_advance AS a
            WHERE a.consumer = c.consumer AND a.module = c.module
        ), int8multirange()) + c.handled AS covered
    FROM saga.cursor AS c
), measured AS (
    SELECT
        v.consumer, v.module, v.updated_at, v.hole_since, v.alarm, v.covered,
        coalesce((SELECT upper(r) - 1 FROM unnest(v.covered) AS r WHERE r @> CAST(1 AS bigint)), 0) AS watermark,
        CASE WHEN v.consumer = 'relay' OR m.last_public_position = 0 THEN m.last_position ELSE m.last_public_position END
            AS last
    FROM covered AS v
    LEFT JOIN saga.module AS m ON m.name = v.module
)
SELECT
    consumer, module, watermark, last AS horizon,
    CASE WHEN last IS NOT NULL THEN CAST(coalesce((
        SELECT sum(upper(r) - lower(r)) FROM unnest(int8multirange(int8range(1, last + 1)) - covered) AS r
    ), 0) AS bigint) END AS behind,
    (
        SELECT count(*) FROM unnest(int8multirange(int8range(1, upper(covered))) - covered)
        WHERE NOT isempty(covered)
    ) AS hole_count,
    coalesce(upper(covered) - 1, 0) AS highest,
    CAST(EXTRACT(epoch FROM now() - hole_since) AS double precision) AS hole_age_seconds,
    alarm, updated_at
FROM measured
ORDER BY consumer, module
