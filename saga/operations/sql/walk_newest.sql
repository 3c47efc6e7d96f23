-- Instances, newest first: walks the log of their process backwards over so many entries, and takes of each instance the
-- entry that made its present state. The first column of the last row says how far the walk came.
-- Indexes: event_log_pkey backwards, instance_pkey.
WITH walked AS MATERIALIZED (
    SELECT l.position, l.stream_id, l.stream_version
    FROM saga.event_log AS l
    WHERE l.module = :module AND l.position < :before
    ORDER BY l.position DESC
    LIMIT :looked
)
SELECT
    w.position, i.process_id, i.outcome, i.settled, i.updated_at, CAST(i.state -> 'parts' AS text) AS states
FROM walked AS w
LEFT JOIN saga.instance AS i
    ON i.process = :process AND i.process_id = w.stream_id AND i.stream_version = w.stream_version
ORDER BY w.position DESC
