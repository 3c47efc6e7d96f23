-- How far a consumer got in these modules; one that it has not heard of yet gives a row without a cursor. ``overtaken`` is
-- the last position that was handled out of turn.
-- Index: cursor_pkey.
SELECT
    m.module, coalesce(c.watermark, 0) AS watermark,
    CASE WHEN isempty(coalesce(c.handled, '{}')) THEN 0 ELSE upper(c.handled) - 1 END AS overtaken,
    c.alarm
FROM unnest(CAST(:modules AS text[])) AS m (module)
LEFT JOIN saga.cursor AS c ON c.consumer = :consumer AND c.module = m.module
ORDER BY m.module
