-- Some dead letters as a whole.
-- Index: dead_letter_pkey.
SELECT
    dead_letter_id AS id, consumer, kind, type, process_id, reason, attempts, state, source, message_id, module, position,
    body, CAST(properties AS text) AS properties, first_seen_at, last_seen_at, closed_at
FROM saga.dead_letter
WHERE dead_letter_id = ANY (CAST(:dead_letter_ids AS bigint[]))
