-- Public events of the logs kept here that a consumer has not handled, oldest positions first. ``overtaken`` ones lie
-- below a position that was handled: holes. The others may simply be on their way.
-- Indexes: cursor_pkey, event_log_public_idx.
SELECT
    l.module, l.position,
    coalesce((
        SELECT max(p.position) FROM saga.event_log AS p
        WHERE p.module = l.module AND p.visibility = 'public' AND p.position < l.position
    ), 0) AS previous_public_position,
    l.stream_id, l.stream_version, l.event_id, l.type, l.target,
    CAST(l.data AS text) AS data, CAST(l.metadata AS text) AS metadata, l.recorded_at,
    NOT isempty(coalesce(c.handled, '{}')) AND l.position < upper(c.handled) AS overtaken
FROM saga.module AS m
LEFT JOIN saga.cursor AS c ON c.consumer = :consumer AND c.module = m.name
JOIN saga.event_log AS l
    ON l.module = m.name AND l.visibility = 'public' AND l.position > coalesce(c.watermark, 0)
WHERE m.name = ANY (CAST(:modules AS text[])) AND m.last_public_position > coalesce(c.watermark, 0)
  AND NOT coalesce(c.handled @> l.position, false)
ORDER BY l.module, l.position
LIMIT :limit
