-- Folds what steps covered into the cursors of a consumer, as far as nobody else is folding there.
-- Locks cursor rows, skipping locked ones: no worker ever waits for another here.
-- Index: cursor_pkey.
WITH held AS MATERIALIZED (
    SELECT consumer, module, watermark, handled FROM saga.cursor
    WHERE consumer = :consumer
    ORDER BY module
    FOR UPDATE SKIP LOCKED
), gathered AS (
    DELETE FROM saga.cursor_advance AS a USING held
    WHERE a.consumer = held.consumer AND a.module = held.module
    RETURNING a.module, a.covered
), united AS (
    SELECT
        held.consumer, held.module,
        int8multirange(int8range(1, held.watermark + 1)) + held.handled + range_agg(gathered.covered) AS covered
    FROM held JOIN gathered USING (module)
    GROUP BY held.consumer, held.module, held.watermark, held.handled
), settled AS (
    SELECT
        u.consumer, u.module, u.covered,
        coalesce((SELECT upper(r) - 1 FROM unnest(u.covered) AS r WHERE r @> CAST(1 AS bigint)), 0) AS watermark
    FROM united AS u
)
UPDATE saga.cursor AS c SET
    watermark = s.watermark,
    handled = s.covered - int8multirange(int8range(1, s.watermark + 1)),
    updated_at = clock_timestamp()
FROM settled AS s
WHERE c.consumer = s.consumer AND c.module = s.module
