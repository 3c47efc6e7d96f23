-- Public events and commands after a position, in position order, up to the horizon.
-- Index: event_log_pkey; event_log_public_idx for the public event before each.
SELECT
    l.module, l.position,
    CASE WHEN l.visibility = 'public' THEN coalesce((
        SELECT max(p.position) FROM saga.event_log AS p
        WHERE p.module = :module AND p.visibility = 'public' AND p.position < l.position
    ), 0) END AS previous_public_position,
    l.stream_id, l.stream_version, l.event_id, l.type, l.target,
    CAST(l.data AS text) AS data, CAST(l.metadata AS text) AS metadata, l.recorded_at
FROM saga.event_log AS l
WHERE l.module = :module AND l.position > :after AND l.position <= :horizon
  AND (l.visibility = 'public' OR l.target IS NOT NULL)
ORDER BY l.position
LIMIT :limit
