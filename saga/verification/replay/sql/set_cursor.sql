-- Rewrites what a consumer handled in a module; this transaction holds the row.
-- Index: cursor_pkey.
WITH reached AS MATERIALIZED (
    SELECT
        proved.handled,
        coalesce((
            SELECT upper(r) - 1 FROM unnest(proved.handled) AS r WHERE r @> CAST(1 AS bigint)
        ), 0) AS watermark
    FROM (SELECT CAST(CAST(:handled AS text) AS int8multirange) AS handled) AS proved
), settled AS (
    SELECT watermark, handled - int8multirange(int8range(1, watermark + 1)) AS handled FROM reached
)
UPDATE saga.cursor AS c SET
    watermark = s.watermark,
    handled = s.handled,
    hole_since = CASE WHEN isempty(s.handled) THEN NULL ELSE clock_timestamp() END,
    alarm = NULL,
    updated_at = clock_timestamp()
FROM settled AS s
WHERE c.consumer = :consumer AND c.module = :module
RETURNING c.watermark, CAST(c.handled AS text) AS handled
