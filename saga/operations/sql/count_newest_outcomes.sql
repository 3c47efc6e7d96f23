-- The outcomes of the instances that the last entries of a process's log are about.
-- Indexes: event_log_pkey backwards, instance_pkey.
SELECT i.outcome, i.settled, count(*) AS instances
FROM (
    SELECT DISTINCT newest.stream_id
    FROM (
        SELECT l.stream_id FROM saga.event_log AS l WHERE l.module = :module ORDER BY l.position DESC LIMIT :entries
    ) AS newest
) AS l
JOIN saga.instance AS i ON i.process = :process AND i.process_id = l.stream_id
GROUP BY i.outcome, i.settled
ORDER BY count(*) DESC, i.outcome
