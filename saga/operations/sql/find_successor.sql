-- The newest open dead letter of the same consumer with this message, from the given one on.
-- Index: dead_letter_pkey, backwards and for the given one.
SELECT
    dead_letter_id AS id, consumer, kind, type, process_id, reason, attempts, state, first_seen_at, last_seen_at,
    CAST(EXTRACT(epoch FROM now() - first_seen_at) AS double precision) AS age_seconds
FROM saga.dead_letter
WHERE state = 'open' AND dead_letter_id >= :dead_letter_id AND body = CAST(:body AS bytea)
  AND properties = CAST(:properties AS jsonb)
  AND consumer = (SELECT given.consumer FROM saga.dead_letter AS given WHERE given.dead_letter_id = :dead_letter_id)
ORDER BY dead_letter_id DESC
LIMIT 1
