-- Dead letters, newest first.
-- Index: dead_letter_pkey backwards; stops at the limit.
SELECT
    dead_letter_id AS id, consumer, kind, type, process_id, reason, attempts, state, first_seen_at, last_seen_at,
    CAST(EXTRACT(epoch FROM now() - first_seen_at) AS double precision) AS age_seconds
FROM saga.dead_letter
WHERE CAST(:state AS text) IS NULL OR state = :state
ORDER BY dead_letter_id DESC
LIMIT :limit
