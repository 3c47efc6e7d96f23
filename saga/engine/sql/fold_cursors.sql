-- Folds the ranges that steps covered into the cursors of a consumer. Locks cursor rows, skipping locked ones, so no
-- worker waits for another here. Each CTE is materialized: otherwise every reference would compute the ranges again,
-- which is slow with thousands of holes.
-- Index: cursor_pkey.
WITH held AS MATERIALIZED (
    SELECT consumer, module, watermark, handled, hole_since FROM saga.cursor
    WHERE consumer = :consumer
    ORDER BY module
    FOR UPDATE SKIP LOCKED
), gathered AS (
    DELETE FROM saga.cursor_advance AS a USING held
    WHERE a.consumer = held.consumer AND a.module = held.module
    RETURNING a.module, a.covered
), united AS MATERIALIZED (
    SELECT
        held.consumer, held.module, held.watermark AS was, held.hole_since,
        int8multirange(int8range(1, held.watermark + 1)) + added.covered + held.handled AS covered
    FROM held
    JOIN (SELECT module, range_agg(covered) AS covered FROM gathered GROUP BY module) AS added USING (module)
), reached AS MATERIALIZED (
    SELECT
        u.*,
        coalesce((
            SELECT upper(first.r) - 1 FROM (SELECT unnest(u.covered) AS r LIMIT 1) AS first
            WHERE first.r @> CAST(1 AS bigint)
        ), 0) AS watermark
    FROM united AS u
), settled AS MATERIALIZED (
    SELECT r.*, r.covered - int8multirange(int8range(1, r.watermark + 1)) AS handled FROM reached AS r
)
UPDATE saga.cursor AS c SET
    watermark = s.watermark,
    handled = s.handled,
    hole_since = CASE
        WHEN isempty(s.handled) THEN NULL
        WHEN s.watermark > s.was THEN clock_timestamp()
        ELSE coalesce(s.hole_since, clock_timestamp())
    END,
    updated_at = clock_timestamp()
FROM settled AS s
WHERE c.consumer = s.consumer AND c.module = s.module
RETURNING c.module, c.watermark, s.was
