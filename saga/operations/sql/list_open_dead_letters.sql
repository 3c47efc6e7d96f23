-- The first open dead letters that name an instance, oldest first; of one process those of its own, and of the relay
-- those about these modules.
-- Index: dead_letter_open_idx.
SELECT
    dead_letter_id AS id, consumer, kind, type, process_id, reason, attempts, state, first_seen_at, last_seen_at,
    CAST(EXTRACT(epoch FROM now() - first_seen_at) AS double precision) AS age_seconds
FROM saga.dead_letter
WHERE state = 'open' AND process_id = :process_id
  AND (
    CAST(:consumer AS text) IS NULL OR consumer = :consumer
    OR (consumer = 'relay' AND module = ANY (CAST(:modules AS text[])))
  )
ORDER BY dead_letter_id
LIMIT :limit
