-- Instances, newest first: reads the log backwards, and of each instance the entry that made its present state.
-- Indexes: event_log_pkey backwards, instance_pkey; stops at the limit, which may be far away for a rare outcome.
SELECT i.process_id, i.outcome, i.settled, i.updated_at
FROM saga.event_log AS l
JOIN saga.instance AS i
    ON i.process = :process AND i.process_id = l.stream_id AND i.stream_version = l.stream_version
WHERE l.module = :module AND (CAST(:outcome AS text) IS NULL OR i.outcome = :outcome)
ORDER BY l.position DESC
LIMIT :limit
