-- The next dead letters by id, which is the order in which they were first seen. A discarded one is the only record of
-- what happened to its event, so it is needed as long as the event is in the log.
-- Indexes: dead_letter_pkey, event_log_pkey.
SELECT
    d.dead_letter_id, d.first_seen_at, d.closed_at,
    d.state = 'discarded' AND EXISTS (
        SELECT FROM saga.event_log AS l WHERE l.module = d.module AND l.position = d.position
    ) AS is_needed
FROM saga.dead_letter AS d
WHERE d.dead_letter_id > :after
ORDER BY d.dead_letter_id
LIMIT :limit
