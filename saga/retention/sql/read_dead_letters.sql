-- The next dead letters, by id, which is the order in which they came first.
-- Index: dead_letter_pkey.
SELECT dead_letter_id, first_seen_at, closed_at
FROM saga.dead_letter
WHERE dead_letter_id > :after
ORDER BY dead_letter_id
LIMIT :limit
