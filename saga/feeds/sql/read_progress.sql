-- A consumer's progress in these modules; a module without a cursor has a row as well. ``overtaken`` is the last
-- position that was handled out of order.
-- Index: cursor_pkey.
SELECT
    m.module, coalesce(c.watermark, 0) AS watermark,
    CASE WHEN isempty(coalesce(c.handled, '{}')) THEN 0 ELSE upper(c.handled) - 1 END AS overtaken,
    c.alarm
FROM unnest(CAST(:modules AS text[])) AS m (module)
LEFT JOIN saga.cursor AS c ON c.consumer = :consumer AND c.module = m.module
ORDER BY m.module
