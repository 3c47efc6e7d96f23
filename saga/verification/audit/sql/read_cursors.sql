-- How far a process has heard each of the logs that are kept here, what it has heard out of turn beyond that, and up to
-- where they may lack events.
-- Indexes: module_pkey, cursor_pkey.
SELECT
    m.name AS module, m.pruned_position, c.watermark, CAST(c.handled AS text) AS handled,
    CASE WHEN isempty(c.handled) THEN c.watermark ELSE upper(c.handled) - 1 END AS last_position
FROM saga.module AS m
JOIN saga.cursor AS c ON c.consumer = :consumer AND c.module = m.name
WHERE m.name = ANY (CAST(:modules AS text[]))
ORDER BY m.name
