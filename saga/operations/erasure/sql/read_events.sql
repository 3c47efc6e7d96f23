-- The events in the logs kept here that are about an instance: those that it answered, those that its dead letters name,
-- and whatever else a module that the process consumes has in the stream of this name, if it says the same id.
-- Indexes: event_log_module_stream_id_stream_version_key, event_log_pkey, cursor_pkey; dead letters are few.
WITH received AS (
    SELECT l.metadata ->> 'module' AS module, CAST(l.metadata ->> 'position' AS bigint) AS position
    FROM saga.event_log AS l
    WHERE l.module = :own AND l.stream_id = :process_id AND l.type IN ('InputTaken', 'InputIgnored')
      AND l.metadata ->> 'position' IS NOT NULL
    UNION
    SELECT d.module, d.position
    FROM saga.dead_letter AS d
    WHERE d.consumer = :process AND d.process_id = :process_id AND d.position IS NOT NULL
    UNION
    SELECT l.module, l.position
    FROM saga.event_log AS l
    WHERE l.module = ANY (CAST(:modules AS text[])) AND l.stream_id = :process_id
      AND l.data ->> CAST(:correlate AS text) = :process_id
)
SELECT
    l.module, l.position, l.type, CAST(l.data AS text) AS data, CAST(l.metadata AS text) AS metadata,
    (
        SELECT min(r.consumer)
        FROM (
            SELECT c.consumer FROM saga.cursor AS c WHERE c.module = l.module
            UNION
            SELECT h.consumer
            FROM unnest(CAST(:consumers AS text[]), CAST(:consumed_from AS text[]), CAST(:consumed_types AS text[]))
                AS h (consumer, module, type)
            WHERE h.module = l.module AND h.type = l.type
            UNION
            SELECT c.consumer FROM saga.cursor AS c WHERE c.consumer = 'relay'
        ) AS r
        LEFT JOIN saga.cursor AS c ON c.consumer = r.consumer AND c.module = l.module
        WHERE l.visibility = 'public'
          AND coalesce(c.watermark < l.position AND NOT c.handled @> l.position, true)
    ) AS unread_by
FROM received AS t
JOIN saga.event_log AS l ON l.module = t.module AND l.position = t.position
WHERE l.target IS NULL
ORDER BY l.module, l.position
