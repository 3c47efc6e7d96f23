-- The next instances after an id, in the order of their ids: those with a row, and those with a stream. Reads no more of
-- the log's index than the streams of these instances. The empty stream is the process's own.
-- Indexes: instance_pkey, event_log_module_stream_id_stream_version_key.
SELECT found.process_id
FROM (
    (
        SELECT i.process_id
        FROM saga.instance AS i
        WHERE i.process = :process AND i.process_id > :after
        ORDER BY i.process_id
        LIMIT :limit
    )
    UNION
    (
        SELECT DISTINCT l.stream_id
        FROM saga.event_log AS l
        WHERE l.module = :module AND l.stream_id > :after
        ORDER BY l.stream_id
        LIMIT :limit
    )
) AS found (process_id)
ORDER BY found.process_id
LIMIT :limit
