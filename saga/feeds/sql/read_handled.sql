-- One cursor, with the handled ranges above its watermark, and the position to continue after: the pruned prefix of the
-- log, and the range that was handled right after that.
-- Index: cursor_pkey.
SELECT
    c.watermark, CAST(c.handled AS text) AS handled,
    coalesce((SELECT upper(r) - 1 FROM unnest(c.handled) AS r WHERE r @> w.begin + 1), w.begin) AS begin
FROM saga.cursor AS c
CROSS JOIN LATERAL (SELECT greatest(c.watermark, CAST(:pruned_position AS bigint)) AS begin) AS w
WHERE c.consumer = :consumer AND c.module = :module
