-- How far a process has consumed each log in this database, the ranges that it has handled beyond that, and up to which
-- position the log may lack events.
-- Indexes: module_pkey, cursor_pkey.
SELECT
    m.name AS module, m.pruned_position, c.watermark, CAST(c.handled AS text) AS handled,
    CASE WHEN isempty(c.handled) THEN c.watermark ELSE upper(c.handled) - 1 END AS last_position
FROM saga.module AS m
JOIN saga.cursor AS c ON c.consumer = :consumer AND c.module = m.name
WHERE m.name = ANY (CAST(:modules AS text[]))
ORDER BY m.name
