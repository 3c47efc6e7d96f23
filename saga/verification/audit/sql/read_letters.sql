-- Which events of a module have a dead letter of a consumer, open or closed. A dead letter of another message that claimed
-- the position of an event does not count. Reads all dead letters, which are few, and only if there are events to look for.
SELECT d.position
FROM saga.dead_letter AS d
JOIN unnest(CAST(:positions AS bigint[]), CAST(:event_ids AS text[])) AS e (position, event_id)
    ON e.position = d.position AND e.event_id = d.message_id
WHERE d.consumer = :consumer AND d.module = :module
